"""docs/architecture.md names parts, files and tables that are there, and the import rule that is held."""

import re
from pathlib import Path

from server.models import metadata
from tests.test_architecture import MAY_IMPORT, PARTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_every_file_that_it_names_is_there():
    named = re.findall(r"`((?:\w+/)+\w+(?:\.py)?)`", PAGE)
    assert len(named) >= 12
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_parts_and_their_imports_are_those_that_the_test_holds():
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", PAGE, flags=re.MULTILINE))
    assert set(rows) == PARTS
    for part in PARTS - {"firmware_sim", "congtac"}:
        assert set(re.findall(r"`(\w+)`", rows[part])) == MAY_IMPORT[part], part
    assert MAY_IMPORT["firmware_sim"] == PARTS - {"congtac"}
    assert MAY_IMPORT["congtac"] == PARTS


def test_the_tables_that_it_names_are_there():
    named = {
        name for row in re.findall(r"^\| database (.+?) \|", PAGE, flags=re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert len(named) >= 6
    assert named <= metadata.tables.keys()
