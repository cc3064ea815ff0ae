"""Refusals, and what strangers do, are written one by one until somebody does too much of it: then they are counted. Pure.

Otherwise whoever has no account could fill the disk by knocking.
"""

from collections import Counter
from dataclasses import replace
from typing import Final

from server.audit.chain import Entry

EACH: Final = 30
ALL: Final = 600
MINUTE_MS: Final = 60_000
MANY: Final = "many"
COUNTED: Final = "more requests"


class Flood:
    """What is let through of such a minute: so many from one actor at one address, so many in all."""

    def __init__(self, each: int = EACH, most: int = ALL) -> None:
        self._each = each
        self._most = most
        self._minute: int | None = None
        self._seen: Counter[tuple[str, str | None]] = Counter()
        self._over: Counter[tuple[str, str | None]] = Counter()

    def admit(self, entry: Entry) -> bool:
        """Whether this entry gets a row of its own; else it is counted, and `counted` tells it later."""
        if self._minute is None:
            self._minute = entry.at_ms // MINUTE_MS
        who = entry.actor, entry.address
        if self._seen[who] < self._each and self._seen.total() < self._most:
            self._seen[who] += 1
            return True
        known = who in self._over or len(self._over) < self._each
        self._over[who if known else (MANY, None)] += 1
        return False

    def counted(self, now_ms: int, *, end: bool = False) -> list[Entry]:
        """What was only counted in the minute that is over, a row for each who did it; empty while it lasts, unless at the `end`."""
        minute = now_ms // MINUTE_MS
        if minute == self._minute and not end:
            return []
        blank = Entry(now_ms, "", None, COUNTED, 429, "counted_only", None, "")
        told = [
            replace(blank, actor=actor, address=address, facts=f'{{"requests":{number}}}')
            for (actor, address), number in self._over.items()
        ]
        self._minute = minute
        self._seen.clear()
        self._over.clear()
        return told
