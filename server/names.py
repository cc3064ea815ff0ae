"""What people may call things: one rule for the names of persons, sites, devices, invitations, guest links and tokens.

A name is one line of text in composed letters (NFC), trimmed, of at most 80 characters, with something to see in it. Refused is what
could forge a line of a log or turn around the text beside it: control characters, line separators, and format characters such as
the bidirectional overrides (Unicode 16, 23.2; UAX #9). The two joiners stay, since some scripts and emoji need them.
"""

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

LONGEST: Final = 80

_JOINERS: Final = frozenset("\u200c\u200d")
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NOTHING_TO_SEE: Final = frozenset({"Cf", "Zs", "Mn", "Me"})


class BadName(ValueError):  # noqa: N818 (what it is, and not what went wrong)
    """A text that is no name; the message says why."""


def clean_name(text: str, longest: int = LONGEST) -> str:
    """The name as it is kept. Raises BadName."""
    name = composed(text)
    if any(_is_refused(letter) for letter in name):
        raise BadName("holds a character that cannot be seen and could mislead")
    if not _can_be_seen(name):
        raise BadName("must hold at least one character that can be seen")
    if len(name) > longest:
        raise BadName(f"must be at most {longest} characters long")
    return name


def tidy_name(text: str, otherwise: str) -> str:
    """A name that comes from elsewhere, as a device's for its channel: without what is refused, `otherwise` where nothing is left."""
    name = composed("".join(letter for letter in text if not _is_refused(letter)))[:LONGEST].strip()
    return name if _can_be_seen(name) else otherwise


def composed(text: str) -> str:
    """A text as names are compared: in composed letters, trimmed."""
    return unicodedata.normalize("NFC", text).strip()


def _is_refused(letter: str) -> bool:
    return unicodedata.category(letter) in _REFUSED and letter not in _JOINERS


def _can_be_seen(name: str) -> bool:
    return any(unicodedata.category(letter) not in _NOTHING_TO_SEE for letter in name)


Name = Annotated[str, Field(min_length=1, max_length=10 * LONGEST), AfterValidator(clean_name)]
"""A name in a request or a setting, cleaned."""

Note = Annotated[str, Field(max_length=10 * LONGEST), AfterValidator(lambda text: clean_name(text) if text.strip() else "")]
"""The same where it may be left out: then it is empty."""
