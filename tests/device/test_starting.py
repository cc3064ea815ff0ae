"""What was on is never left on without anybody who would switch it off: whatever became of wiring, identity and journal meanwhile."""

import json
import random
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gpiozero import GPIOZeroError

from device.boot import plan
from device.clock import Moment
from device.core import Core
from device.errors import DeviceError, IdentityError, JournalError, JournalInUse, PinError, WiringError
from device.identity import Identity, write_identity
from device.journal import Journal
from device.memory import Write
from device.relays import Relay
from device.rules import Output
from device.starting import JOURNAL, RELAYS, starting
from device.words import Journal as WriteJournal
from device.words import Opened
from firmware_sim.pins import LatchedFactory, LatchedPin, PinChange
from protocol.ids import new_token
from protocol.messages import Cause
from tests.device.site import DEVICE
from tests.device.test_relays import LAMP, PUMP

BOTH = (PUMP, LAMP)
FAN = Relay(id="quat", pin=5, active_high=True)


def text(*relays: Relay) -> str:
    return "\n".join(
        f'[[channel]]\nid = "{relay.id}"\nname = "x"\nkind = "output"\npin = {relay.pin}\nactive_high = {json.dumps(relay.active_high)}\n'
        for relay in relays
    )


@dataclass
class House:
    """A machine whose pins hold their levels from start to start, until a power cut."""

    folder: Path
    boot: str = "one"
    levels: dict[int, bool] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        fields = {
            "device_id": DEVICE,
            "secret": "s" * 32,
            "broker_host": "127.0.0.1",
            "broker_port": 1,
            "server_keys": ("ab" * 32,),
        }
        write_identity(self.folder / "identity.json", Identity.model_validate(fields))

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def factory(self) -> Any:
        house = self

        class Pin(LatchedPin):
            def output_with_state(self, state: bool) -> None:
                if self._number in house.busy:
                    raise GPIOZeroError("busy")
                super().output_with_state(state)

        def changed(change: PinChange) -> None:
            self.levels[change.pin] = change.level

        factory = LatchedFactory(changed, latches=dict(self.levels))
        factory.pin_class = Pin
        return factory

    def wire(self, *relays: Relay) -> None:
        (self.folder / "wiring.toml").write_text(text(*relays), "utf-8")

    def start(self, *on: str, new_factory: Callable[[], Any] | None = None) -> set[str]:
        """Start as the agent does, switch these on as well, and end. Which outputs went on by the start itself."""
        where = self.folder / "wiring.toml", self.folder / "identity.json", self.state
        with starting(*where, new_factory or self.factory, self.boot) as parts:
            rules = {wire.id: wire.rule() for wire in parts.wiring.outputs}
            memory = parts.journal.load()
            boot = plan(rules, memory, self.boot, 0)
            core = Core(parts.wiring.about("1"), rules, {}, memory, boot, self.boot, new_token, random.uniform)
            levels = parts.pins.open({channel: output.on for channel, output in boot.outputs.items()})
            for effect in core.handle(Opened(levels), Moment(0, 0)):
                if isinstance(effect, WriteJournal):
                    parts.journal.write(effect.write)
            for channel in on:
                parts.pins.drive(channel, True)
                parts.journal.write(Write(outputs={channel: Output(on=True, on_since=0, cause=Cause.COMMAND)}))
        return {channel for channel, output in boot.outputs.items() if output.on}

    def fails(self) -> DeviceError:
        with pytest.raises(DeviceError) as failed:
            self.start()
        return failed.value

    def power_cut(self) -> None:
        self.boot, self.levels = self.boot + "'", {}

    @property
    def on(self) -> set[int]:
        """The pins of all relays that are on."""
        return {relay.pin for relay in (*BOTH, FAN) if self.levels.get(relay.pin, not relay.active_high) is relay.active_high}

    @property
    def listed(self) -> list[int]:
        return [relay["pin"] for relay in json.loads((self.state / RELAYS).read_text())["relays"]]


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Both relays are on, and the agent was killed."""
    found = House(tmp_path)
    found.wire(*BOTH)
    found.start("may-bom", "den")
    assert found.on == {17, 27}
    return found


def spoil_wiring(house: House) -> None:
    (house.folder / "wiring.toml").write_text("half a li", "utf-8")


def remove_identity(house: House) -> None:
    (house.folder / "identity.json").unlink()


def spoil_journal(house: House) -> None:
    """So that it can neither be opened nor be set aside."""
    (house.state / f"{JOURNAL}.lock").unlink()
    (house.state / f"{JOURNAL}.lock").mkdir()


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


def test_killed_before_it_could_switch_it_off_the_next_start_does(house: House):
    class Killed(BaseException):
        pass

    def killing() -> Any:
        factory = house.factory()
        factory.pin = lambda _name: (_ for _ in ()).throw(Killed)
        return factory

    house.wire(LAMP)
    with suppress(Killed):
        house.start(new_factory=killing)
    assert house.on == {17, 27}
    house.start()
    assert house.on == {27}


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


def test_where_what_has_moved_cannot_be_written_down_all_start_off(house: House, monkeypatch: pytest.MonkeyPatch):
    write = Journal._write

    def full_once(*_arguments: object) -> None:
        monkeypatch.setattr(Journal, "_write", write)
        raise JournalError("the card is full")

    monkeypatch.setattr(Journal, "_write", full_once)
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
