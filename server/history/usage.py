"""How long a channel was on, day by day, and what that came to. Pure.

A day is the place's own: it begins at the place's midnight and is 23 or 25 hours long where clocks are put forward or back. What nobody
knows is counted apart, so that on, off and unknown always make up the whole day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo

from server.history.strip import Strip
from server.history.timeline import Segment, Was


@dataclass(frozen=True, slots=True)
class Day:
    """From `from_ms` until just before `to_ms`."""

    date: date
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Use:
    """What a channel did on a day until `until_ms`: the day's end, or now. `switchings`: how often it is known to have changed."""

    day: Day
    until_ms: int
    on_ms: int = 0
    off_ms: int = 0
    unknown_ms: int = 0
    switchings: int = 0
    strip: Strip = field(default_factory=Strip)


@dataclass(frozen=True, slots=True)
class Sum:
    """All days together."""

    on_ms: int
    off_ms: int
    unknown_ms: int
    switchings: int


class Tally:
    """Counts segments, in order, into days."""

    def __init__(self, days: Sequence[Day], until_ms: int) -> None:
        self.uses = [Use(day, min(day.to_ms, until_ms)) for day in days]
        self._present = 0
        self._known: Was | None = None

    def add(self, segments: Iterable[Segment]) -> None:
        """The next segments. What lies outside of the days is left out."""
        for segment in segments:
            self._count_change(segment)
            for use in self._days_of(segment):
                _count(use, segment)

    def _days_of(self, segment: Segment) -> Iterable[Use]:
        while self._present < len(self.uses) and self.uses[self._present].until_ms <= segment.from_ms:
            self._present += 1
        for use in self.uses[self._present :]:
            if use.day.from_ms >= segment.to_ms:
                return
            yield use

    def _count_change(self, segment: Segment) -> None:
        """A change counts where both sides of it are known, also through a time in which nobody knows."""
        if segment.was is Was.UNKNOWN:
            return
        if self._known not in (None, segment.was):
            for use in self._days_of(Segment(segment.from_ms, segment.from_ms + 1, segment.was)):
                use.switchings += use.day.from_ms <= segment.from_ms
        self._known = segment.was


def days_until(now_ms: int, count: int, zone: tzinfo) -> list[Day]:
    """The last so many days of a place, oldest first; the last is the one that `now_ms` is in."""
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    dates = [today - timedelta(days=ago) for ago in reversed(range(count))]
    days = [Day(it, midnight_ms(it, zone), midnight_ms(it + timedelta(days=1), zone)) for it in dates]
    return [day for day in days if day.from_ms < day.to_ms]  # an island that crossed the date line left a day out


def midnight_ms(day: date, zone: tzinfo) -> int:
    """When a day begins: at its first midnight, or where clocks are put forward over midnight, at that moment."""
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


def total(uses: Iterable[Use]) -> Sum:
    """All days together."""
    every = list(uses)
    return Sum(
        sum(it.on_ms for it in every),
        sum(it.off_ms for it in every),
        sum(it.unknown_ms for it in every),
        sum(it.switchings for it in every),
    )


def energy_wh(on_ms: int, power_w: int | None) -> float | None:
    """What was used in that time, in Wh to three digits; None where nobody said how much the channel takes."""
    return None if power_w is None else round(on_ms * power_w / 3_600_000, 3)


def cost_vnd(on_ms: int, power_w: int | None, tariff_vnd_kwh: int | None) -> int | None:
    """What that cost, in whole đồng; None where power or price are not known."""
    return None if power_w is None or tariff_vnd_kwh is None else round(on_ms * power_w * tariff_vnd_kwh / 3_600_000_000)


def _count(use: Use, segment: Segment) -> None:
    from_ms, to_ms = max(segment.from_ms, use.day.from_ms), min(segment.to_ms, use.until_ms)
    if from_ms >= to_ms:
        return
    match segment.was:
        case Was.ON:
            use.on_ms += to_ms - from_ms
        case Was.OFF:
            use.off_ms += to_ms - from_ms
        case Was.UNKNOWN:
            use.unknown_ms += to_ms - from_ms
    length_ms = use.day.to_ms - use.day.from_ms
    use.strip.mark((from_ms - use.day.from_ms) / length_ms, (to_ms - use.day.from_ms) / length_ms, segment.was)
