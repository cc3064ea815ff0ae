"""What is asked of the kernel, call by call: ours moves no relay at start or end; gpiozero's own pin class does."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import lgpio
import pytest
from gpiozero import OutputDevice
from gpiozero.pins.lgpio import LGPIOFactory
from gpiozero.pins.local import LocalPiFactory

from device.pins import Pins
from device.steady_pins import SteadyFactory
from device.wiring import parse_wiring

HIGH, LOW = 1, 0
CHIP = 7
RELAY = """
[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 17
active_high = false
"""
BUTTON = """
[[channel]]
kind = "button"
id = "nut"
name = "Nút"
pin = 5
"""


@dataclass
class Kernel:
    """The lines of a chip behind lgpio's calls: `calls` is all that was asked of them, `levels` what each output drives."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    levels: dict[int, int] = field(default_factory=dict)
    modes: dict[int, int] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)

    def claim_output(self, handle: int, gpio: int, level: int = 0, flags: int = 0) -> int:
        self._asked("claim_output", handle, gpio, level, flags)
        self.levels[gpio], self.modes[gpio] = level, LGPIO_OUT
        return 0

    def claim_input(self, handle: int, gpio: int, flags: int = 0) -> int:
        self._asked("claim_input", handle, gpio, flags)
        self.levels.pop(gpio, None)
        self.modes[gpio] = flags
        return 0

    def claim_alert(self, handle: int, gpio: int, edges: int, flags: int = 0) -> int:
        self._asked("claim_alert", handle, gpio, edges, flags)
        self.modes[gpio] = flags
        return 0

    def free(self, handle: int, gpio: int) -> int:
        self._asked("free", handle, gpio)
        return 0

    def write(self, handle: int, gpio: int, level: int) -> int:
        self._asked("write", handle, gpio, int(level))
        self.levels[gpio] = int(level)
        return 0

    def read(self, _handle: int, gpio: int) -> int:
        if "read" in self.fails:
            raise lgpio.error("bad event request")
        return self.levels.get(gpio, HIGH)

    def mode(self, _handle: int, gpio: int) -> int:
        return self.modes.get(gpio, 0)

    def debounce(self, handle: int, gpio: int, micros: int) -> int:
        self._asked("debounce", handle, gpio, micros)
        return 0

    def close(self, handle: int) -> int:
        self._asked("chip_close", handle)
        return 0

    def _asked(self, what: str, handle: int, *rest: object) -> None:
        assert handle == CHIP
        self.calls.append((what, *rest))
        if what in self.fails:
            raise lgpio.error("GPIO busy")


LGPIO_OUT = 1 << 1


class Alerts:
    """lgpio's own callback runs a thread on a pipe of the kernel's."""

    def __init__(self, _handle: int, gpio: int, _edge: int, call: object) -> None:
        self.gpio, self.call = gpio, call

    def cancel(self) -> None:
        self.call = None


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    found = Kernel()
    seams = {
        "gpiochip_open": lambda _chip: CHIP,
        "gpiochip_close": found.close,
        "gpio_claim_output": found.claim_output,
        "gpio_claim_input": found.claim_input,
        "gpio_claim_alert": found.claim_alert,
        "gpio_free": found.free,
        "gpio_write": found.write,
        "gpio_read": found.read,
        "gpio_get_mode": found.mode,
        "gpio_set_debounce_micros": found.debounce,
        "callback": Alerts,
    }
    for name, seam in seams.items():
        monkeypatch.setattr(lgpio, name, seam)
    monkeypatch.setattr("gpiozero.pins.local.get_pi_revision", lambda: 0xA02082)
    forget()
    yield found
    forget()


def forget() -> None:
    """As a new process: gpiozero keeps its pins for as long as the process lives."""
    LocalPiFactory.pins.clear()
    LocalPiFactory._reservations.clear()
    gc.collect()


