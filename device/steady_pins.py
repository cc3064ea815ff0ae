"""gpiozero's lgpio pins, made steady: output and level are claimed in one call, and no line floats at start or end.

As it ships, gpiozero's pin class claims a line as a floating input, then as an output driven low, and only then sets the level: an
active-low relay board is ON for about a millisecond at every start (seen in the registers of an emulated board). Its `close` makes
the line an input again. See docs/pins.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lgpio
from gpiozero import GPIOZeroError
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
from gpiozero.pins.local import LocalPiPin

from device.errors import PinError

_PULLS = {"up": lgpio.SET_PULL_UP, "down": lgpio.SET_PULL_DOWN, "floating": lgpio.SET_PULL_NONE}


class SteadyPin(LGPIOPin):  # type: ignore[misc]
    """A line that is touched only to be what it is wanted for."""

    def __init__(self, factory: Any, info: Any) -> None:
        LocalPiPin.__init__(self, factory, info)
        self._pwm = None
        self._bounce = None
        self._callback: Any = None
        self._edges = lgpio.BOTH_EDGES
        self._function = "unclaimed"

    def output_with_state(self, state: bool) -> None:
        """Claim the line as an output that has this level from its first moment."""
        with _pin_errors(self._number):
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(state))  # noqa: SLF001 (the factory's own pin class)
        self._function = "output"

    def input_with_pull(self, pull: str) -> None:
        """Claim the line as an input with this pull."""
        with _pin_errors(self._number):
            lgpio.gpio_claim_input(self.factory._handle, self._number, _PULLS[pull])  # noqa: SLF001
        self._function = "input"

    def _get_function(self) -> str:
        return self._function

    def _set_function(self, value: str) -> None:
        if value == "output":
            raise PinError("an output is claimed together with its level: give an initial_value")
        self.input_with_pull("floating")

    def _set_pull(self, value: str) -> None:
        if self._function == "input":
            with _pin_errors(self._number):
                lgpio.gpio_free(self.factory._handle, self._number)  # noqa: SLF001
        self.input_with_pull(value)

    def _get_state(self) -> Any:
        with _pin_errors(self._number):
            return super()._get_state()

    def _set_state(self, value: Any) -> None:
        with _pin_errors(self._number):
            super()._set_state(value)

    def _set_bounce(self, value: float | None) -> None:
        with _pin_errors(self._number):
            super()._set_bounce(value)

    def _enable_event_detect(self) -> None:
        with _pin_errors(self._number):
            super()._enable_event_detect()

    def _disable_event_detect(self) -> None:
        if self._callback is not None:
            self._callback.cancel()
            self._callback = None

    def close(self) -> None:
        """Leave the line as it is."""
        self.when_changed = None


@contextmanager
def _pin_errors(number: int) -> Iterator[None]:
    """lgpio's error is neither gpiozero's nor an OSError: nobody above would catch it."""
    try:
        yield
    except lgpio.error as error:
        raise PinError(f"GPIO {number}: {error}") from error


class SteadyFactory(LGPIOFactory):  # type: ignore[misc]
    """gpiozero's lgpio factory with steady pins."""

    def __init__(self, chip: int | None = None) -> None:
        super().__init__(chip)
        self.pin_class = SteadyPin

    @classmethod
    def open(cls) -> "SteadyFactory":
        """The factory on this board's chip. Raises PinError when it cannot be opened."""
        try:
            return cls()
        except (lgpio.error, GPIOZeroError, OSError) as error:
            raise PinError(
                f"the GPIO chip cannot be opened: {error}. Is the user in the group gpio? (sudo usermod -aG gpio $USER)"
            ) from error
