"""What was on is never left on without anybody who would switch it off: whatever became of wiring, identity and journal meanwhile."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from device.errors import IdentityError, JournalError, JournalInUse, PinError, WiringError
from device.journal import Journal
from device.pins import Pins
from device.starting import JOURNAL, RELAYS, starting
from firmware_sim.pins import LatchedPin
from protocol.ids import new_token
from tests.device.house import (
    BOTH,
    FAN,
    LAMP,
    PUMP,
    House,
    Killed,
    remove_identity,
    spoil_journal,
    spoil_wiring,
    text,
)


def test_what_is_on_goes_on_where_nothing_has_changed(house: House):
    assert house.start() == {"may-bom", "den"}
    assert house.on == {17, 27}
    assert house.listed == [17, 27]


def test_a_relay_that_the_wiring_file_no_longer_has_is_switched_off(house: House):
    house.wire(LAMP, FAN)
    assert house.start() == {"den"}
    assert house.on == {27}
    assert house.listed == [27, 5]


def test_a_relay_that_comes_back_to_the_wiring_file_does_not_go_on_by_itself(house: House):
    house.wire(LAMP)
    house.start()
    house.wire(*BOTH)
    assert house.start() == {"den"}
    assert house.on == {27}


@pytest.mark.parametrize(
    ("spoil", "error"), [(spoil_wiring, WiringError), (remove_identity, IdentityError), (spoil_journal, JournalError)]
)
def test_where_a_part_is_missing_all_relays_are_off_also_those_of_an_earlier_wiring(house: House, spoil, error):
    house.busy.add(17)
    house.wire(LAMP, FAN)
    house.start("quat")
    assert house.on == {17, 27, 5}, "the old relay's line was busy"
    house.busy.clear()
    spoil(house)
    assert isinstance(house.fails(), error)
    assert house.on == set()


@pytest.mark.parametrize("spoil", [spoil_wiring, remove_identity])
def test_what_was_switched_off_for_a_missing_part_does_not_go_on_once_it_is_there_again(house: House, spoil):
    kept = {path: path.read_bytes() for path in house.folder.glob("*.*")}
    spoil(house)
    house.fails()
    for path, content in kept.items():
        path.write_bytes(content)
        path.chmod(0o600)
    assert house.start() == set()
    assert house.on == set()


def test_what_was_switched_off_for_a_journal_does_not_go_on_once_it_can_be_opened_again(house: House):
    spoil_journal(house)
    house.fails()
    (house.state / f"{JOURNAL}.lock").rmdir()
    assert house.start() == set()


def test_a_line_that_is_busy_is_tried_again_at_the_next_start(house: House, caplog: pytest.LogCaptureFixture):
    house.wire(LAMP)
    house.busy.add(17)
    house.start()
    assert house.on == {17, 27}
    assert house.listed == [17, 27]
    assert "GPIO 17 (may-bom) could not be switched off" in caplog.text
    house.busy.clear()
    house.start()
    assert house.on == {27}
    assert house.listed == [27]


def test_a_relay_whose_pin_is_a_button_now_is_no_longer_driven_and_never_forgotten(house: House, monkeypatch: pytest.MonkeyPatch):
    lamp_and_button = text(LAMP) + '\n[[channel]]\nid = "nut"\nname = "x"\nkind = "button"\npin = 17\n'
    (house.folder / "wiring.toml").write_text(lamp_and_button, "utf-8")
    with monkeypatch.context() as dying, suppress(Killed):
        dying.setattr(Pins, "open", lambda *_arguments: (_ for _ in ()).throw(Killed))
        house.start()
    assert house.listed == [17, 27]
    assert house.on == {17, 27}, "killed before the button was claimed"
    house.wire(LAMP)
    house.start()
    assert house.on == {27}


@pytest.mark.parametrize("spoil", [remove_identity, spoil_journal])
def test_where_a_part_is_missing_a_button_is_claimed_as_one(house: House, spoil, monkeypatch: pytest.MonkeyPatch):
    lamp_and_button = text(LAMP) + '\n[[channel]]\nid = "nut"\nname = "x"\nkind = "button"\npin = 17\n'
    (house.folder / "wiring.toml").write_text(lamp_and_button, "utf-8")
    claimed = []
    real = LatchedPin._set_function
    monkeypatch.setattr(
        LatchedPin, "_set_function", lambda pin, function: (claimed.append((pin._number, function)), real(pin, function))[1]
    )
    spoil(house)
    house.fails()
    assert (17, "input") in claimed
    assert 27 not in house.on


def test_a_relay_that_moves_back_while_its_old_line_was_busy_starts_off(house: House):
    house.busy.add(17)
    house.wire(PUMP.model_copy(update={"pin": 5}), LAMP)
    house.start("may-bom")
    assert house.listed == [17, 5, 27]
    house.busy.clear()
    house.wire(PUMP, LAMP)
    assert house.start() == {"den"}
    assert house.on == {27}


def test_a_relay_that_had_another_name_meanwhile_does_not_go_on_by_itself(house: House):
    house.wire(PUMP.model_copy(update={"id": "quat"}), LAMP)
    house.start()
    house.wire(PUMP.model_copy(update={"pin": 22}), LAMP)
    assert house.start() == {"den"}


@pytest.mark.parametrize("spoil", [spoil_wiring, remove_identity])
def test_the_list_alone_tells_that_an_agent_ran_here(house: House, spoil):
    (house.state / JOURNAL).unlink()
    spoil(house)
    house.fails()
    assert house.on == set()


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("worn out"), lambda path: path.unlink()], ids=["worn", "gone"])
def test_where_the_list_cannot_be_read_all_start_off(house: House, spoil):
    spoil(house.state / RELAYS)
    assert house.start() == set()
    assert house.on == set()
    assert house.listed == [17, 27]


def test_after_a_power_cut_a_list_that_cannot_be_read_is_none_that_counts(house: House):
    (house.folder / "wiring.toml").write_text(text(PUMP) + 'boot = "restore"\n' + text(LAMP), "utf-8")
    house.start("may-bom")
    house.power_cut()
    (house.state / RELAYS).write_text("")
    assert house.start() == {"may-bom"}


def test_an_agent_that_cannot_begin_for_its_journal_leaves_nothing_on(house: House):
    where = house.folder / "wiring.toml", house.folder / "identity.json", house.state
    with pytest.raises(JournalError), starting(*where, house.factory, house.boot):
        raise JournalError("it cannot be read any more")
    assert house.on == set()
    assert house.start() == set()


def test_a_folder_that_cannot_be_looked_into_is_taken_for_one_of_an_agent_that_ran(house: House, monkeypatch: pytest.MonkeyPatch):
    exists = Path.exists

    def shut_out_once(path: Path) -> bool:
        if path.name == JOURNAL:
            monkeypatch.setattr(Path, "exists", exists)
            raise PermissionError(13, "Permission denied")
        return exists(path)

    (house.state / RELAYS).unlink()
    remove_identity(house)
    monkeypatch.setattr(Path, "exists", shut_out_once)
    assert isinstance(house.fails(), IdentityError)
    assert house.on == set()


def test_after_a_power_cut_a_pin_that_is_no_relay_any_more_is_not_touched(house: House):
    house.power_cut()
    house.wire(LAMP)
    house.start()
    assert set(house.levels) == {27}
    assert house.listed == [27]


def test_a_relay_at_another_pin_starts_off_and_the_old_pin_too(house: House):
    house.wire(PUMP.model_copy(update={"pin": 5}), LAMP)
    assert house.start() == {"den"}
    assert house.on == {27}


def test_relays_that_changed_places_start_off(house: House):
    house.wire(
        PUMP.model_copy(update={"pin": 27, "active_high": False}), LAMP.model_copy(update={"pin": 17, "active_high": True})
    )
    assert house.start() == set()
    assert house.on == set()


def test_a_relay_on_another_kind_of_board_starts_off(house: House):
    house.wire(PUMP.model_copy(update={"active_high": False}), LAMP)
    assert house.start() == {"den"}
    assert house.levels[17] is True


@pytest.mark.parametrize("fails", ["_write", "load"])
def test_where_what_has_moved_cannot_be_written_down_all_start_off(house: House, monkeypatch: pytest.MonkeyPatch, fails: str):
    real = getattr(Journal, fails)

    def fail_once(*_arguments: object) -> None:
        monkeypatch.setattr(Journal, fails, real)
        raise JournalError("the card is full")

    monkeypatch.setattr(Journal, fails, fail_once)
    house.wire(PUMP.model_copy(update={"pin": 5}), LAMP)
    assert house.start() == set()
    assert house.on == set()


def test_a_doubt_about_all_outputs_outlives_that_one_of_them_moved(house: House):
    spoil_wiring(house)
    house.fails()
    house.wire(PUMP.model_copy(update={"pin": 5}), LAMP)
    assert house.start() == set()


def test_while_another_agent_runs_nothing_is_touched(house: House):
    with closing(Journal(house.state / JOURNAL, new_token)):
        for spoil in (lambda _house: None, spoil_wiring, remove_identity):
            spoil(house)
            assert isinstance(house.fails(), JournalInUse)
    assert house.on == {17, 27}
    assert (house.state / "journal.db.stale").read_bytes() == b"0", "and nothing is in doubt"


def test_a_device_that_never_ran_leaves_nothing_behind(tmp_path: Path):
    house = House(tmp_path)
    spoil_wiring(house)
    assert isinstance(house.fails(), WiringError)
    assert not house.state.exists()


def test_where_nobody_knows_the_relays_that_is_told(house: House, caplog: pytest.LogCaptureFixture):
    (house.state / RELAYS).unlink()
    spoil_wiring(house)
    house.fails()
    assert "which relays there are is not known either" in caplog.text


def test_without_pins_the_missing_part_is_told_all_the_same(house: House, caplog: pytest.LogCaptureFixture):
    def no_chip() -> Any:
        raise PinError("the GPIO chip cannot be opened")

    spoil_wiring(house)
    with pytest.raises(WiringError):
        house.start(new_factory=no_chip)
    assert "the GPIO chip cannot be opened" in caplog.text
    house.wire(*BOTH)
    assert house.start() == set(), "and nothing goes on later that nobody answered for meanwhile"
