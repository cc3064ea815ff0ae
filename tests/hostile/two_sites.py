"""Two sites on one server: Lan owns the first and Hoa may look there; Sang owns the second, of which they must never learn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.devices.adding import add_device
from server.sites import Member, Role, Sites
from tests.processes import System, running_system
from tests.waiting import eventually, until

SECRETS = ("ben-kia-suoi", "Bên kia suối", "Máy nhà Sang", "may-nha-sang", "Sang-cua-ben-kia")
"""Slug and name of the second site, name and slug of its device, name of its owner."""


@dataclass
class TwoSites:
    """`ours` and `theirs`: (site id, device id) of each; `spare`: another device of the first, at which nobody aims.

    `hidden`: all that must never be told to those of the first site.
    """

    system: System
    ours: tuple[str, str]
    theirs: tuple[str, str]
    spare: str

    @property
    def hidden(self) -> tuple[str, ...]:
        return (*SECRETS, *self.theirs)


@asynccontextmanager
async def two_sites(folder: Path) -> AsyncIterator[TwoSites]:
    async with running_system(folder, commands_per_minute=100_000) as system:
        await system.add_person("Hoa", Role.VIEWER)
        device, spare = await system.add_device("Nhà màng"), await system.add_device("Trạm bơm")
        async with system.visitor() as lan:

            async def online() -> bool:
                found: list[dict[str, Any]] = (await lan.get("/api/v1/snapshot")).json()["devices"]
                return [it["presence"] for it in found] == ["online", "online"]

            await eventually(online)
            ours = (await lan.get("/api/v1/sites")).json()[0]["id"]
        theirs = await _other_site(system, folder)
        await system.server.stop()
        await system.start_server()
        await until(lambda: "listens" in system.server.said())
        yield TwoSites(system, (ours, device.id), theirs, spare.id)


async def _other_site(system: System, folder: Path) -> tuple[str, str]:
    async with system.database() as database:
        accounts, sites = system._accounts(database), Sites(database)

        async def make(session: Any) -> str:
            site = sites.found(session, SECRETS[0], SECRETS[1], "Asia/Ho_Chi_Minh")
            owner = accounts.add_person(session, SECRETS[4])
            await session.flush()
            session.add(Member(site_id=site.id, user_id=owner.id, role=Role.OWNER, since_ms=0))
            return site.id

        site_id = await database.writer.run(make)
        added = await add_device(database, system.settings, SECRETS[0], SECRETS[2], folder / "theirs.json")
    return site_id, added.id
