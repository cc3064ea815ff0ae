"""The picture in the README is one of the real page, and the real page still looks like one."""

from pathlib import Path

import pytest

from tests.end_to_end import picture
from tests.end_to_end.phone import SCREEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIXELS = (SCREEN["width"] * picture.SCALE, SCREEN["height"] * picture.SCALE)
README = Path(__file__).parents[2] / "README.md"


async def test_the_picture_can_be_taken_of_the_demo(browser, tmp_path):
    taken = await picture.take(browser, tmp_path)
    (tmp_path / "home.webp").write_bytes(taken)
    assert picture.size(taken) == PIXELS


async def test_the_picture_in_the_readme_is_there_and_small():
    kept = picture.PICTURE.read_bytes()
    assert picture.size(kept) == PIXELS
    assert len(kept) < picture.MOST_BYTES
    assert str(picture.PICTURE.relative_to(README.parent)) in README.read_text("utf-8")
