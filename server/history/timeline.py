"""What a channel was, when, as far as anybody can know. Pure: from what a device told and from when it could be heard.

A device that lost its link goes on writing its journal, so its return fills the time in. A device that lost its power wrote nothing:
from its last sign of life until it started again its channels are unknown. So is the time since its last sign of life, while it is
away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from protocol.messages import EventKind


class Was(StrEnum):
    """What a channel was for a time."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Segment:
    """From `from_ms` until just before `to_ms`."""

    from_ms: int
    to_ms: int
    was: Was


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the device told. `gap`: records before it are lost. `on` counts for events of this channel only."""

    at_ms: int
    kind: EventKind
    mine: bool
    on: bool | None = None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """From `at_ms` on the device could be heard, or could not (also: the server itself was away).

    That it is gone is noticed late, by a broker after one and a half keepalives. `last_ms`: its last word before, where that is known.
    """

    at_ms: int
    online: bool
    last_ms: int | None = None


class Walk:
    """A walk along the time, from `since_ms` on. What it has left behind is certain and can be taken away, so that a long time costs
    no more memory than a short one.
    """

    def __init__(self, since_ms: int, first: Was = Was.UNKNOWN) -> None:
        """`first`: what the channel was at `since_ms`."""
        self._since_ms = since_ms
        self._said = self._was = first  # what the device said last of the channel; what it is taken for
        self._from_ms = self._alive_ms = since_ms  # where the present segment began; until when the device is vouched for
        self._online = False
        self._behind: list[Segment] = []

    def go_on(self, told: Iterable[Told], heard: Iterable[Heard], until_ms: int) -> None:
        """Take in what was told (in the order of the device's journal) and heard (in the order of time) before `until_ms`.

        What is older than what was taken in before counts as if it came just then.
        """
        everything: list[Told | Heard] = [*told, *heard]
        for news in sorted(everything, key=lambda one: one.at_ms):
            at_ms = min(max(news.at_ms, self._since_ms), until_ms)
            if isinstance(news, Told):
                self._hear(news, at_ms)
                continue
            if self._online or news.online:
                self._alive_ms = max(self._alive_ms, at_ms if news.last_ms is None else min(news.last_ms, at_ms))
            self._online = news.online

    def end(self, until_ms: int) -> None:
        """The time is over; while the device is away, nobody knows since its last sign of life."""
        if not self._online:
            self._nobody_knows_until(until_ms)
        self._until(until_ms, self._said)

    def take(self, *, whole: bool = False) -> list[Segment]:
        """The segments that are certain by now and were not taken before; `whole`: also the last one, which nothing follows."""
        kept = 0 if whole else 1
        taken = self._behind[: len(self._behind) - kept]
        self._behind = self._behind[len(taken) :]
        return taken

    def _hear(self, told: Told, at_ms: int) -> None:
        """The device told something, so it was alive."""
        if told.gap:
            self._said = Was.UNKNOWN
        if told.gap or told.kind is EventKind.STARTED:
            self._nobody_knows_until(at_ms)
        if told.mine and told.kind in (EventKind.SWITCHED, EventKind.LEASED):
            self._said = _was(told.on)
            self._until(at_ms, self._said)
        self._alive_ms = max(self._alive_ms, at_ms)

    def _nobody_knows_until(self, at_ms: int) -> None:
        """Nobody vouches for the time between the last sign of life and this moment; from here on it is as was said last."""
        self._until(max(self._alive_ms, self._from_ms), Was.UNKNOWN)
        self._until(at_ms, self._said)

    def _until(self, at_ms: int, was: Was) -> None:
        """The present segment ends here, and another begins. Neighbours that say the same are one."""
        if at_ms > self._from_ms:
            begun_ms = self._from_ms
            if self._behind and self._behind[-1].was is self._was:
                begun_ms = self._behind.pop().from_ms
            self._behind.append(Segment(begun_ms, at_ms, self._was))
            self._from_ms = at_ms
        self._was = was


def timeline(
    told: Iterable[Told], heard: Iterable[Heard], since_ms: int, until_ms: int, *, first: Was = Was.UNKNOWN
) -> list[Segment]:
    """The segments from `since_ms` to `until_ms` (now, at the latest), in order, without gap or overlap.

    `told` in the order of the device's journal, `heard` in the order of time, both from `since_ms` on; `heard` begins with the last
    entry from before that. `first` is what the channel was at `since_ms`.
    """
    walk = Walk(since_ms, first)
    walk.go_on(told, heard, until_ms)
    walk.end(until_ms)
    return walk.take(whole=True)


def _was(on: bool | None) -> Was:
    return Was.UNKNOWN if on is None else Was.ON if on else Was.OFF
