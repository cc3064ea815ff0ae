"""The pins, through gpiozero. Each output is claimed with its level in one step, read back after each drive, and never let float."""

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gpiozero import Button, GPIOZeroError, OutputDevice
from gpiozero.pins.mock import MockFactory

from device.errors import PinError
from device.relays import Relay
from device.wiring import InputWire, OutputWire, Wiring

log = logging.getLogger("congtac.pins")

PI_MODEL = Path("/proc/device-tree/model")


class Pins:
    """All channels of one wiring on one pin factory of gpiozero's. `wiring` is None where there is none: then nothing can be opened."""

    def __init__(self, wiring: Wiring | None, factory: Any) -> None:
        self._outputs_wired = () if wiring is None else wiring.outputs
        self._inputs_wired = () if wiring is None else wiring.inputs
        self._factory = factory
        self._outputs: dict[str, OutputDevice] = {}
        self._inputs: dict[str, Button] = {}
        self._held: list[OutputDevice] = []
        self._told: dict[str, str] = {}

    def open(self, levels: Mapping[str, bool]) -> dict[str, bool | None]:
        """Claim every output at its level, and every input; what the outputs read back, None for one that cannot be claimed.

        Nothing is claimed as an input on the way, so an active-low board sees no blip. One bad pin does not keep the others from
        their safe state: `drive` tries to claim it again. Raises PinError when no output at all can be claimed.
        """
        read = {wire.id: self.drive(wire.id, levels[wire.id]) for wire in self._outputs_wired}
        if self._outputs_wired and not self._outputs:
            raise PinError("no output can be claimed: see the log above")
        for button in self._inputs_wired:
            options = {"pull_up": button.pull == "up", "bounce_time": button.bounce_s}
            try:
                self._inputs[button.id] = self._claim(button, Button, options)
            except PinError as error:
                log.error("%s. It stays unread until the next start", error)
        return read

    def all_off(self) -> bool:
        """Claim every output so that its relay is off, and every input. False: there are none. The log says what failed."""
        try:
            self.open({wire.id: False for wire in self._outputs_wired})
        except PinError as error:
            log.critical("%s", error)
        return bool(self._outputs_wired)

    def drive(self, channel: str, on: bool) -> bool | None:
        """Set an output and read its pin back; None when either failed."""
        try:
            device = self._outputs.get(channel)
            if device is None:
                device = self._outputs[channel] = self._claim_output(channel, on)
            else:
                device.value = on
            return bool(device.value)
        except (GPIOZeroError, OSError) as error:
            self._tell(channel, error)
            return None

    def _tell(self, channel: str, error: Exception) -> None:
        """A pin that fails is tried each second: say why once, and again when it is for another reason."""
        if self._told.get(channel) != str(error):
            self._told[channel] = str(error)
            log.error("pin of %s: %s", channel, error)

    def watch(self, on_change: Callable[[str, bool], None]) -> None:
        """Call `on_change(channel, pressed)` for what each input reads now and at each change, from gpiozero's thread."""
        for channel, button in self._inputs.items():
            button.when_pressed = partial(on_change, channel, True)
            button.when_released = partial(on_change, channel, False)
            on_change(channel, bool(button.is_pressed))

    def close(self) -> None:
        """Let go of inputs. Outputs stay as they are: a restart of the program is no reason for a relay to drop."""
        for button in self._inputs.values():
            button.close()
        self._inputs.clear()

    def _claim_output(self, channel: str, on: bool) -> OutputDevice:
        wire = next(wire for wire in self._outputs_wired if wire.id == channel)
        return self._claim(wire, OutputDevice, {"active_high": wire.active_high, "initial_value": on})

    def switch_off(self, relays: Iterable[Relay]) -> tuple[Relay, ...]:
        """Claim these, which are none of the wiring's, or before it is opened, so that they are off; they stay claimed.

        Returns those that do not read back off; the log says why.
        """
        return tuple(relay for relay in relays if not self._is_off(relay))

    def _is_off(self, relay: Relay) -> bool:
        try:
            device = self._claim(relay, OutputDevice, {"active_high": relay.active_high, "initial_value": False})
            self._held.append(device)
            if not device.value:
                return True
            log.critical("GPIO %d (%s) reads back on", relay.pin, relay.id)
        except (GPIOZeroError, OSError) as error:
            log.critical("GPIO %d (%s) could not be switched off: %s", relay.pin, relay.id, error)
        return False

    def _claim(self, wire: OutputWire | InputWire | Relay, kind: Any, options: Mapping[str, Any]) -> Any:
        try:
            return kind(wire.pin, pin_factory=self._factory, **options)
        except (GPIOZeroError, OSError) as error:
            traceback.clear_frames(error.__traceback__)  # they hold the half-made device, and that the pin's reservation
            raise PinError(f"channel {wire.id!r}: GPIO {wire.pin} cannot be claimed: {error}") from error


def is_raspberry_pi() -> bool:
    """Whether this machine says that it is one."""
    try:
        return "raspberry pi" in PI_MODEL.read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return False


def choose_factory(wanted: str = "auto") -> Any:
    """The pin factory: `gpio` the real pins, `mock` simulated ones, `auto` real ones on a Pi. Raises PinError."""
    if wanted == "mock" or (wanted == "auto" and not is_raspberry_pi()):
        log.warning("the pins are simulated: nothing real will move")
        return MockFactory()
    try:
        from device.steady_pins import SteadyFactory
    except ImportError as error:
        raise PinError(f"the lgpio library is missing: {error}. Install it with: pip install 'congtac[device]'") from error
    return SteadyFactory.open()
