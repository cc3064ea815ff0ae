"""What time it is, where neither a clock chip nor NTP can be trusted.

It is learnt from the server's welcome and carried by the monotonic clock.
"""

from dataclasses import dataclass
from typing import Final

from protocol.messages import ClockTrust

LONGEST_ROUND_TRIP_MS: Final = 30_000
KEPT_MS: Final = 3_600_000  # two quartzes may be apart by a third of a second then
FIRST_SANE_MS: Final = 1_735_689_600_000  # 2025-01-01: a system clock that is before it was never set
LAST_SANE_MS: Final = 4_102_444_800_000  # 2100-01-01: no server's clock is past it


@dataclass(frozen=True, slots=True)
class Moment:
    """When something reached the agent: monotonic ms (they go on while the machine sleeps), and the system's wall clock."""

    mono: int
    system_ms: int


@dataclass(frozen=True, slots=True)
class LearntClock:
    """The server's time as an offset to the monotonic clock, in ms; None until a welcome told it.

    A welcome that says T, for a hello said at monotonic h and received at r, means that T lies between h and r. For stamping,
    the middle is best. For expiry the latest possible time is taken (T belongs to h): a command may be refused a round trip
    too early, and is never obeyed too late. What is surely past is told by the earliest (T belongs to r), and by the `least` of all so
    far: it is past by any clock that this server ever had, also when it went back by a day.

    `name` is what the server calls its clock, `learnt` when it told. A slow answer says less than the quick one before it: while the
    server's clock has its name, that holds.
    """

    earliest: int | None = None
    latest: int | None = None
    least: int | None = None
    name: str | None = None
    learnt: int = 0

    def learn(self, server_ms: int, name: str | None, said: int, received: int) -> "LearntClock":
        """The clock after a welcome; unchanged when it tells nothing new: its round trip was too long to learn from, or longer than what
        is known, or what was said makes no sense.
        """
        if not 0 <= received - said <= LONGEST_ROUND_TRIP_MS or server_ms > LAST_SANE_MS:
            return self
        earliest, latest = server_ms - received, server_ms - said
        if name is not None and name == self.name and received - self.learnt < KEPT_MS and self._lies_within(earliest, latest):
            return self
        least = earliest if self.least is None else min(earliest, self.least)
        return LearntClock(earliest, latest, least, name, received)

    def _lies_within(self, earliest: int, latest: int) -> bool:
        return self.earliest is not None and self.latest is not None and earliest <= self.earliest and self.latest <= latest

    def latest_ms(self, moment: Moment) -> int | None:
        """The latest that it can be now, in server time; None while unknown."""
        return None if self.latest is None else moment.mono + self.latest

    def surely_ms(self, moment: Moment) -> int | None:
        """The earliest that it can be now, in server time: what was to be done by then is not done any more; None while unknown."""
        return None if self.least is None else moment.mono + self.least

    def stamp(self, moment: Moment) -> tuple[int, ClockTrust]:
        """The best guess of the wall time, never before 1970, and how far it may be trusted."""
        if self.earliest is not None and self.latest is not None:
            return max(0, moment.mono + (self.earliest + self.latest) // 2), ClockTrust.SERVER
        sane = FIRST_SANE_MS <= moment.system_ms <= LAST_SANE_MS
        return max(0, moment.system_ms), ClockTrust.SYSTEM if sane else ClockTrust.NONE

    def wall_of(self, mono: int | None, moment: Moment) -> int | None:
        """The wall time of a monotonic deadline, for people to read; 1970 for what would be before."""
        return None if mono is None else max(0, self.stamp(moment)[0] + mono - moment.mono)
