"""The two catalogues, and the choice between them."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import server.web
from protocol.messages import Cause, Reason
from server.web.i18n import LANGUAGES, choose, po_path, words_in

WEB = Path(server.web.__file__).parent
SAME_IN_BOTH = {"app.name"}
VI, EN = (words_in(language) for language in LANGUAGES)


def catalogue(language: str) -> dict[str, str]:
    with po_path(language).open("rb") as source:
        return {str(message.id): str(message.string) for message in read_po(source, locale=language) if message.id}


def test_both_languages_have_the_same_keys() -> None:
    assert list(catalogue("vi")) == list(catalogue("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_has_a_text_in_composed_letters(language: str) -> None:
    bad = [key for key, text in catalogue(language).items() if not text.strip() or not unicodedata.is_normalized("NFC", text)]
    assert bad == []


def test_no_text_is_left_untranslated() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    assert {key for key in vi if vi[key] == en[key]} == SAME_IN_BOTH


def test_english_texts_hold_no_vietnamese_letters() -> None:
    allowed = SAME_IN_BOTH | {"menu.language"}
    assert [key for key, text in catalogue("en").items() if key not in allowed and re.search("[ăâđêôơưà-ỹ]", text.lower())] == []


def test_both_languages_have_the_same_places_to_fill() -> None:
    def places(text: str) -> list[str]:
        return sorted(re.findall(r"\{(\w+)\}", text))

    vi, en = catalogue("vi"), catalogue("en")
    assert [key for key in vi if places(vi[key]) != places(en[key])] == []


def used_keys() -> set[str]:
    """Whole keys and beginnings of keys, as templates, scripts and Python name them."""
    here = [path for pattern in ("*.py", "templates/*", "static/*.js") for path in WEB.glob(pattern)]
    elsewhere = [path.read_text().replace("`", "") for path in WEB.parent.rglob("*.py") if path.parent != WEB]
    text = "\n".join([*(path.read_text() for path in here), *elsewhere])
    head = "|".join(sorted({key.partition(".")[0] for key in VI.keys}))
    found = set(re.findall(rf"""["'`]((?:{head})\.[a-z0-9_.]*)""", text))
    return {name for name in found if not name.endswith((".html", ".js", ".css", ".py", ".web"))}


def known(used: str) -> bool:
    return used in VI.keys or (used[-1] in "._" and any(key.startswith(used) for key in VI.keys))


def test_every_key_that_is_used_exists() -> None:
    assert {used for used in used_keys() if not known(used)} == set()


def test_every_key_that_exists_is_used() -> None:
    used = used_keys()
    assert {
        key for key in VI.keys if not any(key == name or (name[-1] in "._" and key.startswith(name)) for name in used)
    } == set()


@pytest.mark.parametrize("words", [VI, EN])
def test_every_reason_and_cause_of_the_protocol_has_words(words: server.web.i18n.Words) -> None:
    needed = {f"reason.{reason}" for reason in Reason} | {f"cause.{cause}" for cause in Cause}
    assert needed - words.keys == set()


@pytest.mark.parametrize("words", [VI, EN])
def test_scripts_get_enough_words_and_no_page_texts(words: server.web.i18n.Words) -> None:
    given = words.for_scripts()
    assert {"look.on", "told.left", "notice.network", "reason.other", "link.stale", "role.owner"} <= given.keys()
    assert not any(key.startswith(("signin.", "error.")) for key in given)
    assert json.loads(json.dumps(given)) == given


def test_a_missing_key_is_an_error_and_not_shown() -> None:
    with pytest.raises(KeyError):
        VI("no.such.key")


def test_a_text_put_into_a_place_is_not_filled_in_again() -> None:
    assert VI("told.last", word="{age}", age="x") == "lần cuối {age}, x"


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "vi"),
        (None, "", "vi"),
        ("en", "vi", "en"),
        ("vi", "en", "vi"),
        ("xx", "en-GB,en;q=0.9", "en"),
        (None, "fr,de;q=0.8", "vi"),
        (None, "en;q=0.2,vi-VN;q=0.9", "vi"),
        (None, "EN-us", "en"),
        (None, "en;q=0", "vi"),
        (None, "en;q=nonsense,;;;,", "vi"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers_else_vietnamese(
    cookie: str | None, accepted: str | None, language: str
) -> None:
    assert choose(cookie, accepted) == language
