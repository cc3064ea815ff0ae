"""What can befall a simulated device on purpose: a wrong clock, and death at a chosen step of its work."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from device import now
from device.clock import Moment


def wrong_clock(offset_file: Path) -> Callable[[], Moment]:
    """A moment whose system clock is off by the whole seconds in this file, read at each look; right where there is none."""

    def moment() -> Moment:
        at = now.moment()
        try:
            offset_s = int(offset_file.read_text(encoding="ascii") or "0")
        except FileNotFoundError:
            return at
        return replace(at, system_ms=at.system_ms + offset_s * 1000)

    return moment


class Deadly:
    """Kills this process, as a power cut would, when it reaches one of its steps for the so manieth time.

    `at` is `STEP:N`. The steps are those of the journal (`begin`, `records`, `outputs`, `commit`, `committed`) and `pin`, right
    after a pin has moved. Raises ValueError for anything else than a name and a number from 1.
    """

    def __init__(self, at: str) -> None:
        step, _, count = at.partition(":")
        if not step or not count.isdigit() or int(count) < 1:
            raise ValueError(f"{at!r} is not STEP:N, as in commit:3")
        self._step = step
        self._left = int(count)

    def __call__(self, step: str) -> None:
        """This step is reached now."""
        if step != self._step:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
