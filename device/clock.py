"""What time it is, where neither a clock chip nor NTP can be trusted.

It is learnt from the server's welcome and carried by the monotonic clock.
"""

from dataclasses import dataclass
from typing import Final

from protocol.messages import ClockTrust

LONGEST_ROUND_TRIP_MS: Final = 30_000
FIRST_SANE_MS: Final = 1_735_689_600_000  # 2025-01-01: a system clock that is before it was never set


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
    too early, and is never obeyed too late.
    """

    middle: int | None = None
    latest: int | None = None

    def learn(self, server_ms: int, said: int, received: int) -> "LearntClock":
        """The clock after a welcome; unchanged when the round trip was too long to learn from."""
        if not 0 <= received - said <= LONGEST_ROUND_TRIP_MS:
            return self
        return LearntClock(middle=server_ms - (said + received) // 2, latest=server_ms - said)

    def latest_ms(self, moment: Moment) -> int | None:
        """The latest that it can be now, in server time; None while unknown."""
        return None if self.latest is None else moment.mono + self.latest

    def stamp(self, moment: Moment) -> tuple[int, ClockTrust]:
        """The best guess of the wall time, and how far it may be trusted."""
        if self.middle is not None:
            return moment.mono + self.middle, ClockTrust.SERVER
        sane = moment.system_ms >= FIRST_SANE_MS
        return moment.system_ms, ClockTrust.SYSTEM if sane else ClockTrust.NONE

    def wall_of(self, mono: int | None, moment: Moment) -> int | None:
        """The wall time of a monotonic deadline, for people to read."""
        return None if mono is None else self.stamp(moment)[0] + mono - moment.mono
