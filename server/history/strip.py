"""A day as a strip to draw. Pure. It has so many slots and no more, so that what switches every second draws no more than another."""

from dataclasses import dataclass
from enum import IntEnum
from itertools import groupby
from math import ceil, floor
from typing import Final

from server.history.timeline import Was

SLOTS: Final = 720
_ROUNDING: Final = 1e-6


class Mark(IntEnum):
    """What a slot shows. OFTEN: it was on more than once in this slot's time. Any unknown time makes a slot UNKNOWN."""

    OFF = 0
    ON = 1
    OFTEN = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring slots that show the same: from slot `at` on, so many."""

    at: int
    length: int
    mark: Mark


class Strip:
    """The slots of one day. However short the time, what was on or unknown is seen."""

    def __init__(self) -> None:
        self._slots = bytearray(SLOTS)

    def mark(self, begin: float, end: float, was: Was) -> None:
        """From `begin` to `end`, shares of the day between 0 and 1, it was that. Later times come later."""
        if was is Was.OFF:
            return
        first = min(floor(begin * SLOTS + _ROUNDING), SLOTS - 1)
        last = max(ceil(end * SLOTS - _ROUNDING), first + 1)
        shared = self._slots[first]
        self._slots[first:last] = bytes([Mark.ON if was is Was.ON else Mark.UNKNOWN]) * (last - first)
        if was is Was.ON and shared != Mark.OFF:
            self._slots[first] = Mark.UNKNOWN if shared == Mark.UNKNOWN else Mark.OFTEN

    def runs(self) -> list[Run]:
        """What is to be drawn, from left to right; where it was off there is nothing."""
        found, at = [], 0
        for value, group in groupby(self._slots):
            length = len(list(group))
            if value != Mark.OFF:
                found.append(Run(at, length, Mark(value)))
            at += length
        return found