def pins(text: str = RELAY) -> Pins:
    return Pins(parse_wiring(text, Path("wiring.toml")), SteadyFactory.open())


def test_a_relay_that_starts_off_is_claimed_with_its_level_in_one_call_and_nothing_before_it(kernel: Kernel):
    assert pins().open({"may-bom": False}) == {"may-bom": False}
    assert kernel.calls == [("claim_output", 17, HIGH, 0)]


def test_gpiozeros_own_pins_would_switch_it_on_for_a_moment(kernel: Kernel):
    relay = OutputDevice(17, active_high=False, initial_value=False, pin_factory=LGPIOFactory())
    assert kernel.calls == [
        ("claim_input", 17, lgpio.SET_PULL_NONE),
        ("claim_output", 17, LOW, 0),
        ("write", 17, HIGH),
    ]
    kernel.calls.clear()
    relay.close()
    assert kernel.calls == [("claim_input", 17, lgpio.SET_PULL_NONE)]


def test_a_relay_that_was_on_stays_on_through_a_restart(kernel: Kernel):
    first = pins()
    first.open({"may-bom": True})
    first.close()
    del first
    forget()
    assert pins().open({"may-bom": True}) == {"may-bom": True}
    assert kernel.calls == [("claim_output", 17, LOW, 0), ("claim_output", 17, LOW, 0)]


def test_a_drive_is_one_write(kernel: Kernel):
    relay = pins()
    relay.open({"may-bom": False})
    kernel.calls.clear()
    assert relay.drive("may-bom", on=True) is True
    assert relay.drive("may-bom", on=False) is False
    assert kernel.calls == [("write", 17, LOW), ("write", 17, HIGH)]


def test_the_end_asks_nothing_of_an_output(kernel: Kernel):
    relay = pins()
    relay.open({"may-bom": True})
    kernel.calls.clear()
    relay.close()
    del relay
    gc.collect()
    assert kernel.calls == []


def test_a_button_is_claimed_with_its_pull_and_watched(kernel: Kernel):
    board = pins(RELAY + BUTTON)
    board.open({"may-bom": False})
    told: list[tuple[str, bool]] = []
    board.watch(lambda channel, on: told.append((channel, on)))
    assert told == [("nut", False)]
    assert ("claim_alert", 5, lgpio.BOTH_EDGES, lgpio.SET_PULL_UP) in kernel.calls
    assert ("debounce", 5, 50_000) in kernel.calls
    alerts = LocalPiFactory.pins[board._inputs["nut"].pin.info]._callback
    alerts.call(CHIP, 5, LOW, 1)
    alerts.call(CHIP, 5, HIGH, 2)
    assert told == [("nut", False), ("nut", True), ("nut", False)]
    kernel.calls.clear()
    board.close()
    assert kernel.calls == []
    assert alerts.call is None


@pytest.mark.parametrize("fault", ["write", "read"])
def test_an_error_of_lgpio_is_a_pin_that_does_not_obey(kernel: Kernel, fault: str):
    relay = pins()
    relay.open({"may-bom": False})
    kernel.fails.add(fault)
    assert relay.drive("may-bom", on=True) is None
    kernel.fails.clear()
    assert relay.drive("may-bom", on=False) is False


def test_a_line_that_another_program_holds_is_claimed_as_soon_as_it_is_free(kernel: Kernel):
    board = pins(RELAY + RELAY.replace("may-bom", "den").replace("17", "27"))
    kernel.fails.add("claim_output")
    assert board.drive("may-bom", on=False) is None
    kernel.fails.clear()
    assert board.drive("may-bom", on=False) is False
    assert kernel.calls == [("claim_output", 17, HIGH, 0)] * 2


def test_an_output_without_a_level_is_refused(kernel: Kernel):
    with pytest.raises(OSError, match="give an initial_value"):
        OutputDevice(17, active_high=False, initial_value=None, pin_factory=SteadyFactory.open())
    assert kernel.calls == []
