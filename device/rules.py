"""What the wiring file allows each channel, and the pure questions that are asked of it. All times are monotonic milliseconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from protocol.messages import Cause, ChannelKind, Reason


class BootState(StrEnum):
    """What an output does when power comes back. RESTORE holds only for what was on with no end to it."""

    OFF = "off"
    RESTORE = "restore"


class LinkLoss(StrEnum):
    """What an output does when the link has been lost for longer than its limit."""

    KEEP = "keep"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class OutputRule:
    """The outer limits of one output. `max_on_ms` None: it may stay on for ever."""

    id: str
    max_on_ms: int | None = None
    min_off_ms: int = 0
    interlock: str | None = None
    interlock_pause_ms: int = 0
    boot: BootState = BootState.OFF
    link_loss: LinkLoss = LinkLoss.KEEP
    link_loss_after_ms: int = 60_000
    locked: bool = False


@dataclass(frozen=True, slots=True)
class InputRule:
    """A button or a contact. A pressed button toggles the output it `switches`, under the same rules as a command."""

    id: str
    kind: ChannelKind
    switches: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """An output as it stands: what its pin last read back (None: not known), and the promises that hang on it.

    `off_since` is when it last went off, for shortest off-times and interlock pauses; `on_since` when it went on, for the longest
    on-time; `since_ms` is wall time, for people.
    """

    on: bool | None = None
    since_ms: int = 0
    lease_until: int | None = None
    off_since: int | None = None
    cause: Cause | None = None
    actor: str | None = None
    on_since: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, and in how many milliseconds it may be worth asking again."""

    reason: Reason
    retry_after_ms: int | None = None


def lease(rule: OutputRule, for_s: int | None, now: int, on_since: int | None = None) -> tuple[int | None, bool]:
    """When an output that is switched on now must be off again, and whether the wish was cut to the device's limit.

    For one that is on already (`on_since`), the longest on-time counts from when it went on: asking again does not lift it.
    """
    wish = None if for_s is None else now + for_s * 1000
    limit = None if rule.max_on_ms is None else (now if on_since is None else on_since) + rule.max_on_ms
    return earliest(wish, limit), wish is not None and limit is not None and wish > limit


def earliest(*times: int | None) -> int | None:
    """The first of these moments; None stands for never."""
    return min((time for time in times if time is not None), default=None)


def refusal_to_switch_on(
    channel: str, rules: Mapping[str, OutputRule], outputs: Mapping[str, Output], now: int
) -> Refusal | None:
    """What speaks against switching this output on now; None when nothing does, and always None when it is on already."""
    rule, output = rules[channel], outputs[channel]
    if output.on:
        return None
    rested = _wait_ms(output.off_since, rule.min_off_ms, now)
    if rested > 0:
        return Refusal(Reason.TOO_SOON, rested)
    pause = 0
    for other in interlocked(rule, rules.values()):
        if outputs[other.id].on is not False:
            return Refusal(Reason.INTERLOCK)
        pause = max(pause, _wait_ms(outputs[other.id].off_since, max(rule.interlock_pause_ms, other.interlock_pause_ms), now))
    return Refusal(Reason.INTERLOCK, pause) if pause > 0 else None


def interlocked(rule: OutputRule, rules: Iterable[OutputRule]) -> list[OutputRule]:
    """The other outputs that must be off while this one is on."""
    if rule.interlock is None:
        return []
    return [other for other in rules if other.interlock == rule.interlock and other.id != rule.id]


def _wait_ms(since: int | None, pause_ms: int, now: int) -> int:
    return 0 if since is None else since + pause_ms - now
