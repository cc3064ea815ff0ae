"""Ready means that the server can do its work, and who asks is told what it cannot."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.db import Database
from server.health import Checks, NotReady, database_check, router, schema_check
from server.migrations import migrate
from tests.server.people import Turned
from tests.server.serving import serving


async def fine() -> None: ...


async def ask(checks: Checks) -> tuple[int, dict[str, str]]:
    app = FastAPI()
    app.state.checks = checks
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://congtac.test") as http:
        answer = await http.get("/readyz")
    return answer.status_code, answer.json()["checks"]


async def test_a_server_whose_checks_hold_is_ready() -> None:
    checks = Checks(Turned())
    checks.add("one", fine)
    assert await ask(checks) == (200, {"one": "ok"})


async def test_a_check_that_does_not_hold_is_named_with_its_reason() -> None:
    async def lost() -> None:
        raise NotReady("no link to the broker")

    checks = Checks(Turned())
    checks.add("one", fine)
    checks.add("broker", lost)
    assert await ask(checks) == (503, {"one": "ok", "broker": "no link to the broker"})


async def test_a_check_that_breaks_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise LookupError("secret inside")

    checks = Checks(Turned())
    checks.add("broken", broken)
    assert await ask(checks) == (503, {"broken": "failed; the server's log has the details"})
    assert "secret inside" in caplog.text


async def test_a_check_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.health.checks.TIMEOUT_S", 0.02)

    async def hang() -> None:
        await asyncio.Event().wait()

    checks = Checks(Turned())
    checks.add("hanging", hang)
    assert await ask(checks) == (503, {"hanging": "no answer within 0.02 s"})


async def test_asking_often_checks_once_in_a_while() -> None:
    runs: list[int] = []

    async def counted() -> None:
        runs.append(clock.ms)

    clock = Turned(1000)
    checks = Checks(clock, keep_ms=2000)
    checks.add("counted", counted)
    for ms in (1000, 1001, 2999, 3000, 3001):
        clock.ms = ms
        await checks.outcome()
    assert runs == [1000, 3000]


async def test_a_database_that_takes_no_writes_is_not_ready_and_is_again_when_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.db.database.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "congtac.db"
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate(database.engine)
    async with serving(database):
        check = database_check(database, Turned())
        await check()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotReady, match="does not take writes"):
            await check()
        other.close()
        await check()


async def test_tables_of_an_older_program_are_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'congtac.db'}")
    check = schema_check(database)
    with pytest.raises(NotReady, match="congtac admin migrate"):
        await check()
    await migrate(database.engine)
    await check()
    await database.close()
