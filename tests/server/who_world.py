"""A whole application with somebody of every kind in it, and requests that each of them can send to every route.

Lan owns the place, Minh operates it, Hoa looks, Ba is a guest who was given one lamp, and a stranger owns another place. `reader` and
`manager` are programs with tokens of Lan's, of which one may only look and the other may do all.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import FastAPI
from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.messages import About, ChannelAbout, ChannelKind
from protocol.schedules.rules import Deed, Weekly
from server.clock import now_ms
from server.commands.wish import Actor, Wish
from server.devices.enrol import enrol
from server.devices.models import Device
from server.ids import new_id
from server.sites import Member, Role
from server.web.assets import assets
from tests.server.test_app import running

DEVICE, OTHER_DEVICE = "d" * 16, "e" * 16
WHO: Final = ("nobody", "stranger", "guest", "viewer", "operator", "owner", "reader", "manager")
ROLES: Final = {"owner": Role.OWNER, "operator": Role.OPERATOR, "viewer": Role.VIEWER}


@dataclass
class WhoWorld:
    """The application and who is in it. Everybody comes with a session that was opened for the one request."""

    app: FastAPI
    http: httpx.AsyncClient
    site_id: str
    slug: str
    people: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def write(self, work: Callable[[AsyncSession], Any]) -> Any:
        return await self.app.state.database.writer.run(work)

    async def person(self, name: str, role: Role | None = None, session: bool = False) -> tuple[str, str]:
        """A new person with a role at the place, and where it is asked for the token of a session."""
        accounts = self.app.state.accounts

        async def add(writing: AsyncSession) -> tuple[str, str]:
            user_id = accounts.add_person(writing, name).id
            await writing.flush()
            if role is not None:
                writing.add(Member(site_id=self.site_id, user_id=user_id, role=role, since_ms=1))
            return user_id, await accounts.enter(writing, user_id, "") if session else ""

        return await self.write(add)  # type: ignore[no-any-return]

    async def settle_in(self) -> None:
        """Make who and what is not there yet."""
        self.people["owner"] = (await self.app.state.accounts.find_person()).id
        for who, name in (("operator", "Minh Thợ"), ("viewer", "Hoa Xem"), ("stranger", "Xa")):
            self.people[who], _ = await self.person(name)
        await self._add_devices(await self.write(self._other_site))
        for who, scopes in (("reader", ["read"]), ("manager", ["read", "command", "manage"])):
            made = await self.send("owner", "POST", "/api/v1/tokens", json={"name": who, "scopes": scopes})
            self.tokens[who] = made.json()["token"]

    async def _other_site(self, session: AsyncSession) -> str:
        other = self.app.state.sites.found(session, "khac", "Nơi khác", "UTC")
        await session.flush()
        session.add(Member(site_id=other.id, user_id=self.people["stranger"], role=Role.OWNER, since_ms=1))
        return str(other.id)

    async def _add_devices(self, other_site_id: str) -> None:
        board = self.app.state.switchboard
        for device_id, site_id in ((DEVICE, self.site_id), (OTHER_DEVICE, other_site_id)):
            row = Device(id=device_id, site_id=site_id, slug="may", name="Máy", created_ms=1)
            device = await enrol(self.app.state.database.writer, board.registry, row)
            outputs = tuple(ChannelAbout(id=it, name=it, kind=ChannelKind.OUTPUT) for it in ("den", "may-bom"))
            device.hear_about(About(model="kiểu lạ", version="1", channels=outputs))

    async def send(
        self, who: str, method: str, path: str, headers: Mapping[str, str] | None = None, **what: Any
    ) -> httpx.Response:
        """The request as that person, guest or program would send it."""
        self.http.cookies.clear()
        headers = {"Accept": "application/json", **(headers or {})}
        if who in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        elif who != "nobody":
            headers |= {"Cookie": f"congtac={await self.cookie(who)}", "Sec-Fetch-Site": "same-origin"}
        return await self.http.request(method, path, headers=headers, **what)

    async def cookie(self, who: str) -> str:
        """A new session's token."""
        if who == "guest":
            return (await self.app.state.guests.open(await self.guest_link()))[0]  # type: ignore[no-any-return]

        async def restore(session: AsyncSession) -> str:
            """What an earlier request gave or took is as it was."""
            await session.exec(
                delete(Member).where(col(Member.user_id) == self.people["stranger"], col(Member.site_id) == self.site_id)
            )
            for name, role in ROLES.items():
                await session.merge(Member(site_id=self.site_id, user_id=self.people[name], role=role, since_ms=1))
            return await self.app.state.accounts.enter(session, self.people[who], "")  # type: ignore[no-any-return]

        token: str = await self.write(restore)
        for user_id in self.people.values():
            self.app.state.accounts.forget(user_id)
        return token

    # ---- what stands in the places of an address

    async def place(self, name: str, path: str, who: str) -> str:
        """An object of the place that really is there: what an owner would find."""
        makers: dict[str, Callable[[], Any]] = {
            "user_id": lambda: self.person("Năm", Role.VIEWER),
            "invitation_id": self.invitation_id,
            "link_id": self.guest_link_id,
            "command_id": lambda: self.command_id(who),
            "schedule_id": self.schedule_id,
        }
        fixed = {"site_id": self.site_id, "slug": self.slug, "device_id": DEVICE, "channel": "den", "digest": assets().digest}
        if name in makers:
            made = await makers[name]()
            return made[0] if isinstance(made, tuple) else str(made)
        if name == "token":
            return await self._token(path)
        return fixed.get(name, "base.css" if name.startswith("name") else new_id())

    async def _token(self, path: str) -> str:
        if path.startswith("/invitations"):
            return (await self._invitation())[1]  # type: ignore[no-any-return]
        if path.startswith("/guest"):
            return await self.guest_link()
        return await self.app.state.accounts.make_link(self.people["viewer"])  # type: ignore[no-any-return]

    async def _invitation(self) -> Any:
        await self.cookie("owner")
        return await self.app.state.invitations.make(
            self.site_id, self.people["owner"], Role.VIEWER, once=True, expires_ms=now_ms() + 60_000
        )

    async def invitation_id(self) -> str:
        made = (await self._invitation())[0]
        return str(made.id)

    async def _link(self) -> Any:
        guests, channels = self.app.state.guests, {(DEVICE, "den")}
        for found in (await guests.list_open(self.site_id))[20:]:
            await guests.revoke(self.site_id, found.link.id, self.people["owner"])
        return await guests.make(
            self.site_id, self.people["owner"], "Ba", channels, expires_ms=now_ms() + 60_000, longest_on_s=60
        )

    async def guest_link(self) -> str:
        await self.cookie("owner")
        return str((await self._link())[1])

    async def guest_link_id(self) -> str:
        await self.cookie("owner")
        return str((await self._link())[0].id)

    async def command_id(self, who: str) -> str:
        """A command of Lan's that waits; nobody's own but hers."""
        wish = Wish(DEVICE, "den", on=who != "", when_online=True)
        command = await self.app.state.switchboard.desk.issue(Actor(f"user:{self.people['owner']}", "Lan"), wish)
        return str(command.id)

    async def schedule_id(self) -> str:
        """A schedule of Lan's, alone on its device."""
        await self.cookie("owner")
        schedules, by = self.app.state.schedules, self.people["owner"]
        for found in await schedules.of_device(DEVICE):
            await schedules.delete(found.id, by=by)
        deed = Deed(channel="den", when=Weekly(at="06:00"), on=True)
        return str((await schedules.add(self.site_id, DEVICE, deed, name="Sớm", enabled=True, by=by)).id)


@asynccontextmanager
async def who_world(folder: Path, **settings: Any) -> AsyncIterator[WhoWorld]:
    """The application, without a broker. More settings are given by name."""
    async with running(folder, **settings) as (app, http):
        [site] = app.state.switchboard.sites.values()
        world = WhoWorld(app, http, site["id"], site["slug"])
        await world.settle_in()
        yield world
