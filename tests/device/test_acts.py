"""What an output is after a drive: what was read back, with the promises that still hang on it."""

from dataclasses import replace

import pytest

from device.acts import Act, after
from device.rules import Output
from protocol.messages import Cause

NOW, NOON = 1_000, 1_790_000_000_000
OFF = Output(False, 5, None, 100, Cause.BUTTON)
ON = Output(True, 6, 9_000, 100, Cause.COMMAND, "lan", 200)
LOST = Output(None, 7, 9_000, 100, Cause.FAULT, None, 200)
WANT_ON = Act(True, Cause.COMMAND, "minh", lease_until=5_000)
WANT_OFF = Act(False, Cause.LEASE)


@pytest.mark.parametrize(
    ("act", "was", "level", "then"),
    [
        (WANT_ON, OFF, True, Output(True, NOON, 5_000, 100, Cause.COMMAND, "minh", NOW)),
        (WANT_ON, ON, True, Output(True, 6, 5_000, 100, Cause.COMMAND, "minh", 200)),
        (WANT_ON, LOST, True, Output(True, NOON, 5_000, 100, Cause.COMMAND, "minh", 200)),
        (WANT_OFF, ON, False, Output(False, NOON, None, NOW, Cause.LEASE)),
        (WANT_OFF, LOST, False, Output(False, NOON, None, NOW, Cause.LEASE)),
        (WANT_OFF, OFF, False, OFF),
        (WANT_ON, OFF, False, replace(OFF, cause=Cause.FAULT)),
        (WANT_ON, ON, False, Output(False, NOON, None, NOW, Cause.FAULT)),
        (WANT_ON, OFF, None, Output(None, NOON, None, 100, Cause.FAULT)),
        (WANT_OFF, ON, True, Output(True, 6, 9_000, 100, Cause.FAULT, None, 200)),
        (WANT_OFF, ON, None, Output(None, NOON, 9_000, 100, Cause.FAULT, None, 200)),
        (WANT_OFF, LOST, None, LOST),
        (WANT_OFF, OFF, True, Output(True, NOON, None, 100, Cause.FAULT, None, NOW)),
    ],
)
def test_an_output_is_what_its_pin_read_back(act, was, level, then):
    assert after(act, was, level, NOW, NOON) == then
