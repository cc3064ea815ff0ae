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
    """From `at_ms` on the device could be heard, or could not (also: the server itself was away)."""

    at_ms: int
    online: bool


@dataclass(slots=True)
class _Walk:
    """A walk along the time. `said`: what the device said last of the channel; `alive_ms`: until when that is vouched for."""

    said: Was
    was: Was
    from_ms: int
    alive_ms: int
    segments: list[Segment]

    def until(self, at_ms: int, was: Was) -> None:
        """The present segment ends here, and another begins."""
        if at_ms > self.from_ms:
            self.segments.append(Segment(self.from_ms, at_ms, self.was))
            self.from_ms = at_ms
        self.was = was

    def nobody_knows_until(self, at_ms: int) -> None:
        """Nobody vouches for the time between the last sign of life and this moment; from here on it is as was said last."""
        self.until(max(self.alive_ms, self.from_ms), Was.UNKNOWN)
        self.until(at_ms, self.said)

    def hear(self, told: Told, at_ms: int) -> None:
        """The device told something, so it was alive."""
        if told.gap:
            self.said = Was.UNKNOWN
        if told.gap or told.kind is EventKind.STARTED:
            self.nobody_knows_until(at_ms)
        if told.mine and told.kind in (EventKind.SWITCHED, EventKind.LEASED):
            self.said = _was(told.on)
            self.until(at_ms, self.said)
        self.alive_ms = max(self.alive_ms, at_ms)


def timeline(
    told: Iterable[Told], heard: Iterable[Heard], since_ms: int, until_ms: int, *, first: Was = Was.UNKNOWN
) -> list[Segment]:
    """The segments from `since_ms` to `until_ms` (now, at the latest), in order, without gap or overlap.

    `told` in the order of the device's journal, `heard` in the order of time, both from `since_ms` on; `heard` begins with the last
    entry from before that. `first` is what the channel was at `since_ms`.
    """
    walk = _Walk(first, first, since_ms, since_ms, [])
    online = False
    everything: list[Told | Heard] = [*told, *heard]
    for news in sorted(everything, key=lambda one: one.at_ms):
        at_ms = min(max(news.at_ms, since_ms), until_ms)
        if isinstance(news, Told):
            walk.hear(news, at_ms)
            continue
        if online or news.online:
            walk.alive_ms = max(walk.alive_ms, at_ms)
        online = news.online
    if not online:
        walk.nobody_knows_until(until_ms)
    walk.until(until_ms, walk.said)
    return _joined(walk.segments)


def _was(on: bool | None) -> Was:
    return Was.UNKNOWN if on is None else Was.ON if on else Was.OFF


def _joined(segments: list[Segment]) -> list[Segment]:
    """Neighbours that say the same become one."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and joined[-1].was is segment.was:
            joined[-1] = Segment(joined[-1].from_ms, segment.to_ms, segment.was)
        else:
            joined.append(segment)
    return joined
