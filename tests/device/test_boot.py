"""What an output is once it was claimed: what was planned, if that was read back."""

import pytest

from device.boot import BootOutput, started
from device.rules import Output
from protocol.messages import Cause

NOW, NOON = 1_000, 1_790_000_000_000
WAS_ON = Output(True, 6, 9_000, 100, Cause.COMMAND, "lan", 200)
WAS_OFF = Output(False, 5, None, 100, Cause.BUTTON)
GO_ON = BootOutput(True, Cause.RESTART, 8_000)
OFF = BootOutput(False, Cause.RESTART)
RESTORE = BootOutput(True, Cause.BOOT)


@pytest.mark.parametrize(
    ("planned", "was", "level", "power_on", "then"),
    [
        (GO_ON, WAS_ON, True, False, Output(True, 6, 8_000, NOW, Cause.COMMAND, "lan", 200)),
        (OFF, WAS_OFF, False, False, Output(False, 5, None, NOW, Cause.BUTTON)),
        (OFF, WAS_OFF, False, True, Output(False, 5, None, NOW, Cause.BUTTON)),
        (OFF, WAS_ON, False, False, Output(False, NOON, None, NOW, Cause.RESTART)),
        (RESTORE, WAS_ON, True, True, Output(True, NOON, None, NOW, Cause.BOOT, None, NOW)),
        (OFF, WAS_ON, True, False, Output(True, NOON, None, NOW, Cause.FAULT, None, NOW)),
        (GO_ON, WAS_ON, False, False, Output(False, NOON, None, NOW, Cause.FAULT)),
        (GO_ON, WAS_ON, None, False, Output(None, NOON, None, NOW, Cause.FAULT)),
        (OFF, Output(), None, True, Output(None, NOON, None, NOW, Cause.FAULT)),
    ],
)
def test_an_output_starts_as_it_was_read_back(planned, was, level, power_on, then):
    assert started(planned, was, level, power_on, NOW, NOON) == then
