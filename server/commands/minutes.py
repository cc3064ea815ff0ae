"""How long somebody asks for, typed as minutes. Pure; the page's `run-for.js` has the same rules."""

import re
from enum import StrEnum
from typing import Final

from protocol.messages import LONGEST_LEASE_S

CHOICES_S: Final = tuple(60 * minutes for minutes in (5, 10, 15, 30, 60, 120))
SHORTEST_S: Final = 60
LONGEST_TYPED: Final = 12

_NUMBER: Final = re.compile(r"[0-9]{1,5}(?:[.,][0-9]{1,2})?")


class WrongMinutes(StrEnum):
    """What is wrong with what was typed."""

    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"


def longest_s(max_on_s: int | None, guest_longest_s: int | None) -> int:
    """The longest time that can be asked for: the device's limit, and a guest's."""
    return min(max_on_s or LONGEST_LEASE_S, guest_longest_s or LONGEST_LEASE_S, LONGEST_LEASE_S)


def choices_s(most_s: int) -> list[int]:
    """The times to choose from; where all of them are too long, the longest that is allowed."""
    return [choice for choice in CHOICES_S if choice <= most_s] or [most_s]


def read_minutes(typed: str, most_s: int) -> int | WrongMinutes:
    """So many seconds, or what is wrong. `2,5` and `2.5` are the same."""
    text = typed.strip()
    if not _NUMBER.fullmatch(text):
        return WrongMinutes.NOT_A_NUMBER
    seconds = round(float(text.replace(",", ".")) * 60)
    if seconds < SHORTEST_S:
        return WrongMinutes.TOO_SHORT
    return WrongMinutes.TOO_LONG if seconds > most_s else seconds
