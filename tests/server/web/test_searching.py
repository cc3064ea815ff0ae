"""A name is found as people type it on a phone: without accents."""

import json
from pathlib import Path

import pytest

from server.web.searching import matches, plain

TRIED = json.loads((Path(__file__).parent / "searches.json").read_text("utf-8"))


@pytest.mark.parametrize(("text", "letters"), TRIED["plain"])
def test_a_text_is_read_without_its_accents(text: str, letters: str) -> None:
    assert plain(text) == letters


@pytest.mark.parametrize(("query", "names", "found"), TRIED["matches"])
def test_each_word_must_stand_somewhere_in_the_names(query: str, names: list[str], found: bool) -> None:
    assert matches(query, *names) is found
