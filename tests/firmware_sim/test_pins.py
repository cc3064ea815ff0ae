"""Simulated pins behave as a relay board does, and what they did is on disk whatever happens to the program."""

import signal
from pathlib import Path

from gpiozero import OutputDevice

from firmware_sim.pins import LatchedFactory, PinChange, PinRecord, latches, read_record
from tests.device.child import die, in_child


def change(pin: int, level: bool, boot_id: str = "one") -> PinChange:
    return PinChange(pin, level, mono_ns=1, wall_ns=2, boot_id=boot_id)


def relay(factory: LatchedFactory, *, on: bool) -> OutputDevice:
    return OutputDevice(17, active_high=False, initial_value=on, pin_factory=factory)


def test_a_relay_that_was_on_stays_on_when_its_program_ends_and_when_it_starts_again():
    seen: list[PinChange] = []
    first = LatchedFactory(seen.append, "one", {17: True})
    device = relay(first, on=True)
    device.close()
    first.close()
    again = relay(LatchedFactory(seen.append, "one", latches(seen, "one")), on=True)
    assert again.value == 1
    assert [(each.pin, each.level) for each in seen] == [(17, False)]


def test_every_change_is_seen_in_its_order_and_what_is_no_change_is_not():
    seen: list[PinChange] = []
    device = relay(LatchedFactory(seen.append, "one", {17: True}), on=False)
    for on in (True, True, False, True):
        device.value = on
    assert [each.level for each in seen] == [False, True, False]
    assert {each.boot_id for each in seen} == {"one"}
    assert sorted(seen, key=lambda each: each.mono_ns) == seen


def test_a_power_cut_lets_every_latch_fall():
    history = [change(17, level=True), change(27, level=True), change(17, level=False)]
    assert latches(history, "one") == {17: False, 27: True}
    assert latches(history, "two") == {}


def test_a_record_is_read_as_it_was_written_and_goes_on_where_it_was(tmp_path: Path):
    path = tmp_path / "pins.jsonl"
    assert read_record(path) == []
    for level in (True, False):
        record = PinRecord(path)
        record(change(17, level=level))
        record.close()
    assert read_record(path) == [change(17, level=True), change(17, level=False)]


def test_a_kill_tears_no_line_of_the_record(tmp_path: Path):
    path = tmp_path / "pins.jsonl"

    def killed() -> None:
        record = PinRecord(path)
        for pin in range(28):
            record(change(pin, level=True))
        die()

    assert in_child(killed) == -signal.SIGKILL
    assert read_record(path) == [change(pin, level=True) for pin in range(28)]
