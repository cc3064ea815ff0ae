"""A day of random weather leaves no memory, no descriptor and no row behind that need not be there."""

import asyncio
import gc
import logging
import os
import random
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from device.ledger import FORGET_EVERY, REMEMBER_AFTER_EXPIRY_MS
from tests.soak.warp import WarpLoop
from tests.soak.weather import Days

HOURS = float(os.environ.get("CONGTAC_SOAK_HOURS", "24"))


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def rows(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        return {
            table: journal.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608 (our own tables' names)
            for table in ("records", "intents", "answered", "outputs")
        }


def expiries(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        return [exp_ms for (exp_ms,) in journal.execute("SELECT exp_ms FROM answered")]


@pytest.fixture(autouse=True)
def no_logs():
    """What is logged is kept by the test runner, and would be taken for a leak."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def loop():
    warp = WarpLoop()
    yield warp
    warp.close()


def live(loop: WarpLoop, days: Days, hours: float) -> None:
    loop.run_until_complete(asyncio.wait_for(days.live(hours), None))


def test_a_day_of_bad_weather_leaks_nothing(tmp_path: Path, loop: WarpLoop):
    days = Days(tmp_path, random.Random(20261122), loop)
    live(loop, days, HOURS / 4)
    gc.collect()
    open_before = descriptors()
    tracemalloc.start()
    held_before, _peak = tracemalloc.get_traced_memory()
    live(loop, days, HOURS * 3 / 4)
    gc.collect()
    held_after, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert descriptors() == open_before
    assert held_after - held_before < 1_000_000
    assert sum(days.fates.values()) > HOURS * 30
    assert days.changes > HOURS * 10
    assert days.boots > 0


def test_after_the_weather_the_journal_holds_only_what_it_must(tmp_path: Path, loop: WarpLoop):
    days = Days(tmp_path, random.Random(7), loop, every_s=100)
    live(loop, days, HOURS * 4)

    async def quiet_hour() -> None:
        await days.start()
        await asyncio.sleep(3600)
        await days.stop()

    loop.run_until_complete(quiet_hour())
    left = rows(tmp_path)
    assert left["intents"] == 0
    assert left["outputs"] == 4
    # what the server has is gone; the loss of the last link and what was refused late may wait for the next hello
    assert left["records"] <= 3
    remembered_ms = REMEMBER_AFTER_EXPIRY_MS + 3_600_000
    assert len(expiries(tmp_path)) <= sum(one >= days.now_ms() - remembered_ms for one in days.expiries) + FORGET_EVERY
