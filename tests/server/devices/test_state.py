"""What is shown of a channel when its device tells something."""

import pytest

from protocol.messages import Cause, ChannelAbout, ChannelKind, ChannelState, ClockTrust, State
from server.devices.state import ChannelNow

LAMP = ChannelAbout(id="den", name="Đèn", kind=ChannelKind.OUTPUT)
SESSION, JOURNAL = "5" * 16, "a" * 16


def state(seq: int, channel: ChannelState) -> State:
    return State(session=SESSION, journal=JOURNAL, seq=seq, at_ms=9_000, clock=ClockTrust.SERVER, channels={"den": channel})


def by(actor: str, since_ms: int = 1_000, *, on: bool = True) -> ChannelState:
    return ChannelState(on=on, since_ms=since_ms, cause=Cause.COMMAND, actor=actor)


def test_a_name_that_was_taken_out_does_not_come_back_when_the_device_tells_the_same_again():
    lamp = ChannelNow(LAMP)
    assert lamp.hear_state(state(1, by("Minh")))
    assert lamp.actor == "Minh"
    lamp.actor = None
    assert lamp.hear_state(state(2, by("Minh")))
    assert (lamp.on, lamp.actor, lamp.seq) == (True, None, 2)


@pytest.mark.parametrize("told", [by("Lan", 2_000), by("Lan", on=False)], ids=["later", "the other way"])
def test_who_switches_next_is_named(told: ChannelState):
    lamp = ChannelNow(LAMP)
    lamp.hear_state(state(1, by("Minh")))
    lamp.actor = None
    assert lamp.hear_state(state(2, told))
    assert (lamp.on, lamp.since_ms, lamp.actor) == (told.on, told.since_ms, "Lan")
