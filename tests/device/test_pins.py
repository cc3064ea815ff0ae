"""The pins, on gpiozero's mock factory: whole histories of levels, from the first claim to the end."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from device.errors import PinError
from device.pins import Pins, choose_factory
from device.relays import relays_of
from device.wiring import Wiring, parse_wiring
from firmware_sim.pins import LatchedFactory, PinChange

HIGH, LOW = True, False


def wiring(*, active_high: bool, inputs: str = "") -> Wiring:
    text = f"""
[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 17
active_high = {str(active_high).lower()}

[[channel]]
kind = "output"
id = "den"
name = "Đèn"
pin = 27
active_high = {str(active_high).lower()}
"""
    return parse_wiring(text + inputs, Path("wiring.toml"))


BUTTONS = """
[[channel]]
kind = "button"
id = "nut"
name = "Nút"
pin = 5
switches = "may-bom"

[[channel]]
kind = "contact"
id = "cua"
name = "Cửa"
pin = 6
pull = "down"
"""


class RestingPin(MockPin):
    """A mock pin that rests at the level of a released relay on this board before anybody claims it, and can fail."""

    rest = HIGH
    broken = ""

    def __init__(self, factory: object, info: object) -> None:
        super().__init__(factory, info)
        self._state = self.rest
        self.clear_states()

    def output_with_state(self, state: bool) -> None:
        if self.broken == "claim":
            raise OSError("Device or resource busy")
        self._function = "output"
        if self.broken != "stuck":
            self._change_state(bool(state))

    def _set_state(self, value: bool) -> None:
        if self.broken == "drive":
            raise OSError("Input/output error")
        if self.broken != "stuck":
            super()._set_state(value)

    def _get_state(self) -> bool:
        if self.broken == "read":
            raise OSError("Input/output error")
        return bool(super()._get_state())


class RestingLow(RestingPin):
    rest = LOW


@pytest.fixture(params=[True, False], ids=["active_high", "active_low"])
def board(request: pytest.FixtureRequest) -> Iterator[tuple[Pins, MockFactory, bool]]:
    """Two relays at rest, their factory, and the level at which a relay is on."""
    factory = MockFactory(pin_class=RestingLow if request.param else RestingPin)
    yield Pins(wiring(active_high=request.param), factory), factory, request.param
    factory.close()


def history(factory: MockFactory, number: int) -> list[bool]:
    return [bool(state.state) for state in factory.pin(f"GPIO{number}").states]


def test_a_relay_that_starts_off_is_never_on_not_for_a_moment(board: tuple[Pins, MockFactory, bool]):
    pins, factory, on = board
    assert pins.open({"may-bom": False, "den": False}) == {"may-bom": False, "den": False}
    assert history(factory, 17) == [not on]
    assert history(factory, 27) == [not on]


def test_each_drive_is_one_change_and_is_read_back(board: tuple[Pins, MockFactory, bool]):
    pins, factory, on = board
    pins.open({"may-bom": False, "den": True})
    assert pins.drive("may-bom", on=True) is True
    assert pins.drive("may-bom", on=True) is True
    assert pins.drive("may-bom", on=False) is False
    assert pins.drive("den", on=False) is False
    assert history(factory, 17) == [not on, on, not on]
    assert history(factory, 27) == [not on, on, not on]


def test_the_end_of_the_program_moves_no_relay(board: tuple[Pins, MockFactory, bool]):
    pins, factory, on = board
    pins.open({"may-bom": True, "den": False})
    pins.close()
    pins.close()
    assert history(factory, 17) == [not on, on]
    assert history(factory, 27) == [not on]
    assert factory.pin("GPIO17").function == "output"


def test_what_stays_at_its_latch_is_on_through_a_restart():
    changes: list[PinChange] = []
    first = Pins(wiring(active_high=False), LatchedFactory(changes.append, latches={17: HIGH, 27: HIGH}))
    first.open({"may-bom": True, "den": False})
    first.close()
    del first
    gc.collect()
    again = Pins(wiring(active_high=False), LatchedFactory(changes.append, latches={17: LOW, 27: HIGH}))
    assert again.open({"may-bom": True, "den": False}) == {"may-bom": True, "den": False}
    assert [(change.pin, change.level) for change in changes] == [(17, LOW)]


def test_switched_off_is_off_for_each_relay_whatever_its_board(board: tuple[Pins, MockFactory, bool]):
    pins, factory, on = board
    assert pins.switch_off(relays_of(wiring(active_high=on))) == ()
    assert history(factory, 17) == history(factory, 27) == [not on]
    assert factory.pin("GPIO17").function == factory.pin("GPIO27").function == "output"


@pytest.mark.parametrize("fault", ["claim", "read", "stuck"])
def test_a_relay_that_cannot_be_seen_to_go_off_is_told_and_keeps_no_other_from_going_off(
    board: tuple[Pins, MockFactory, bool], fault: str, caplog: pytest.LogCaptureFixture
):
    pins, factory, on = board
    pump, lamp = relays_of(wiring(active_high=on))
    factory.pin("GPIO17").output_with_state(on)
    factory.pin("GPIO17").broken = fault
    assert pins.switch_off((pump, lamp)) == (pump,)
    assert "GPIO 17 (may-bom)" in caplog.text
    assert history(factory, 27)[-1] is not on


@pytest.mark.parametrize(("fault", "reads"), [("drive", None), ("read", None), ("stuck", False)])
def test_what_cannot_be_driven_or_read_is_told_as_it_is(board: tuple[Pins, MockFactory, bool], fault: str, reads: bool | None):
    pins, factory, _on = board
    pins.open({"may-bom": False, "den": False})
    factory.pin("GPIO17").broken = fault
    assert pins.drive("may-bom", on=True) is reads
    assert pins.drive("den", on=True) is True
    factory.pin("GPIO17").broken = ""
    assert pins.drive("may-bom", on=True) is True


def test_one_pin_that_cannot_be_claimed_keeps_no_other_from_its_safe_state(
    board: tuple[Pins, MockFactory, bool], caplog: pytest.LogCaptureFixture
):
    pins, factory, on = board
    factory.pin("GPIO17").broken = "claim"
    assert pins.open({"may-bom": False, "den": False}) == {"may-bom": None, "den": False}
    assert pins.drive("may-bom", on=False) is None
    told = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["pin of may-bom: channel 'may-bom': GPIO 17 cannot be claimed: Device or resource busy"]
    factory.pin("GPIO17").broken = ""
    assert pins.drive("may-bom", on=False) is False
    assert history(factory, 17) == [not on]


def test_when_no_output_can_be_claimed_the_agent_cannot_begin(board: tuple[Pins, MockFactory, bool]):
    pins, factory, _on = board
    factory.pin("GPIO17").broken = factory.pin("GPIO27").broken = "claim"
    with pytest.raises(PinError, match="no output can be claimed"):
        pins.open({"may-bom": False, "den": False})


# ---- inputs


@pytest.fixture
def inputs() -> Iterator[tuple[Pins, MockFactory, list[tuple[str, bool]]]]:
    """A button to ground and a contact to 3.3 V, and what was told of them."""
    factory = MockFactory()
    pins = Pins(wiring(active_high=True, inputs=BUTTONS), factory)
    pins.open({"may-bom": False, "den": False})
    told: list[tuple[str, bool]] = []
    pins.watch(lambda channel, on: told.append((channel, on)))
    yield pins, factory, told
    pins.close()
    factory.close()


def test_what_an_input_reads_at_the_start_is_told(inputs: tuple[Pins, MockFactory, list[tuple[str, bool]]]):
    _pins, _factory, told = inputs
    assert told == [("nut", False), ("cua", False)]


def test_a_press_and_a_release_are_told_once_each(inputs: tuple[Pins, MockFactory, list[tuple[str, bool]]]):
    _pins, factory, told = inputs
    told.clear()
    for _ in range(2):
        factory.pin("GPIO5").drive_low()
    factory.pin("GPIO6").drive_high()
    factory.pin("GPIO5").drive_high()
    factory.pin("GPIO6").drive_low()
    assert told == [("nut", True), ("cua", True), ("nut", False), ("cua", False)]


def test_after_the_end_nothing_is_told(inputs: tuple[Pins, MockFactory, list[tuple[str, bool]]]):
    pins, factory, told = inputs
    pins.close()
    told.clear()
    factory.pin("GPIO5").drive_low()
    assert told == []


class Unwatchable(MockPin):
    def _set_bounce(self, _value: float | None) -> None:
        raise OSError("busy")


def test_an_input_that_cannot_be_claimed_keeps_no_relay_from_being_switched(caplog: pytest.LogCaptureFixture):
    factory = MockFactory(pin_class=Unwatchable)
    pins = Pins(wiring(active_high=True, inputs=BUTTONS), factory)
    pins.open({"may-bom": False, "den": False})
    pins.watch(lambda *_: pytest.fail("there is nothing to tell"))
    assert pins.drive("may-bom", on=True) is True
    assert "channel 'nut': GPIO 5 cannot be claimed" in caplog.text
    pins.close()


# ---- which factory


def test_off_a_raspberry_pi_the_pins_are_simulated_and_it_says_so(caplog: pytest.LogCaptureFixture):
    assert isinstance(choose_factory("mock"), MockFactory)
    assert "nothing real will move" in caplog.text


def test_real_pins_that_are_not_there_are_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    def no_chip(_number: int) -> int:
        raise __import__("lgpio").error("can not open gpiochip")

    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xA02082)
    monkeypatch.setattr("lgpio.gpiochip_open", no_chip)
    with pytest.raises(PinError, match=r"can not open gpiochip.*usermod -aG gpio"):
        choose_factory("gpio")


def test_real_pins_on_what_is_no_raspberry_pi_are_told_as_missing(monkeypatch: pytest.MonkeyPatch):
    from gpiozero import PinUnknownPi

    def unknown() -> int:
        raise PinUnknownPi("unable to locate Pi revision")

    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", unknown)
    with pytest.raises(PinError, match="unable to locate Pi revision"):
        choose_factory("gpio")
