"""What each output does when the agent starts.

A restart of the program is not a power-on, and only what is still valid goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from device.memory import Memory
from device.rules import BootState, Output, OutputRule, earliest, interlocked, lease
from protocol.messages import Cause


@dataclass(frozen=True, slots=True)
class BootOutput:
    """The level to claim an output with, why, and the lease that goes on (monotonic ms)."""

    on: bool
    cause: Cause
    lease_until: int | None = None


@dataclass(frozen=True, slots=True)
class BootPlan:
    """For every output: how it starts. `power_on`: the machine itself was started, not only the agent."""

    power_on: bool
    outputs: Mapping[str, BootOutput]


def plan(rules: Mapping[str, OutputRule], memory: Memory, boot_id: str, now: int) -> BootPlan:
    """Decide from the journal alone, before any pin is touched."""
    power_on = memory.boot_id != boot_id
    interrupted = {intent.channel for intent in memory.intents}
    wishes = {
        channel: _resume(rule, memory.outputs.get(channel, Output()), power_on, channel in interrupted, now)
        for channel, rule in rules.items()
    }
    return BootPlan(power_on, {channel: _unless_interlocked(rules, wishes, channel) for channel in rules})


def started(planned: BootOutput, was: Output, level: bool | None, power_on: bool, now: int, at_ms: int) -> Output:
    """The output that was planned so, once its pin is claimed and read back; `now` monotonic, `at_ms` wall time.

    Rests count from now: it may have been on until a moment ago, in a drive that a crash or a full card left unwritten.
    """
    obeys = level is planned.on
    if obeys and level is was.on and not (power_on and level):
        return replace(was, lease_until=planned.lease_until, off_since=now)
    return Output(
        on=level,
        since_ms=at_ms,
        off_since=now,
        cause=planned.cause if obeys else Cause.FAULT,
        on_since=now if level else None,
    )


def _resume(rule: OutputRule, was: Output, power_on: bool, interrupted: bool, now: int) -> BootOutput:
    cause = Cause.BOOT if power_on else Cause.RESTART
    off = BootOutput(False, cause)
    if not was.on or interrupted or was.cause is Cause.FAULT:
        # what was cut short, or on against our will, is not gone on with
        return off
    if power_on:
        endless = was.lease_until is None and rule.max_on_ms is None
        return BootOutput(True, cause) if rule.boot is BootState.RESTORE and endless else off
    # a limit that was added or shortened while the agent was away holds from when the output went on
    until = earliest(was.lease_until, lease(rule, None, now, was.on_since)[0])
    if until is not None and until <= now:
        return BootOutput(False, Cause.LEASE)
    return BootOutput(True, cause, until)


def _unless_interlocked(rules: Mapping[str, OutputRule], wishes: Mapping[str, BootOutput], channel: str) -> BootOutput:
    wish = wishes[channel]
    if wish.on and any(wishes[other.id].on for other in interlocked(rules[channel], rules.values())):
        return BootOutput(False, Cause.INTERLOCK)
    return wish
