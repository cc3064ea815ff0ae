"""What time it is, where neither a clock chip nor NTP can be trusted.

It is learnt from the server's welcome and carried by the monotonic clock.
"""

from dataclasses import dataclass
from typing import Final

from protocol.messages import ClockTrust

LONGEST_ROUND_TRIP_MS: Final = 30_000
KEPT_MS: Final = 1_800_000  # and an hour more until a better answer: by then two quartzes may be half a second apart
SLEWED_MS: Final = 50
FIRST_SANE_MS: Final = 1_735_689_600_000  # 2025-01-01: a system clock that is before it was never set
LAST_SANE_MS: Final = 4_102_444_800_000  # 2100-01-01: no server's clock is past it


@dataclass(frozen=True, slots=True)
class Moment:
    """When something reached the agent: monotonic ms (they go on while the machine sleeps), and the system's wall clock.

    `slewed`: by how many ms the monotonic clock is ahead of the bare quartz; it changes where NTP slews it, and while the machine sleeps.
    """

    mono: int
    system_ms: int
    slewed: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """What a welcome tells: between which two the server's time lies, as offsets to the monotonic clock in ms.

    One that says T, for a hello said at monotonic h and received at r, means that T lies between h and r.
    """

    earliest: int
    latest: int

    def holds(self, other: "Window") -> bool:
        """Whether the other says all of this and perhaps more."""
        return self.earliest <= other.earliest and other.latest <= self.latest


@dataclass(frozen=True, slots=True)
class Learnt:
    """A window, what the server called its clock then (None: nothing), and when it was learnt."""

    window: Window
    name: str | None
    at: Moment


@dataclass(frozen=True, slots=True)
class LearntClock:
    """The server's time as far as it is known; not at all until a welcome told it.

    For stamping, the middle is best. For expiry the latest possible time is taken: a command may be refused a round trip too early,
    and is never obeyed too late. What is surely past is told by the `least` of all so far: it is past by any clock that this server
    ever had, also when it went back by a day.

    A slow answer says less than the quick one before it: as long as nobody has set the server's clock, which has another name then,
    nor slewed this machine's, what the quick one said holds.
    """

    known: Learnt | None = None
    least: int | None = None

    def learn(self, server_ms: int, name: str | None, said: int, received: Moment) -> "LearntClock":
        """The clock after a welcome; unchanged when it tells nothing new: its round trip was too long to learn from, or longer than what
        is known, or what was said makes no sense.
        """
        if not 0 <= received.mono - said <= LONGEST_ROUND_TRIP_MS or server_ms > LAST_SANE_MS:
            return self
        now = Learnt(Window(server_ms - received.mono, server_ms - said), name, received)
        if self.known is not None and _adds_nothing(now, self.known):
            return self
        earliest = now.window.earliest
        return LearntClock(now, earliest if self.least is None else min(earliest, self.least))

    @property
    def latest(self) -> int | None:
        """The latest that it can be, as an offset to the monotonic clock; None while unknown."""
        return None if self.known is None else self.known.window.latest

    def latest_ms(self, moment: Moment) -> int | None:
        """The latest that it can be now, in server time; None while unknown."""
        return None if self.latest is None else moment.mono + self.latest

    def surely_ms(self, moment: Moment) -> int | None:
        """The earliest that it can be now, in server time: what was to be done by then is not done any more; None while unknown."""
        return None if self.least is None else moment.mono + self.least

    def stamp(self, moment: Moment) -> tuple[int, ClockTrust]:
        """The best guess of the wall time, never before 1970, and how far it may be trusted."""
        if self.known is not None:
            window = self.known.window
            return max(0, moment.mono + (window.earliest + window.latest) // 2), ClockTrust.SERVER
        sane = FIRST_SANE_MS <= moment.system_ms <= LAST_SANE_MS
        return max(0, moment.system_ms), ClockTrust.SYSTEM if sane else ClockTrust.NONE

    def wall_of(self, mono: int | None, moment: Moment) -> int | None:
        """The wall time of a monotonic deadline, for people to read; 1970 for what would be before."""
        return None if mono is None else max(0, self.stamp(moment)[0] + mono - moment.mono)


def _adds_nothing(now: Learnt, known: Learnt) -> bool:
    is_same_clock = now.name is not None and now.name == known.name
    is_as_before = now.at.mono - known.at.mono < KEPT_MS and abs(now.at.slewed - known.at.slewed) <= SLEWED_MS
    return is_same_clock and is_as_before and now.window.holds(known.window)
