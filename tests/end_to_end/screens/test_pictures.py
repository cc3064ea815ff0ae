"""The pictures in docs/screens are those of the table, small, and shown. That they can still be taken, `test_screens.py` tries."""

import re

import pytest

from tests.end_to_end.screens import pictures
from tests.end_to_end.screens.pictures import FOLDER

ROOT = FOLDER.parents[1]


def test_the_pictures_that_are_kept_are_those_of_the_table_and_small():
    kept = {path.name: path.read_bytes() for path in FOLDER.glob("*.webp")}
    assert {name: pictures.size(picture) for name, picture in kept.items()} == {it.name: it.pixels for it in pictures.pictures()}
    assert [name for name, picture in kept.items() if len(picture) > pictures.MOST_BYTES] == []
    assert sum(map(len, kept.values())) <= pictures.MOST_BYTES_IN_ALL


def test_each_of_them_is_shown_in_the_gallery_and_the_readme_shows_one():
    shown = re.findall(r"\(([^()]*\.webp)\)|src=\"([^\"]*\.webp)\"", (FOLDER / "README.md").read_text("utf-8"))
    assert sorted({a or b for a, b in shown}) == sorted(picture.name for picture in pictures.pictures())
    assert re.findall(r"docs/screens/([^\"]*\.webp)", (ROOT / "README.md").read_text("utf-8"))[0] in {a or b for a, b in shown}


def test_what_is_no_webp_has_no_size():
    with pytest.raises(ValueError, match="no WebP"):
        pictures.size(b"\x89PNG")
