"""The time, as the server tells it."""

import time
from collections.abc import Callable
from typing import Final

from protocol.ids import new_token

Clock = Callable[[], int]

SET_MS: Final = 50  # two clocks are not read at the same moment


def now_ms() -> int:
    """Whole milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def running_ms() -> int:
    """Whole milliseconds that the machine was awake, by its bare quartz: nobody sets this clock, and nobody slews it."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) // 1_000_000


class ClockName:
    """A name that the clock keeps until it is set or slewed by more than SET_MS, all in all. Another name without need, as after the quartz
    has drifted by as much, costs a device some precision.
    """

    def __init__(self, now: Clock, running: Clock = running_ms, new_name: Callable[[], str] = new_token) -> None:
        self._now = now
        self._running = running
        self._new_name = new_name
        self._name = new_name()
        self._ahead_ms = self._now() - self._running()

    def __call__(self) -> str:
        """The name as of now: 16 hex digits."""
        ahead_ms = self._now() - self._running()
        if abs(ahead_ms - self._ahead_ms) > SET_MS:
            self._name, self._ahead_ms = self._new_name(), ahead_ms
        return self._name
