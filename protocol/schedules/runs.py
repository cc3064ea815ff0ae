"""When a rule acts. Moments are whole milliseconds since 1970 in UTC, intervals hold their beginning and not their end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from protocol.schedules.local import day_of, exists, moment_ms
from protocol.schedules.rules import Loop, Once, Place, Rule, Sun, Weekly
from protocol.schedules.sun import sun_ms

LOOK_DAYS: Final = 400
"""So far a next or a last run is looked for: longer than any polar night."""

_BEFORE, _AFTER = 2, 1  # days around an interval whose runs may lie in it: windows over midnight, sunset and some hours


@dataclass(frozen=True, slots=True)
class Run:
    """One moment at which a rule switches a channel. `for_s` None: until something switches it off."""

    at_ms: int
    rule: str
    channel: str
    on: bool
    for_s: int | None

    @property
    def precedence(self) -> tuple[int, bool, int]:
        """The order in which runs act. Of those at one moment the last prevails: what is off, or else off the soonest."""
        return self.at_ms, not self.on, -(self.for_s or 2**31)


def runs(rule: Rule, zone: ZoneInfo, place: Place, since_ms: int, until_ms: int) -> Iterator[Run]:
    """Every run in an interval, in order, made as they are asked for."""
    first, last = day_of(since_ms, zone) - timedelta(days=_BEFORE), day_of(until_ms, zone) + timedelta(days=_AFTER)
    for day in _days(rule, first, last):
        times, end_ms = _of_day(rule, day, zone, place)
        skipped = max(0, -((times.start - since_ms) // times.step)) if times else 0
        for at_ms in times[skipped:]:
            if at_ms >= until_ms:
                break
            yield _run(rule, at_ms, end_ms)


def next_run(rule: Rule, zone: ZoneInfo, place: Place, since_ms: int) -> Run | None:
    """The first run from that moment on; None where there is none any more."""
    return next(runs(rule, zone, place, since_ms, since_ms + LOOK_DAYS * 86_400_000), None)


def last_run(rule: Rule, zone: ZoneInfo, place: Place, now_ms: int) -> Run | None:
    """The last run that is not after that moment; None where there was none."""
    today = day_of(now_ms, zone)
    for day in _days(rule, today + timedelta(days=_AFTER), today - timedelta(days=LOOK_DAYS)):
        times, end_ms = _of_day(rule, day, zone, place)
        if times and times.start <= now_ms:
            return _run(rule, times[min(len(times) - 1, (now_ms - times.start) // times.step)], end_ms)
    return None


def window_end_ms(rule: Rule, zone: ZoneInfo, place: Place, run: Run) -> int | None:
    """When the window ends that a run of a loop is in; None for other rules."""
    today = day_of(run.at_ms, zone)
    for day in _days(rule, today, today - timedelta(days=1)):
        times, end_ms = _of_day(rule, day, zone, place)
        if end_ms is not None and times and times.start <= run.at_ms < end_ms:
            return end_ms
    return None


def _days(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The days of a rule from one to another, forwards or backwards."""
    if isinstance(rule.when, Once):
        yield date.fromisoformat(rule.when.date)
        return
    step = 1 if last >= first else -1
    for further in range(0, (last - first).days + step, step):
        day = first + timedelta(days=further)
        if day.isoweekday() in rule.when.days:
            yield day


def _of_day(rule: Rule, day: date, zone: ZoneInfo, place: Place) -> tuple[range, int | None]:
    """The runs of a day, and when its window ends. A day that there was not has none."""
    if not exists(day, zone):
        return range(0), None
    match rule.when:
        case Weekly(at=at) | Once(at=at):
            return _one(moment_ms(day, at, zone)), None
        case Sun(event=event, offset_s=offset_s):
            at_ms = sun_ms(event, day, zone, place)
            return (range(0) if at_ms is None else _one(at_ms + offset_s * 1000)), None
        case Loop() as loop:
            last = day if loop.end > loop.start else day + timedelta(days=1)
            end_ms = moment_ms(last, loop.end, zone)
            return range(moment_ms(day, loop.start, zone), end_ms, loop.every_s * 1000), end_ms


def _one(at_ms: int) -> range:
    return range(at_ms, at_ms + 1)


def _run(rule: Rule, at_ms: int, end_ms: int | None) -> Run:
    for_s = rule.for_s if rule.for_s is None or end_ms is None else min(rule.for_s, (end_ms - at_ms) // 1000)
    return Run(at_ms, rule.id, rule.channel, rule.on, for_s)
