"""The rules of guest links: made and revoked by owners, opened by whoever has one, and what a guest then is."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Grants, LinkRefused, Principal
from server.accounts.asking import GUEST_MARK
from server.accounts.cache import PrincipalCache
from server.clock import Clock, now_ms
from server.db import Database, Hot, StorageError, WriterBusy
from server.errors import Problem
from server.guests.models import GuestChannel, GuestLink, GuestSession
from server.ids import hashed, new_id, new_secret
from server.sites import Site, Sites
from server.sites.membership import must_own
from server.sites.sites import Afterwards

MOST_OPEN: Final = 100
MOST_SESSIONS: Final = 500
LONGEST_MS: Final = 93 * 24 * 3600 * 1000
NOTED_EVERY_MS: Final = 60_000

_USED: Final = Hot(
    update(GuestLink).where(col(GuestLink.id) == bindparam("of_link")).values(last_used_ms=bindparam("at_ms")), rank=92
)


@dataclass(frozen=True, slots=True)
class LinkNow:
    """An open link with its site and the channels that it grants, each a device's id and a channel's."""

    link: GuestLink
    site: Site
    channels: frozenset[tuple[str, str]]


class Guests:
    """All guest links and their sessions. `on_end` is awaited with the actor of each link that an owner ended."""

    def __init__(
        self, database: Database, sites: Sites, *, clock: Clock = now_ms, new_token: Callable[[], str] = new_secret
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_token = new_token
        self._cache = PrincipalCache(self._load, clock)
        self.on_end: list[Callable[[str], Awaitable[None]]] = []
        sites.on_demotion.append(self._end_all_of)

    # ---- owners

    async def make(
        self, site_id: str, by: str, name: str, channels: Collection[tuple[str, str]], *, expires_ms: int, longest_on_s: int
    ) -> tuple[GuestLink, str]:
        """A new link by an owner, and its token, which is kept nowhere. Whether the channels are the site's, the caller knows.

        Raises Problem 403, 404, 409, or 422 for a date that is past or too far away.
        """
        now = self._clock()
        if not now < expires_ms <= now + LONGEST_MS:
            raise Problem(422, "not_valid", "Not valid", "expires_ms: a date to come, at most 93 days away")
        token = self._new_token()
        link = GuestLink(
            id=new_id(),
            token_hash=hashed(token),
            site_id=site_id,
            name=name,
            made_by=by,
            created_ms=now,
            expires_ms=expires_ms,
            longest_on_s=longest_on_s,
        )

        async def keep(session: AsyncSession) -> None:
            await must_own(session, site_id, by)
            count = select(func.count()).select_from(GuestLink).where(GuestLink.site_id == site_id, *self._open())
            if (await session.exec(count)).one() >= MOST_OPEN:
                raise Problem(409, "too_many_open", "Too many open links", f"At most {MOST_OPEN}. Revoke some first.")
            session.add(link)
            await session.flush()
            session.add_all(GuestChannel(link_id=link.id, device_id=device, channel=it) for device, it in channels)

        await self._database.writer.run(keep)
        return link, token

    async def list_open(self, site_id: str) -> list[LinkNow]:
        """A site's links that still work, the newest first."""
        wanted = select(GuestLink, Site).join(Site).where(GuestLink.site_id == site_id, *self._open())
        async with self._database.read() as session:
            rows = (await session.exec(wanted.order_by(col(GuestLink.created_ms).desc()))).all()
            ids = [link.id for link, _ in rows]
            granted = (await session.exec(select(GuestChannel).where(col(GuestChannel.link_id).in_(ids)))).all()
        return [LinkNow(link, site, _channels(it for it in granted if it.link_id == link.id)) for link, site in rows]

    async def revoke(self, site_id: str, link_id: str, by: str) -> None:
        """End a link, and with it all its sessions. Raises Problem 403, or 404 where the site has no such open link."""

        async def end(session: AsyncSession) -> list[str]:
            await must_own(session, site_id, by)
            ended = await self._end(session, col(GuestLink.id) == link_id, col(GuestLink.site_id) == site_id)
            if not ended:
                raise Problem(404, "unknown_guest_link", "There is no such open link", "It may have run out by now.")
            return ended

        await self._ended(await self._database.writer.run(end))

    async def ended_among(self, link_ids: Collection[str]) -> list[str]:
        """Those of the links that do not work any more."""
        works = select(GuestLink.id).where(col(GuestLink.id).in_(list(link_ids)), *self._open())
        async with self._database.read() as session:
            open_ids = set(await session.exec(works))
        return [link_id for link_id in link_ids if link_id not in open_ids]

    # ---- guests

    async def look(self, token: str) -> LinkNow:
        """What the link offers; looking opens nothing. Raises LinkRefused."""
        async with self._database.read() as session:
            return await self._find(session, GuestLink.token_hash == hashed(token))

    async def open(self, token: str) -> tuple[str, int]:
        """Open the link in a browser: the token of a guest's session, and for how many seconds it lasts. Raises LinkRefused."""
        secret, now = GUEST_MARK + self._new_token(), self._clock()

        async def begin(session: AsyncSession) -> int:
            found = await self._find(session, GuestLink.token_hash == hashed(token))
            mine = select(GuestSession.token_hash).where(GuestSession.link_id == found.link.id)
            kept = mine.order_by(col(GuestSession.created_ms).desc()).limit(MOST_SESSIONS - 1)
            too_old = (col(GuestSession.link_id) == found.link.id, col(GuestSession.token_hash).not_in(kept))
            await session.exec(delete(GuestSession).where(*too_old))
            session.add(GuestSession(token_hash=hashed(secret), link_id=found.link.id, created_ms=now))
            return -((now - found.link.expires_ms) // 1000)

        return secret, await self._database.writer.run(begin)

    async def close(self, token: str) -> None:
        """End a guest's session, if it is one."""

        async def end(session: AsyncSession) -> None:
            await session.exec(delete(GuestSession).where(col(GuestSession.token_hash) == hashed(token)))

        await self._database.writer.run(end)
        self._cache.forget(hashed(token))

    async def principal(self, token: str) -> Principal | None:
        """Whose session it is, None for none. At most 2 s old; not a moment after the link has run out."""
        found = await self._cache.get(hashed(token))
        over = found is None or found.guest is None or found.guest.until_ms <= self._clock()
        return None if over else found

    async def _load(self, key: str) -> Principal | None:
        async with self._database.read() as session:
            opened = await session.get(GuestSession, key)
            if opened is None:
                return None
            try:
                found = await self._find(session, GuestLink.id == opened.link_id)
            except LinkRefused:
                return None
        link = found.link
        if link.last_used_ms is None or self._clock() - link.last_used_ms > NOTED_EVERY_MS:
            self._note_use(link.id)
        grants = Grants(link.id, link.site_id, found.channels, link.longest_on_s, link.expires_ms)
        return Principal(link.id, link.name, {}, guest=grants)

    def _note_use(self, link_id: str) -> None:
        """Without waiting: a guest is served also while nothing can be written."""
        with suppress(WriterBusy, StorageError):
            noted = self._database.writer.submit(_USED(of_link=link_id, at_ms=self._clock()))
            noted.add_done_callback(lambda done: done.cancelled() or done.exception())

    # ---- both

    async def _find(self, session: AsyncSession, which: ColumnElement[bool] | bool) -> LinkNow:
        row = (await session.exec(select(GuestLink, Site).join(Site).where(which, *self._open()))).first()
        if row is None:
            raise LinkRefused
        granted = await session.exec(select(GuestChannel).where(GuestChannel.link_id == row[0].id))
        return LinkNow(row[0], row[1], _channels(granted))

    def _open(self) -> tuple[ColumnElement[bool], ...]:
        return col(GuestLink.ended_ms).is_(None), col(GuestLink.expires_ms) > self._clock()

    async def _end(self, session: AsyncSession, *which: ColumnElement[bool]) -> list[str]:
        ended = update(GuestLink).where(*which, *self._open()).values(ended_ms=self._clock()).returning(col(GuestLink.id))
        ids = [link_id for (link_id,) in await session.exec(ended)]
        await session.exec(delete(GuestSession).where(col(GuestSession.link_id).in_(ids)))
        return ids

    async def _end_all_of(self, session: AsyncSession, site_id: str, user_id: str) -> Afterwards:
        """Who no longer owns a site has no way back in through a link of their own."""
        ended = await self._end(session, col(GuestLink.site_id) == site_id, col(GuestLink.made_by) == user_id)
        return lambda: self._ended(ended)

    async def _ended(self, link_ids: Collection[str]) -> None:
        for link_id in link_ids:
            self._cache.forget_person(link_id)
            for told in self.on_end:
                await told(f"guest:{link_id}")


def _channels(granted: Iterable[GuestChannel]) -> frozenset[tuple[str, str]]:
    return frozenset((it.device_id, it.channel) for it in granted)
