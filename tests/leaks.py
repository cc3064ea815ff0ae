"""After each test, nothing of it lives on: no thread, no child process, no socket, no task of an event loop.

What fixtures of a wider scope hold is there before the test and therefore allowed, if the test names them as arguments.
"""

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

GRACE_S = 3.0  # an ended thread, child or connection may need a moment to be gone

_open_tasks: list[str] = []
_close_runner = asyncio.Runner.close


def _close_and_look(runner: asyncio.Runner) -> None:
    """asyncio.Runner.close, which ends the tasks that are left without a word: here they are noted first."""
    loop = getattr(runner, "_loop", None)
    if loop is not None and not loop.is_closed():
        _open_tasks.extend(f"task {task.get_name()} ({task.get_coro()})" for task in asyncio.all_tasks(loop))
    _close_runner(runner)


@pytest.fixture(scope="session", autouse=True)
def watched_event_loops() -> Iterator[None]:
    """Every event loop's end is looked at: pytest-asyncio and asyncio.run both close theirs through a Runner."""
    asyncio.Runner.close = _close_and_look  # type: ignore[method-assign]
    yield
    asyncio.Runner.close = _close_runner  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def no_leaks(watched_event_loops: None) -> Iterator[None]:  # noqa: ARG001 (first that, then this)
    """The test fails in its teardown, with a list, when something of it lives on for longer than GRACE_S."""
    before = {look: look() for look in _LOOKS}
    _open_tasks.clear()
    yield
    left = [f"{what}" for look in _LOOKS for what in _what_stays(look, before[look])]
    if left or _open_tasks:
        pytest.fail("left behind: " + "; ".join([*_open_tasks, *left]), pytrace=False)


def _what_stays(look: Callable[[], dict[str, str]], before: dict[str, str]) -> list[str]:
    """What is there that was not, once it has had its time to go."""
    deadline = time.monotonic() + GRACE_S
    while new := look().keys() - before.keys():
        gc.collect()
        described = look()
        if time.monotonic() > deadline:
            return [described[key] for key in sorted(new) if key in described]
        threading.Event().wait(0.01)
    return []


def _threads() -> dict[str, str]:
    living = (thread for thread in threading.enumerate() if not thread.daemon)
    return {f"{thread.ident}": f"thread {thread.name}" for thread in living}


def _children() -> dict[str, str]:
    """Direct children only, straight from the kernel: asking for every process of the machine costs 100 times as much."""
    pids: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            pids.update(map(int, listing.read_text().split()))
        except (FileNotFoundError, ProcessLookupError):
            continue  # that thread has ended meanwhile
    return {f"{pid}": f"child process {pid} ({_name(pid)})" for pid in pids}


def _name(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline()) or "ended, not waited for"
    except psutil.Error:
        return "ended"


def _sockets() -> dict[str, str]:
    found = {}
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 (as below)
        try:
            target = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115 (no Path for each descriptor of each test)
        except FileNotFoundError:
            continue  # the listing's own descriptor
        if target.startswith("socket:"):
            found[target] = f"open {target} on descriptor {number}"
    return found


_LOOKS = (_threads, _children, _sockets)
