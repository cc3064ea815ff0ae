"""Whether a text on a page is of one language: made of that language's catalogue, of what the world calls its own, and of no other word.

A text is taken apart from its beginning: each piece is a text of the catalogue with its places open, a name of the world, or what belongs
to no language (numbers, signs). What stands in a place is taken apart the same way. A letter that is left over is a word of nowhere.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Final

from babel.dates import get_day_names, get_month_names
from babel.messages.pofile import read_po

from server.web.i18n import po_path

OF_NO_LANGUAGE: Final = (
    "Congtac",
    "Raspberry Pi",
    "QR",
    "API",
    "JSON",
    "CSV",
    "HTTPS",
    "JavaScript",
    "Chrome",
    "Chromium",
    "Linux",
    "Android",
    "Telegram",
    "Zalo Bot",
    "VI",
    "EN",
    "English",
    "Tiếng Việt",
)
"""Proper names, abbreviations that are the same everywhere, and languages as they call themselves."""
_PLACE: Final = re.compile(r"\{\w+\}")
_LETTER: Final = re.compile(r"[^\W\d_]")
_SIGN: Final = re.compile(r"\w")
_NUMBER: Final = re.compile(r"[\d_]+(?: ?(?:°c|dbm))?(?![^\W\d_])")
"""A number, with its unit where that is the same everywhere."""
_EDGE: Final = re.compile(r"\W|$")

Parts = tuple[str | None, ...]


class Wording:
    """One language with the world's own names. `names` may stand in any text."""

    def __init__(self, language: str, names: Collection[str]) -> None:
        self._names = sorted({_plain(name) for name in (*names, *OF_NO_LANGUAGE, *_calendar(language))}, key=len, reverse=True)
        self._parts = templates(language)
        self._known: dict[str, bool] = {"": True}

    def holds(self, text: str) -> bool:
        """Whether the whole text is of this language."""
        return self._holds(_plain(text))

    def foreign(self, texts: Collection[str]) -> list[str]:
        """Those that are not."""
        return [text for text in texts if not self.holds(text)]

    def _holds(self, text: str) -> bool:
        text = _from_first_sign(text)
        if text not in self._known:
            self._known[text] = False  # a text that leads back to itself proves nothing
            self._known[text] = any(self._holds(rest) for rest in self._rests(text))
        return self._known[text]

    def _rests(self, text: str) -> Iterator[str]:
        """What is left of a text after each piece that it can begin with."""
        if number := _NUMBER.match(text):
            yield text[number.end() :]
        for name in self._names:
            if text.startswith(name) and _EDGE.match(text, len(name)):
                yield text[len(name) :]
        for parts in self._parts:
            if parts[0] is None or text.startswith(parts[0]):
                yield from (rest for rest in self._after(parts, text) if rest != text)

    def _after(self, parts: Parts, text: str) -> Iterator[str]:
        if not parts:
            yield text
        elif parts[0] is not None:
            if text.startswith(parts[0]) and (len(parts) > 1 or _EDGE.match(text, len(parts[0]))):
                yield from self._after(parts[1:], text[len(parts[0]) :])
        else:
            for end in _ends(parts[1:], text):
                if self._holds(text[:end]):
                    yield from self._after(parts[1:], text[end:])


def _ends(parts: Parts, text: str) -> Iterator[int]:
    """Where a place can end: before the next fixed part, or behind any word."""
    if parts and parts[0] is not None:
        at = text.find(parts[0])
        while at >= 0:
            yield at
            at = text.find(parts[0], at + 1)
    else:
        yield from (found.start() for found in _EDGE.finditer(text))


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every text of a language by its key, with its places open."""
    with po_path(language).open("rb") as source:
        return {str(message.id): str(message.string) for message in read_po(source, locale=language) if message.id}


@cache
def templates(language: str) -> tuple[Parts, ...]:
    """The same as fixed parts and places (None), the longest first."""
    texts = {_plain(text) for text in catalogue(language).values()}
    split = (_split(text) for text in sorted(texts, key=len, reverse=True))
    return tuple(parts for parts in split if any(part is not None and _LETTER.search(part) for part in parts))


def pattern(language: str, key: str) -> re.Pattern[str]:
    """What the text of a key can look like, whatever stands in its places."""
    return re.compile(".+".join(map(re.escape, _PLACE.split(catalogue(language)[key]))))


def _calendar(language: str) -> list[str]:
    """What the language calls its days and months, as Unicode's own tables say."""
    days = [name for width in ("abbreviated", "wide") for name in get_day_names(width, locale=language).values()]
    return days + [name for width in ("abbreviated", "wide") for name in get_month_names(width, locale=language).values()]


def _split(text: str) -> Parts:
    """A text that begins with signs begins for us with its first letter or place."""
    fixed = _PLACE.split(text)
    parts: list[str | None] = [fixed[0]]
    for each in fixed[1:]:
        parts += [None, each]
    first = parts[0]
    kept = [first if first is None else _from_first_letter(first), *parts[1:]]
    return tuple(part for part in kept if part != "")


def _from_first_letter(text: str) -> str:
    found = _LETTER.search(text)
    return text[found.start() :] if found else ""


def _from_first_sign(text: str) -> str:
    found = _SIGN.search(text)
    return text[found.start() :] if found else ""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
