"""The rules of inviting: made by owners, looked at by anybody who has the link, accepted once or until a date."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Accounts, LinkRefused
from server.accounts.models import User
from server.clock import Clock, now_ms
from server.db import Database
from server.errors import Problem
from server.ids import hashed, new_id, new_secret
from server.invitations.models import Invitation
from server.sites import Role, Site, Sites
from server.sites.membership import admit, must_own
from server.sites.sites import Afterwards

MOST_OPEN: Final = 100
MOST_USES: Final = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """What the link offers: which role, where, and who invites (None: somebody who is gone)."""

    invitation: Invitation
    site: Site
    inviter: str | None


class Invitations:
    """All invitations. What cannot be accepted any more, and what never could, get the same answer: LinkRefused."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        sites: Sites,
        *,
        clock: Clock = now_ms,
        new_token: Callable[[], str] = new_secret,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._sites = sites
        self._clock = clock
        self._new_token = new_token
        sites.on_demotion.append(self._end_all_of)

    async def make(
        self, site_id: str, by: str, role: Role, *, once: bool, expires_ms: int | None, note: str = ""
    ) -> tuple[Invitation, str]:
        """A new invitation by an owner, and its token, which is kept nowhere. Raises Problem 403, 404, 409, or 422 without an end."""
        now = self._clock()
        if (expires_ms is None and not once) or (expires_ms is not None and expires_ms <= now):
            raise Problem(422, "not_valid", "Not valid", "An invitation works once, or until a date to come, or both.")
        token = self._new_token()
        invitation = Invitation(
            id=new_id(),
            token_hash=hashed(token),
            site_id=site_id,
            role=role,
            note=note,
            invited_by=by,
            created_ms=now,
            expires_ms=expires_ms,
            once=once,
            uses=0,
        )

        async def keep(session: AsyncSession) -> None:
            await must_own(session, site_id, by)
            count = select(func.count()).select_from(Invitation).where(Invitation.site_id == site_id, *self._open())
            if (await session.exec(count)).one() >= MOST_OPEN:
                raise Problem(409, "too_many_open", "Too many open links", f"At most {MOST_OPEN}. Revoke some first.")
            session.add(invitation)

        await self._database.writer.run(keep)
        return invitation, token

    async def list_open(self, site_id: str) -> list[Offer]:
        """Those of a site that can still be accepted, the newest first."""
        wanted = self._offers().where(Invitation.site_id == site_id, *self._open()).order_by(col(Invitation.created_ms).desc())
        async with self._database.read() as session:
            return [Offer(*row) for row in await session.exec(wanted)]

    async def revoke(self, site_id: str, invitation_id: str, by: str) -> None:
        """End one. Raises Problem 403, or 404 where the site has no such open invitation."""

        async def end(session: AsyncSession) -> None:
            await must_own(session, site_id, by)
            mine = (col(Invitation.id) == invitation_id, col(Invitation.site_id) == site_id)
            ended = update(Invitation).where(*mine, *self._open()).values(ended_ms=self._clock())
            if not (await session.exec(ended.returning(col(Invitation.id)))).all():
                raise Problem(404, "unknown_invitation", "There is no such open invitation", "It may have been used by now.")

        await self._database.writer.run(end)

    async def _end_all_of(self, session: AsyncSession, site_id: str, user_id: str) -> Afterwards:
        """Who no longer owns a site has no way back in through a link of their own."""
        theirs = (col(Invitation.site_id) == site_id, col(Invitation.invited_by) == user_id)
        await session.exec(update(Invitation).where(*theirs, *self._open()).values(ended_ms=self._clock()))
        return _nothing_more

    async def look(self, token: str) -> Offer:
        """What the link offers; looking uses nothing up. Raises LinkRefused."""
        async with self._database.read() as session:
            return await self._find(session, token)

    async def accept(self, token: str, user_id: str) -> Site:
        """A person who is signed in becomes a member, and keeps a role that may do more. Raises LinkRefused."""

        async def take(session: AsyncSession) -> Site:
            offer = await self._find(session, token)
            if await admit(session, offer.site.id, user_id, Role(offer.invitation.role), self._clock()):
                await self._use(session, token)
            return offer.site

        site = await self._database.writer.run(take)
        self._sites.told(user_id)
        return site

    async def accept_as_new(self, token: str, name: str, browser: str = "") -> str:
        """Somebody without an account gets one with that name, and a session: its token. Raises LinkRefused, BadName."""

        async def take(session: AsyncSession) -> str:
            offer = await self._find(session, token)
            person = self._accounts.add_person(session, name)
            await session.flush()
            await admit(session, offer.site.id, person.id, Role(offer.invitation.role), self._clock())
            await self._use(session, token)
            await session.flush()
            return await self._accounts.enter(session, person.id, browser)

        return await self._database.writer.run(take)

    async def _find(self, session: AsyncSession, token: str) -> Offer:
        row = (await session.exec(self._offers().where(Invitation.token_hash == hashed(token), *self._open()))).first()
        if row is None:
            raise LinkRefused
        return Offer(*row)

    async def _use(self, session: AsyncSession, token: str) -> None:
        """Count a use; it is the one that counts where two come at once, since the row is changed only while it is open."""
        now = self._clock()
        used = update(Invitation).where(col(Invitation.token_hash) == hashed(token), *self._open())
        used = used.values(uses=col(Invitation.uses) + 1).returning(col(Invitation.once))
        row = (await session.exec(used)).first()
        if row is None:
            raise LinkRefused
        if row[0]:
            await session.exec(update(Invitation).where(col(Invitation.token_hash) == hashed(token)).values(ended_ms=now))

    def _open(self) -> tuple[ColumnElement[bool], ...]:
        expires = col(Invitation.expires_ms)
        in_time = or_(expires.is_(None), expires > self._clock())
        return col(Invitation.ended_ms).is_(None), in_time, col(Invitation.uses) < MOST_USES

    @staticmethod
    def _offers() -> Any:
        """A query of invitations with their site and who made them."""
        return (
            select(Invitation, Site, User.name)
            .join(Site, col(Site.id) == col(Invitation.site_id))
            .outerjoin(User, col(User.id) == col(Invitation.invited_by))
        )


async def _nothing_more() -> None:
    """What follows the end of an invitation."""
