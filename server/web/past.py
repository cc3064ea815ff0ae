"""What a channel was, in words and as what is to be drawn. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from babel.numbers import format_decimal

from server.history.strip import SLOTS, Mark, Run
from server.history.timeline import Was
from server.history.usage import Sum, Use, cost_vnd, energy_wh, total
from server.web.actors import who
from server.web.i18n import Words
from server.web.shapes import Channel, Site
from server.web.times import clock_time
from server.web.words import DOT, state_word

HOUR_MS: Final = 3_600_000
HIGH: Final = 24


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of one kind on a day's strip: a path, SLOTS wide and HIGH high."""

    mark: str
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """A day: its name, how long it was on, what else there is to say, and its strip as far as it has come."""

    day: str
    was_on: str
    more: str
    drawn: list[Drawn]
    until: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A time at which it was something: from when to when, what, how long, and why."""

    time: str
    word: str
    about: str


@dataclass(frozen=True, slots=True)
class PastView:
    """Days, oldest first; their sums by name; what stands in the legend; the times one by one, oldest first."""

    rows: list[Row]
    figures: list[tuple[str, str]]
    doubt: bool
    legend: list[tuple[str, str]]
    listed: list[Listed]
    earlier: str


def past_view(past: Any, channel: Channel, site: Site, now_ms: int, t: Words) -> PastView:
    """`past` as `server.history.pages.Past` has it."""
    uses, sums = past.uses, total(past.uses)
    rows = [_row(use, channel, site, t) for use in uses]
    if len(uses) == 1:
        begun, left_out = past.began, past.left_out
    else:
        begun, left_out = [], 0
    return PastView(
        rows=[*rows[:-1], _today(rows[-1], t)],
        figures=_figures(sums, channel, site, t),
        doubt=sums.unknown_ms > 0,
        legend=_legend(rows, channel, t),
        listed=[_listed(it, channel, site, now_ms, t) for it in begun],
        earlier=t("use.earlier", n=left_out) if left_out else "",
    )


def duration(length_ms: int, t: Words) -> str:
    """`3 giờ 12 phút`; never more than it was."""
    seconds = length_ms // 1000
    if seconds < 60:
        return t("use.seconds", n=seconds)
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return t("use.minutes", n=minutes)
    return t("use.hours", hours=hours, minutes=minutes) if minutes else t("use.hours_only", hours=hours)


def _row(use: Use, channel: Channel, site: Site, t: Words) -> Row:
    length_ms = use.day.to_ms - use.day.from_ms
    return Row(
        day=_day(use.day.date, t),
        was_on=_was_on(use, channel, t),
        more="".join(DOT + part for part in _more(use, channel, site, t)).removeprefix(DOT),
        drawn=_drawn(use.strip.runs()),
        until=round((use.until_ms - use.day.from_ms) / length_ms * SLOTS),
    )


def _today(row: Row, t: Words) -> Row:
    return Row(t("use.today"), row.was_on, row.more, row.drawn, row.until)


def _day(day: date, t: Words) -> str:
    weekday = t(f"plan.day.{day.isoweekday()}")
    return f"{weekday[0].upper()}{weekday[1:]} {day:%d/%m}"


def _word(on: bool, channel: Channel, t: Words) -> str:
    return state_word({**channel, "on": on}, t)


def _was_on(counted: Use | Sum, channel: Channel, t: Words) -> str:
    """How long it was on, closed or pressed."""
    if counted.on_ms == 0 and counted.unknown_ms:
        return t("use.not_known", time=duration(counted.unknown_ms, t))
    word = _word(True, channel, t).lower()
    return f"{word} {_at_least(counted, duration(counted.on_ms, t), t)}"


def _at_least(counted: Use | Sum, what: str, t: Words) -> str:
    """A number is a least one where there is a time that nobody knows."""
    return t("use.at_least", what=what) if counted.unknown_ms else what


def _more(use: Use, channel: Channel, site: Site, t: Words) -> list[str]:
    length_ms = use.day.to_ms - use.day.from_ms
    parts = [t("use.long_day", n=length_ms // HOUR_MS)] if length_ms != 24 * HOUR_MS else []
    if use.switchings:
        parts.append(t("use.times", n=use.switchings))
    if use.unknown_ms and use.on_ms:
        parts.append(t("use.not_known", time=duration(use.unknown_ms, t)))
    return parts + [text for _, text in _energy(use, channel, site, t)]


def _figures(sums: Sum, channel: Channel, site: Site, t: Words) -> list[tuple[str, str]]:
    word = _word(True, channel, t).lower()
    figures = [(t("use.on", word=word), duration(sums.on_ms, t)), (t("use.switchings"), str(sums.switchings))]
    figures += [(t(f"use.{name}"), text) for name, text in _energy(sums, channel, site, t)]
    if not sums.unknown_ms:
        return figures
    least = [(name, _at_least(sums, text, t)) for name, text in figures] if sums.on_ms else []
    return [*least, (t("use.unknown"), duration(sums.unknown_ms, t))]


def _energy(counted: Use | Sum, channel: Channel, site: Site, t: Words) -> list[tuple[str, str]]:
    power_w, tariff = channel["power_w"], site["tariff_vnd_kwh"]
    if counted.on_ms == 0 and counted.unknown_ms:
        return []
    used_wh, cost = energy_wh(counted.on_ms, power_w), cost_vnd(counted.on_ms, power_w, tariff)
    told = []
    if used_wh is not None:
        pattern = "#,##0.###" if used_wh < 1000 else "#,##0.#"
        told.append(("energy", f"{format_decimal(used_wh / 1000, pattern, locale=t.language)}\u00a0kWh"))
    if cost is not None:
        told.append(("cost", t("use.money", n=format_decimal(cost, "#,##0", locale=t.language))))
    return told


def _drawn(runs: Sequence[Run]) -> list[Drawn]:
    """A path for each kind that there is."""
    paths: dict[Mark, str] = {}
    for run in runs:
        paths[run.mark] = paths.get(run.mark, "") + f"M{run.at} 0h{run.length}v{HIGH}h-{run.length}z"
    return [Drawn(mark.name.lower(), path) for mark, path in sorted(paths.items())]


def _legend(rows: Sequence[Row], channel: Channel, t: Words) -> list[tuple[str, str]]:
    """What is drawn in any of the rows, each kind with its word."""
    words: dict[str, Callable[[], str]] = {
        "off": lambda: _word(False, channel, t),
        "on": lambda: _word(True, channel, t),
        "often": lambda: t("use.often"),
        "unknown": lambda: t("use.unknown"),
    }
    there = {"off"}.union(*({it.mark for it in row.drawn} for row in rows))
    return [(mark, word()) for mark, word in words.items() if mark in there]


def _listed(began: Any, channel: Channel, site: Site, now_ms: int, t: Words) -> Listed:
    segment, zone = began.segment, site["timezone"]
    end = t("use.now") if segment.to_ms >= now_ms else clock_time(segment.to_ms, now_ms, zone)
    why = ""
    if began.cause is not None and segment.was is not Was.UNKNOWN:
        named = began.cause == "command" and began.actor
        why = who(began.actor, t) if named else t.first(f"cause.{began.cause}", "cause.other")
    return Listed(
        time=f"{clock_time(segment.from_ms, now_ms, zone)}–{end}",
        word=t("use.unknown") if segment.was is Was.UNKNOWN else _word(segment.was is Was.ON, channel, t),
        about="".join(DOT + part for part in (duration(segment.to_ms - segment.from_ms, t), why) if part).removeprefix(DOT),
    )
