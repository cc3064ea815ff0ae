"""What the wiring file and the journal promise of a start."""

from collections.abc import Mapping

from device.memory import Memory
from device.rules import BootState, Output, OutputRule
from protocol.messages import Cause
from tests.device.spans import earliest, end_of


def expected_at_start(rules: Mapping[str, OutputRule], memory: Memory, power_on: bool, now: int) -> dict[str, bool]:
    """Each output with whether it goes on, after a power cut or a restart; `now` monotonic."""
    interrupted = {intent.channel for intent in memory.intents}
    wish = {}
    for channel, rule in rules.items():
        was = memory.outputs.get(channel, Output())
        sure = was.on is True and was.cause is not Cause.FAULT and channel not in interrupted
        if power_on:
            endless = was.lease_until is None and rule.max_on_ms is None
            wish[channel] = sure and endless and rule.boot is BootState.RESTORE
        else:
            limit = end_of(was.on_since if was.on_since is not None else now, rule.max_on_ms)
            until = earliest(was.lease_until, limit)
            wish[channel] = sure and (until is None or now < until)
    groups = [rules[channel].interlock for channel, on in wish.items() if on and rules[channel].interlock]
    return {channel: on and groups.count(rules[channel].interlock) < 2 for channel, on in wish.items()}
