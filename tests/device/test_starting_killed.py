"""Killed at any step of a start, the next one leaves nothing on that nobody answers for."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from device.errors import DeviceError
from device.journal import Journal
from device.pins import Pins
from device.relays import RelayList
from device.stale_mark import StaleMark
from device.starting import JOURNAL
from firmware_sim.pins import LatchedPin
from tests.device.house import (
    LAMP,
    PUMP,
    House,
    Killed,
    remove_identity,
    spoil_journal,
    spoil_wiring,
)

STEPS = (
    (RelayList, "write"),
    (Journal, "_write"),
    (Pins, "switch_off"),
    (Pins, "open"),
    (StaleMark, "_put"),
    (LatchedPin, "_change_state"),
)
"""All that changes anything."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program end at that call of what changes anything: even numbers before it, odd ones after it."""
    made = 0

    def ending(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal made
            mine, made = made, made + 1
            if mine == step // 2 and step % 2 == 0:
                raise Killed
            done = real(*arguments, **options)
            if mine == step // 2:
                raise Killed
            return done

        return call

    for kind, name in STEPS:
        monkeypatch.setattr(kind, name, ending(getattr(kind, name)))


def take_out(house: House) -> None:
    house.wire(LAMP)


def move(house: House) -> None:
    house.wire(PUMP.model_copy(update={"pin": 5}), LAMP)


def rename_and_go_on(house: House) -> None:
    house.wire(PUMP.model_copy(update={"id": "quat"}), LAMP)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # who is killed closes no file
@pytest.mark.parametrize("change", [take_out, move, rename_and_go_on, spoil_wiring, remove_identity, spoil_journal])
@pytest.mark.parametrize("step", range(24))
def test_killed_at_any_step_the_next_start_leaves_nothing_on_that_nobody_answers_for(
    house: House, change: Callable[[House], None], step: int, monkeypatch: pytest.MonkeyPatch
):
    kept = (house.folder / "identity.json").read_bytes()
    change(house)
    with monkeypatch.context() as dying, suppress(Killed, DeviceError):
        killed_at(step, dying)
        house.start()
    # whatever was missing is there again, and the pump is at a third pin
    (house.folder / "identity.json").write_bytes(kept)
    (house.folder / "identity.json").chmod(0o600)
    lock = house.state / f"{JOURNAL}.lock"
    if lock.is_dir():
        lock.rmdir()
    was_off = house.on == set()
    house.wire(PUMP.model_copy(update={"pin": 22}), LAMP)
    went_on = house.start()
    assert went_on <= {"den"}, "what has moved does not go on"
    assert house.on <= {27}
    if was_off:
        assert went_on == set(), "what was switched off for a missing part does not go on"
    assert house.listed[-2:] == [22, 27]
