"""Two languages from gettext catalogues, which are read as they are written: nothing is compiled beforehand."""

import gettext
import re
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import Request

LANGUAGES: Final = ("vi", "en")
NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}
"""Each language as it calls itself."""

COOKIE: Final = "lang"
SCRIPT_PREFIXES: Final = (
    "look.",
    "told.",
    "left.",
    "age.",
    "cause.",
    "notice.",
    "reason.",
    "link.",
    "presence.",
    "role.",
    "sheet.",
    "ask.on",
)

_LOCALES: Final = Path(__file__).parent / "locales"
_PLACE: Final = re.compile(r"\{(\w+)\}")


def po_path(language: str) -> Path:
    """Where a language's catalogue is."""
    return _LOCALES / language / "LC_MESSAGES" / "congtac.po"


class Words:
    """One language's texts, by dotted key. A text may hold places such as `{name}`."""

    def __init__(self, language: str) -> None:
        with po_path(language).open("rb") as source:
            catalogue = read_po(source, locale=language, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        self.language = language
        self.keys = frozenset(str(message.id) for message in catalogue if message.id)
        self._texts = gettext.GNUTranslations(compiled)

    def __call__(self, key: str, **places: object) -> str:
        """The text of a key with its places filled in. Raises KeyError for a key or a place that is not there."""
        if key not in self.keys:
            raise KeyError(key)
        return _PLACE.sub(lambda place: str(places[place[1]]), self._texts.gettext(key))

    def first(self, *keys: str) -> str:
        """The text of the first key that there is: for words that come from elsewhere, as a device's reasons."""
        return self(next(key for key in keys if key in self.keys))

    def for_scripts(self, *more: str) -> dict[str, str]:
        """The texts that scripts need, with their places still open. `more`: how the keys begin that only this page's scripts need."""
        return {key: self._texts.gettext(key) for key in sorted(self.keys) if key.startswith((*SCRIPT_PREFIXES, *more))}


@cache
def words_in(language: str) -> Words:
    """The texts of one of LANGUAGES."""
    return Words(language)


def language_of(request: Request) -> str:
    """The language for a request: the person's choice, else the browser's, else Vietnamese."""
    return choose(request.cookies.get(COOKIE), request.headers.get("accept-language"))


def choose(chosen: str | None, accepted: str | None) -> str:
    """One of LANGUAGES, from a cookie's value and an Accept-Language header, either of which may be nonsense."""
    if chosen in LANGUAGES:
        return chosen
    weighted = [_weighted(item) for item in (accepted or "")[:500].split(",")]
    ours = [(weight, language) for weight, language in weighted if language in LANGUAGES and weight > 0]
    return max(ours, key=lambda pair: pair[0])[1] if ours else LANGUAGES[0]


def _weighted(item: str) -> tuple[float, str]:
    """`vi-VN;q=0.9` as (0.9, "vi"); what cannot be read weighs nothing."""
    tag, _, quality = item.partition(";")
    try:
        weight = float(quality.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, tag.strip().partition("-")[0].lower()
