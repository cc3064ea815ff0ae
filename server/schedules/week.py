"""A preview drawn: one row a day, each with the times for which a channel would be on. Pure; a template turns it into SVG."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from protocol.schedules.local import day_of, moment_ms
from protocol.schedules.preview import Preview, Span
from protocol.schedules.runs import Run
from server.schedules.planning import UNKEPT
from server.schedules.schedules import Where

MOST_TOLD: Final = 4
NARROWEST: Final = 0.6


@dataclass(frozen=True, slots=True)
class Bar:
    """A time on: where it begins and how long it is, in hundredths of the day. `own`: of the rule that is being made."""

    x: float
    width: float
    own: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: `off` where the rule switches off, `trouble` where something speaks against the plan."""

    x: float
    kind: str


@dataclass(slots=True)
class Day:
    """A day. `told`: what the rule does on it, as times; `more`: how often beside that. `gone`: how much of it is over, in hundredths."""

    day: date
    gone: float
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    more: int = 0


def week(found: Preview, channel: str, where: Where) -> list[Day]:
    """The days of a preview, for the channel of the rule that is being made."""
    first, last = day_of(found.since_ms, where.zone), day_of(found.until_ms - 1, where.zone)
    days = []
    for further in range((last - first).days + 1):
        day = first + timedelta(days=further)
        bounds = moment_ms(day, "00:00", where.zone), moment_ms(day + timedelta(days=1), "00:00", where.zone)
        if bounds[0] < bounds[1]:
            days.append(_day(day, bounds, found, channel, where))
    return days


def _day(day: date, bounds: tuple[int, int], found: Preview, channel: str, where: Where) -> Day:
    shown = Day(day, _part(found.since_ms, bounds))
    shown.bars = [_bar(span, bounds) for span in found.spans if span.channel == channel and _meets(span, bounds)]
    own = [run for run in found.runs if run.rule == UNKEPT and bounds[0] <= run.at_ms < bounds[1]]
    shown.marks = [Mark(_part(run.at_ms, bounds), "off") for run in own if not run.on]
    shown.marks += [
        Mark(_part(it.at_ms, bounds), "trouble")
        for it in found.findings
        if UNKEPT in it.rules and bounds[0] <= it.at_ms < bounds[1]
    ]
    shown.told, shown.more = _told(own, where), max(0, len(own) - MOST_TOLD)
    return shown


def _told(runs: Iterable[Run], where: Where) -> list[str]:
    return [clock(run.at_ms, where) for run in runs][:MOST_TOLD]


def clock(at_ms: int, where: Where) -> str:
    """`06:00`, in the site's zone; with seconds where it is not at a whole minute."""
    at = datetime.fromtimestamp(at_ms // 1000, where.zone)
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


def _meets(span: Span, bounds: tuple[int, int]) -> bool:
    return span.start_ms < bounds[1] and span.end_ms > bounds[0]


def _bar(span: Span, bounds: tuple[int, int]) -> Bar:
    x = _part(span.start_ms, bounds)
    return Bar(x, round(max(NARROWEST, _part(span.end_ms, bounds) - x), 2), own=span.rule == UNKEPT)


def _part(at_ms: int, bounds: tuple[int, int]) -> float:
    """How much of a day is over at a moment, from 0 to 100."""
    return round(min(100.0, max(0.0, 100 * (at_ms - bounds[0]) / (bounds[1] - bounds[0]))), 2)
