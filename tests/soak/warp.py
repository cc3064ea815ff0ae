"""An event loop whose time passes only when nothing is left to do at the present moment: a day takes as long as its work."""

import asyncio
import selectors
from typing import Any


class _WarpSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Looks at the sockets without waiting, and lets the loop's time pass instead."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready: list[Any] = super().select(0)
        if not ready and timeout:
            self.passed_s += timeout
        return ready


class WarpLoop(asyncio.SelectorEventLoop):
    """For code that waits for timers alone: no thread and no other process may be waited for."""

    def __init__(self) -> None:
        self._warp = _WarpSelector()
        super().__init__(self._warp)

    def time(self) -> float:
        """Seconds since the loop was made, in its own time."""
        return self._warp.passed_s
