"""One rule for all names: what is kept, what is refused, what is made of a name that comes from elsewhere."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from server.names import LONGEST, BadName, Name, Note, clean_name, tidy_name
from server.settings import Settings


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("Lan", "Lan"),
        ("  Vườn ươm \n", "Vườn ươm"),
        (unicodedata.normalize("NFD", "Máy bơm"), "Máy bơm"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩\u200d🌾 Hoa", "👩\u200d🌾 Hoa"),
        ("a" * LONGEST, "a" * LONGEST),
    ],
)
def test_a_name_is_kept_composed_and_trimmed(given_text: str, kept: str) -> None:
    assert clean_name(given_text) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\u3000", "\u200d", "\u0301", "a" * (LONGEST + 1)),
        *("a\nb", "a\rb", "a\x00b", "a\x1bb", "a\x85b", "a\u2028b", "a\u2029b", "\ud800"),
        *(
            "a\u202eb",
            "a\u202ab",
            "a\u2066b",
            "a\u2069b",
            "a\u200fb",
            "a\u061cb",
            "a\ufeffb",
            "a\u200bb",
            "a\u00adb",
            "a\U000e0041b",
        ),
    ],
)
def test_what_cannot_be_seen_or_misleads_is_no_name(text: str) -> None:
    with pytest.raises(BadName):
        clean_name(text)


@given(st.text(max_size=200))
def test_a_cleaned_name_stays_as_it_is_and_is_one_line(text: str) -> None:
    try:
        name = clean_name(text)
    except BadName:
        return
    assert clean_name(name) == name
    assert len(name.splitlines()) == 1
    assert unicodedata.is_normalized("NFC", name)


@given(st.text(max_size=200))
def test_a_tidied_name_is_always_a_name(text: str) -> None:
    name = tidy_name(text, "den")
    assert clean_name(name) == name


def test_a_tidied_name_loses_only_what_is_refused() -> None:
    assert tidy_name("Đèn\u202e lối\x07 đi", "den") == "Đèn lối đi"
    assert tidy_name("\u202e", "den") == "den"


def test_requests_and_settings_follow_the_rule() -> None:
    assert TypeAdapter(Name).validate_python(" Lan ") == "Lan"
    assert TypeAdapter(Note).validate_python("  ") == ""
    for adapter in (TypeAdapter(Name), TypeAdapter(Note)):
        with pytest.raises(ValidationError, match="cannot be seen"):
            adapter.validate_python("a\u202eb")
    for setting in ("owner_name", "site_name"):
        assert Settings.model_validate({setting: " Hoa "}).model_dump()[setting] == "Hoa"
        with pytest.raises(ValidationError, match="cannot be seen"):
            Settings.model_validate({setting: "a\u202eb"})
