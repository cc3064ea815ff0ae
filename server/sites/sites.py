"""Founding and changing sites, and deciding who is a member with which role."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.clock import Clock, now_ms
from server.db import Database
from server.devices.slugs import slug_of
from server.errors import Problem
from server.ids import new_id
from server.sites.membership import change_role, must_own, owners_only
from server.sites.models import Member, Role, Site

Afterwards = Callable[[], Awaitable[None]]
Demotion = Callable[[AsyncSession, str, str], Awaitable[Afterwards]]

MOST_OWNED: Final = 50
LONGEST_SLUG: Final = 32


class Sites:
    """Sites and their members. Others are told of changes through lists of functions:

    `on_member_change` is called with the person's id after each change of a role, `on_site_change` with each site that a person
    founded or changed. `on_demotion` runs inside the transaction that takes ownership of a site from a
    person, so that what they handed out goes with it; what it returns is awaited after the commit. `after_role` is awaited with
    site, person and new role (None: none any more) after each change that an owner made, and after a leaving.
    """

    def __init__(self, database: Database, *, clock: Clock = now_ms) -> None:
        self._database = database
        self._clock = clock
        self.on_member_change: list[Callable[[str], None]] = []
        self.on_site_change: list[Callable[[Site], None]] = []
        self.on_demotion: list[Demotion] = []
        self.after_role: list[Callable[[str, str, Role | None], Awaitable[None]]] = []

    def found(self, session: AsyncSession, slug: str, name: str, timezone: str) -> Site:
        """A new site, in a transaction of the writer's."""
        site = Site(id=new_id(), slug=slug, name=name, timezone=timezone, created_ms=self._clock())
        session.add(site)
        return site

    async def find(self, site_ids: Iterable[str]) -> list[Site]:
        """Those of the sites that exist, by name."""
        wanted = select(Site).where(col(Site.id).in_(list(site_ids))).order_by(col(Site.name), col(Site.id))
        async with self._database.read() as session:
            return list((await session.exec(wanted)).all())

    async def find_by(self, *, site_id: str | None = None, slug: str | None = None) -> Site | None:
        """The site with that id, or that short name."""
        async with self._database.read() as session:
            return (await session.exec(select(Site).where(Site.id == site_id if site_id else Site.slug == slug))).first()

    async def set_role(self, site_id: str, user_id: str, role: Role | None) -> None:
        """Give a person a role at a site, or with None take it away: for who is above the rules, as the first start."""

        async def keep(session: AsyncSession) -> None:
            if role is None:
                await session.exec(delete(Member).where(col(Member.site_id) == site_id, col(Member.user_id) == user_id))
            else:
                await session.merge(Member(site_id=site_id, user_id=user_id, role=role, since_ms=self._clock()))

        await self._database.writer.run(keep)
        self.told(user_id)

    async def change_member(self, site_id: str, user_id: str, role: Role | None, by: str) -> None:
        """An owner gives a member another role, or removes one. Raises Problem 403, 404, or 409 where no owner would be left."""

        async def keep(session: AsyncSession) -> list[Afterwards]:
            await must_own(session, site_id, by)
            return await self._change(session, site_id, user_id, role)

        await self._finish(site_id, user_id, role, await self._database.writer.run(keep))

    async def leave(self, site_id: str, user_id: str) -> None:
        """A member leaves. Raises Problem 404, or 409 for the last owner."""
        afterwards = await self._database.writer.run(lambda session: self._change(session, site_id, user_id, None))
        await self._finish(site_id, user_id, None, afterwards)

    async def _change(self, session: AsyncSession, site_id: str, user_id: str, role: Role | None) -> list[Afterwards]:
        owned = await change_role(session, site_id, user_id, role)
        return [await end(session, site_id, user_id) for end in self.on_demotion] if owned and role is not Role.OWNER else []

    async def _finish(self, site_id: str, user_id: str, role: Role | None, afterwards: list[Afterwards]) -> None:
        self.told(user_id)
        for finish in afterwards:
            await finish()
        for told in self.after_role:
            await told(site_id, user_id, role)

    async def add(self, name: str, timezone: str, owner_id: str) -> Site:
        """A further site of a person who owns one. Raises Problem 403, or 409 for who owns very many."""

        async def keep(session: AsyncSession) -> Site:
            owned = (
                select(func.count()).select_from(Member).where(col(Member.user_id) == owner_id, col(Member.role) == Role.OWNER)
            )
            count = (await session.exec(owned)).one()
            if not count:
                raise owners_only()
            if count >= MOST_OWNED:
                raise Problem(409, "too_many_sites", "You own very many places", f"At most {MOST_OWNED}.")
            taken = (await session.exec(select(Site.slug))).all()
            site = self.found(session, slug_of(name, taken, otherwise="site", longest=LONGEST_SLUG), name, timezone)
            await session.flush()
            session.add(Member(site_id=site.id, user_id=owner_id, role=Role.OWNER, since_ms=site.created_ms))
            return site

        site = await self._database.writer.run(keep)
        self._site_changed(site)
        self.told(owner_id)
        return site

    async def change(self, site_id: str, by: str, **fields: Any) -> Site:
        """An owner changes `name`, `timezone`, `tariff_vnd_kwh`, `latitude` or `longitude`. Raises Problem 403 or 404."""

        async def keep(session: AsyncSession) -> Site:
            await must_own(session, site_id, by)
            site = (await session.exec(select(Site).where(Site.id == site_id))).one()
            session.add(site.sqlmodel_update(fields))
            return site

        site = await self._database.writer.run(keep)
        self._site_changed(site)
        return site

    def told(self, user_id: str) -> None:
        """This person's roles are not what they were."""
        for told in self.on_member_change:
            told(user_id)

    def _site_changed(self, site: Site) -> None:
        for told in self.on_site_change:
            told(site)
