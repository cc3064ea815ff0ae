"""Waiting for what must come true: with a deadline, and without guessing how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable

DEADLINE_S = 15.0
LOOK_EVERY_S = 0.005


async def until(condition: Callable[[], object], within_s: float = DEADLINE_S) -> None:
    """Return when the condition is true. Raises AssertionError after `within_s`."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s: {condition.__qualname__}"
        await asyncio.sleep(LOOK_EVERY_S)


async def eventually(condition: Callable[[], Awaitable[object]], within_s: float = DEADLINE_S) -> None:
    """`until`, for a condition that must be asked for. Raises AssertionError after `within_s`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not await condition():
        assert loop.time() < deadline, f"not within {within_s} s: {getattr(condition, '__qualname__', condition)}"
        await asyncio.sleep(0.05)
