"""Founding sites, and deciding who is a member with which role."""

from collections.abc import Callable, Iterable

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.clock import Clock, now_ms
from server.db import Database
from server.ids import new_id
from server.sites.models import Member, Role, Site


class Sites:
    """Sites and their members. `on_member_change` is called with the person's id after each change of a role."""

    def __init__(self, database: Database, *, clock: Clock = now_ms) -> None:
        self._database = database
        self._clock = clock
        self.on_member_change: list[Callable[[str], None]] = []

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

    async def set_role(self, site_id: str, user_id: str, role: Role | None) -> None:
        """Give a person a role at a site, or with None take it away."""

        async def keep(session: AsyncSession) -> None:
            if role is None:
                await session.exec(delete(Member).where(col(Member.site_id) == site_id, col(Member.user_id) == user_id))
            else:
                await session.merge(Member(site_id=site_id, user_id=user_id, role=role, since_ms=self._clock()))

        await self._database.writer.run(keep)
        for told in self.on_member_change:
            told(user_id)
