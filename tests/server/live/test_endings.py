"""A stream ends with its session: on a real server, over a real connection."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from broker_config.ports import free_port
from server.serving import serve
from server.settings import Settings
from tests.server.accounts.test_passwords import GOOD
from tests.server.test_serving import thawed
from tests.waiting import until

__all__ = ["thawed"]

WITHIN_S = 5


@dataclass
class Place:
    """A server, and Lan's two browsers."""

    app: FastAPI
    folder: Path
    phone: httpx.AsyncClient
    laptop: httpx.AsyncClient

    async def id_of_phone(self) -> str:
        found: list[dict[str, Any]] = (await self.phone.get("/api/v1/sessions")).json()
        return next(row["id"] for row in found if row["this"])


@asynccontextmanager
async def place(folder: Path, **settings: Any) -> AsyncIterator[Place]:
    ports = {"port": free_port("127.0.0.1"), "broker_port": free_port("127.0.0.1")}
    given = Settings(data_dir=folder / "data", **ports, **settings)
    ready: list[FastAPI] = []
    task = asyncio.create_task(serve(given, on_ready=ready.append), name="serve")
    await until(lambda: ready or task.done())
    try:
        browser = {"base_url": given.address, "headers": {"Sec-Fetch-Site": "same-origin"}, "timeout": 15}
        async with httpx.AsyncClient(**browser) as phone, httpx.AsyncClient(**browser) as laptop:
            made = Place(ready[0], folder, phone, laptop)
            await phone.post(f"/sign-in/{ready[0].state.first_link}")
            owner = await ready[0].state.accounts.find_person()
            await laptop.post(f"/sign-in/{await ready[0].state.accounts.make_link(owner.id)}")
            yield made
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            await task


@asynccontextmanager
async def opened(client: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[bytes]]:
    async with client.stream("GET", "/api/v1/live") as stream, aclosing(stream.aiter_bytes()) as chunks:
        assert b"event: snapshot" in await anext(chunks)
        yield chunks


async def seconds_until_it_ends(chunks: AsyncIterator[bytes]) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(WITHIN_S + 10):
        async for _ in chunks:
            pass
    return loop.time() - started


async def signed_out(here: Place) -> None:
    await here.phone.post("/sign-out")


async def ended_from_elsewhere(here: Place) -> None:
    assert (await here.laptop.delete(f"/api/v1/sessions/{await here.id_of_phone()}")).status_code == 204


async def all_others_ended(here: Place) -> None:
    assert (await here.laptop.post("/account/sessions/end-others")).status_code == 303


async def password_changed(here: Place) -> None:
    assert (await here.laptop.post("/account/password", data={"login": "lan", "password": GOOD})).status_code == 303


async def ended_by_another_process(here: Place) -> None:
    with closing(sqlite3.connect(here.folder / "data" / "congtac.db", timeout=10)) as database, database:
        database.execute("DELETE FROM session WHERE id = ?", (await here.id_of_phone(),))


@pytest.mark.parametrize("how", [signed_out, ended_from_elsewhere, all_others_ended, password_changed, ended_by_another_process])
async def test_a_stream_ends_with_its_session_within_five_seconds(
    tmp_path: Path, how: Callable[[Place], Awaitable[None]]
) -> None:
    """Checklist 11."""
    async with place(tmp_path) as here, opened(here.laptop) as others, opened(here.phone) as chunks:
        await how(here)
        assert await seconds_until_it_ends(chunks) < WITHIN_S
        assert (await here.phone.get("/api/v1/snapshot")).status_code == 401
        assert b"event: " in await anext(others)


@pytest.mark.parametrize("limits", [{"session_idle_s": 3}, {"session_idle_s": 3, "session_absolute_s": 3}])
async def test_a_stream_ends_when_its_session_runs_out_since_listening_is_no_use_of_it(
    tmp_path: Path, limits: dict[str, int]
) -> None:
    """Checklist 11."""
    async with place(tmp_path, **limits) as here, opened(here.phone) as chunks:
        assert await seconds_until_it_ends(chunks) < 3 + WITHIN_S
        assert (await here.phone.get("/api/v1/snapshot")).status_code == 401


async def test_a_stream_shows_nothing_of_a_site_within_five_seconds_of_its_role_being_taken_away(tmp_path: Path) -> None:
    """Checklist 11."""
    async with place(tmp_path) as here, opened(here.phone) as chunks:
        site = (await here.phone.get("/api/v1/sites")).json()[0]["id"]
        owner = await here.app.state.accounts.find_person()
        await here.app.state.sites.set_role(site, owner.id, None)
        async with asyncio.timeout(WITHIN_S):
            while b'"sites":[]' not in await anext(chunks):
                pass
        before = here.phone.cookies["congtac"]
        assert (await here.phone.get("/api/v1/snapshot")).json()["sites"] == []
        assert here.phone.cookies["congtac"] != before
