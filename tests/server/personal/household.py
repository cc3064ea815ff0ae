"""Lan and Minh own a site with a device, on the application as it runs; Minh has done things, and has one of everything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.scopes import EVERY_SCOPE
from server.accounts.tokens.tokens import Wanted
from server.app import create_app
from server.commands.models import Command
from server.devices.models import ChannelReport, Device
from server.history.models import EventRow
from server.opening import migrate_database
from server.sites import Member, Role, Site
from tests.server.accounts.passkeys.authenticator import Authenticator
from tests.server.test_app import settings_of

HERE = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**HERE, "Accept": "text/html"}
DEVICE = "d" * 16
NOW = 1_790_000_000_000


@dataclass
class Household:
    """`http` is Minh's browser. `secrets`: what nobody may read anywhere."""

    app: FastAPI
    http: httpx.AsyncClient
    minh: str
    site: Site
    secrets: list[str]

    async def rows(self, table: Any) -> list[Any]:
        async with self.app.state.database.read() as session:
            return list((await session.exec(select(table))).all())

    async def keep(self, *rows: Any) -> None:
        async def add(session: AsyncSession) -> None:
            session.add_all(rows)

        await self.app.state.database.writer.run(add)


def command(number: int, actor_id: str, actor: str, **changes: Any) -> Command:
    given = {"fate": "applied", "channel": "den", "on": True, "created_ms": NOW, "expires_ms": NOW + 10_000, **changes}
    return Command(id=f"{number:032x}", device_id=DEVICE, actor_id=actor_id, actor=actor, **given)


def event(number: int, actor: str | None, command_id: str | None) -> EventRow:
    return EventRow(
        device_id=DEVICE, journal="j" * 16, seq=number, at_ms=NOW, clock="server", kind="switched", channel="den", on=True,
        cause="command", actor=actor, command=command_id, received_ms=NOW,
    )  # fmt: skip


@asynccontextmanager
async def household(folder: Path, *, role: Role = Role.OWNER, address: str = "") -> AsyncIterator[Household]:
    async with _running(folder, address) as (app, http):
        accounts, database = app.state.accounts, app.state.database
        async with database.read() as session:
            site = (await session.exec(select(Site))).one()

        async def settle(session: AsyncSession) -> str:
            minh = accounts.add_person(session, "Minh Đỗ")
            await session.flush()
            session.add(Member(site_id=site.id, user_id=minh.id, role=role, since_ms=NOW))
            session.add(Device(id=DEVICE, site_id=site.id, slug="tram", name="Trạm", created_ms=NOW))
            return minh.id

        minh: str = await database.writer.run(settle)
        link = await accounts.make_link(minh)
        assert (await http.post(f"/sign-in/{link}", headers=HERE)).status_code == 303
        home = Household(app, http, minh, site, [link, http.cookies["congtac"]])
        _, token = await accounts.tokens.make(minh, Wanted("Máy tính", EVERY_SCOPE))
        home.secrets.append(token)
        await _add_passkey(home)
        await _deeds(home)
        yield home


@asynccontextmanager
async def _running(folder: Path, address: str) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    settings = settings_of(folder).model_copy(update={"database_url": address})
    await migrate_database(settings)
    app = create_app(settings)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://congtac.test") as http:
        yield app, http


async def _add_passkey(home: Household) -> None:
    options = await home.http.post("/account/passkeys/options", headers=HERE)
    made = Authenticator().make(options.json())
    kept = await home.http.post("/account/passkeys", json={"name": "Điện thoại", "answer": made}, headers=HERE)
    assert kept.status_code == 201, kept.text


async def _deeds(home: Household) -> None:
    """Minh switched twice, once with the token; Lan once."""
    mine = f"user:{home.minh}"
    await home.keep(
        command(1, mine, "Minh Đỗ"), command(2, mine, "Minh Đỗ (Máy tính)", idempotency_key="k"), command(3, "user:lan", "Lan")
    )
    await home.keep(
        event(1, "Minh Đỗ", f"{1:032x}"),
        event(2, "Minh Đỗ (Máy tính)", f"{2:032x}"),
        event(3, "Lan", f"{3:032x}"),
        ChannelReport(device_id=DEVICE, channel="den", on=True, actor="Minh Đỗ (Máy tính)", told_ms=NOW),
        ChannelReport(device_id=DEVICE, channel="bom", on=True, actor="Lan", told_ms=NOW),
    )
