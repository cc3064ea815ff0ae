"""When a device could not be heard, and why, as far as its journal shows it. Pure.

An agent writes `started` into its journal each time that it starts, and says whether its machine was started with it. So once the
journal is here, a silence tells what it was: power lost where the machine started anew, only the link lost where nothing started at
all. Where records are missing, or the device is not back, nobody knows. A machine that somebody restarts looks like one without power.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from protocol.messages import Cause, EventKind
from server.history.models import LOST

BEFORE_MS: Final = 180_000
"""A broker misses a device that lost its power only some keepalives later: it may have started again by then."""
BLINK_MS: Final = 5_000
"""A shorter silence in which nothing happened is none: a new connection takes the place of an old one."""
LATE_LINK_MS: Final = 180_000
"""A machine needs a while from power to link. What is longer is a link that was lost as well."""
LATE_WORD_MS: Final = 600_000
"""A start whose time is not known belongs to the silence that had ended just before its record came."""
AT_ONCE_MS: Final = 2_000
"""What a start does to the outputs is written down with it."""


class Kind(StrEnum):
    """What a silence was."""

    POWER = "power"
    RESTART = "restart"
    LINK = "link"
    SERVER = "server"
    AWAY = "away"
    NEW_MEMORY = "new_memory"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Heard:
    """From `at_ms` on the device could be heard, or not; None: the server itself could hear nobody."""

    at_ms: int
    online: bool | None


@dataclass(frozen=True, slots=True)
class Told:
    """A record of the device's journal: `started`, a change that starting or a lost link made, or that records are lost.

    `sure`: its time is the server's; else only `received_ms` counts.
    """

    journal: str
    seq: int
    at_ms: int
    received_ms: int
    sure: bool
    kind: str
    cause: str | None = None
    channel: str | None = None
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """A silence from `from_ms` to `to_ms`, None while it lasts; both the same where it was too short to be noticed.

    `started_ms`: when the machine started again, where that was long before it was heard. `on`: the outputs that it switched on at its
    start; all others are off, but for those `in_doubt`. `by_itself`: what it switched meanwhile since the link was lost.
    """

    kind: Kind
    from_ms: int
    to_ms: int | None
    started_ms: int | None = None
    on: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()
    by_itself: tuple[tuple[str, bool], ...] = ()


@dataclass(slots=True)
class _Gap:
    """`since_ms`: when it had come before it went; what it did until then is of an earlier silence."""

    since_ms: int
    from_ms: int
    to_ms: int | None
    only_server: bool
    starts: list[Told] = field(default_factory=list)


def outages(heard: Iterable[Heard], told: Sequence[Told], *, caught_up: bool = True) -> list[Outage]:
    """Every silence, the newest first.

    `heard` in the order of time, from the entry on that was the last before the time asked for; `told` in any order.
    `caught_up`: all that the device wrote until it came back the last time is here.
    """
    gaps = list(_gaps(heard))
    alone = [start for start in told if start.kind == EventKind.STARTED and not _placed(start, gaps)]
    found = [_told_of(gap, told, caught_up=caught_up or gap is not gaps[-1]) for gap in gaps if _counts(gap)]
    found += [_alone(start, told) for start in alone if start.sure and start.seq > 1]
    return sorted(found, key=lambda outage: outage.from_ms, reverse=True)


def silent_ms(found: Iterable[Outage], since_ms: int, now_ms: int) -> int:
    """For how long the device was silent since then, in all. What the server itself missed does not count."""
    spans = [(max(it.from_ms, since_ms), now_ms if it.to_ms is None else it.to_ms) for it in found if it.kind is not Kind.SERVER]
    return sum(max(0, to_ms - from_ms) for from_ms, to_ms in spans)


def _gaps(heard: Iterable[Heard]) -> Iterator[_Gap]:
    """The times in which it could not be heard, between times in which it could."""
    gap: _Gap | None = None
    came_ms = 0
    for news in heard:
        if news.online:
            if gap is not None:
                gap.to_ms = news.at_ms
                yield gap
            gap, came_ms = None, news.at_ms
        elif gap is None:
            gap = _Gap(came_ms, news.at_ms, None, only_server=news.online is None)
        else:
            gap.only_server = gap.only_server and news.online is None
    if gap is not None:
        yield gap


def _placed(start: Told, gaps: list[_Gap]) -> bool:
    """Put a start where it belongs; False: into no silence."""
    for gap in reversed(gaps):
        if start.sure:
            fits = max(gap.since_ms, gap.from_ms - BEFORE_MS) <= start.at_ms and (
                gap.to_ms is None or start.at_ms <= gap.to_ms + BLINK_MS
            )
        else:
            fits = gap.to_ms is not None and -BLINK_MS <= start.received_ms - gap.to_ms <= LATE_WORD_MS
        if fits:
            gap.starts.append(start)
            return True
    return False


def _counts(gap: _Gap) -> bool:
    return bool(gap.starts) or gap.to_ms is None or gap.to_ms - gap.from_ms >= BLINK_MS


def _told_of(gap: _Gap, told: Sequence[Told], *, caught_up: bool) -> Outage:
    if gap.starts:
        return _after_starts(gap, told)
    if gap.to_ms is None:
        return Outage(Kind.SERVER if gap.only_server else Kind.AWAY, gap.from_ms, None)
    lost = any(it.kind == LOST and gap.from_ms <= it.received_ms <= gap.to_ms + LATE_WORD_MS for it in told)
    if lost or not caught_up:
        return Outage(Kind.UNKNOWN, gap.from_ms, gap.to_ms)
    if gap.only_server:
        return Outage(Kind.SERVER, gap.from_ms, gap.to_ms)
    return Outage(Kind.LINK, gap.from_ms, gap.to_ms, by_itself=_by_itself(gap.from_ms, gap.to_ms, told))


def _after_starts(gap: _Gap, told: Sequence[Told]) -> Outage:
    if any(it.seq == 1 for it in gap.starts):
        return Outage(Kind.NEW_MEMORY, gap.from_ms, gap.to_ms)
    booted = [it for it in gap.starts if it.cause == Cause.BOOT]
    if not booted:
        return Outage(Kind.RESTART, gap.from_ms, gap.to_ms)
    last = max(booted, key=lambda it: it.seq)
    on, in_doubt = _at_start(last, told)
    late = last.sure and (gap.to_ms is None or gap.to_ms - last.at_ms > LATE_LINK_MS)
    return Outage(Kind.POWER, gap.from_ms, gap.to_ms, last.at_ms if late else None, on, in_doubt)


def _alone(start: Told, told: Sequence[Told]) -> Outage:
    """A start that was over before anybody missed the device."""
    if start.cause != Cause.BOOT:
        return Outage(Kind.RESTART, start.at_ms, start.at_ms)
    on, in_doubt = _at_start(start, told)
    return Outage(Kind.POWER, start.at_ms, start.at_ms, on=on, in_doubt=in_doubt)


def _at_start(start: Told, told: Sequence[Told]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which outputs a start switched on, and which did not obey. An output of which nothing is told there came up off."""
    after = [
        it for it in told if it.journal == start.journal and it.seq > start.seq and abs(it.at_ms - start.at_ms) <= AT_ONCE_MS
    ]
    first: dict[str, Told] = {}
    for it in sorted(after, key=lambda it: it.seq):
        if it.channel is not None and it.cause in (Cause.BOOT, Cause.FAULT):
            first.setdefault(it.channel, it)
    on = tuple(name for name, it in first.items() if it.cause == Cause.BOOT and it.on)
    return on, tuple(name for name, it in first.items() if it.cause == Cause.FAULT and it.on is not False)


def _by_itself(from_ms: int, to_ms: int, told: Sequence[Told]) -> tuple[tuple[str, bool], ...]:
    mine = [
        it for it in told if it.cause == Cause.LINK_LOSS and it.channel and it.on is not None and from_ms <= it.at_ms <= to_ms
    ]
    return tuple((it.channel or "", bool(it.on)) for it in sorted(mine, key=lambda it: it.seq))
