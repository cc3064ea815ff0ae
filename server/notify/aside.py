"""Threads for what waits on strangers' servers. They are apart from those in which passwords are checked and the broker is reached.

A mail server that never ends its answer holds a thread for as long as it likes, since each of its lines comes in time. So everybody
has few, all have a bound, and none keeps the program from ending.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST: Final = 16
MOST_FOR_ONE: Final = 4


class AllBusy(OSError):  # noqa: N818 (what it is)
    """No thread is free; later one may be."""


class Aside:
    """Makes blocking calls, each in a thread of its own: at most `most` at once, and `most_for_one` for one person."""

    def __init__(self, name: str, *, most: int = MOST, most_for_one: int = MOST_FOR_ONE) -> None:
        self._name = name
        self._most = most
        self._most_for_one = most_for_one
        self._busy: Counter[str] = Counter()

    @property
    def busy(self) -> int:
        """How many calls are being made."""
        return self._busy.total()

    async def call(self, work: Callable[[], T], whose: str) -> T:
        """What that gives, or raises. Whoever stops waiting leaves it running, and its place taken. Raises AllBusy."""
        if self.busy >= self._most or self._busy[whose] >= self._most_for_one:
            raise AllBusy(f"{self._name}: all threads are busy")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._busy[whose] += 1

        def end(result: Any, error: Exception | None) -> None:
            self._busy[whose] -= 1
            self._busy += Counter()  # without those who have none
            if done.done():
                return  # nobody waits any more
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except Exception as raised:  # noqa: BLE001 (it is handed to whoever waits)
                error = raised
            try:
                loop.call_soon_threadsafe(end, result, error)
            except RuntimeError:
                return  # the loop has ended meanwhile

        Thread(target=run, name=self._name, daemon=True).start()
        return await done
