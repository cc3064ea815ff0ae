"""Sessions: opened, renewed under a new token, proved anew, ended.

A token changes when its person's roles did, wherever they were changed: whoever got hold of one does not gain what its person
gains. The new token is made from the old one and a nonce, so that all who come with the old one at once get the same. The old one
is good for a while longer, since an answer can be lost on its way: ten minutes, or ten seconds from when the new one was seen.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Session
from server.clock import Clock
from server.db import Database, Hot, Op, StorageError, WriterBusy
from server.ids import hashed, new_id
from server.sites.models import Member, Role

UNSEEN_MS: Final = 600_000
OVERLAP_MS: Final = 10_000
NOTED_EVERY_S: Final = 300

_SEEN = Hot(update(Session).where(col(Session.id) == bindparam("of_id")).values(seen_ms=bindparam("at_ms")), rank=90)
_ARRIVED = Hot(
    update(Session)
    .where(col(Session.id) == bindparam("of_id"), col(Session.former_ms) > bindparam("at_ms"))
    .values(former_ms=bindparam("at_ms")),
    rank=91,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long links work, sessions last and a proof of identity counts, in seconds."""

    link_s: int
    idle_s: int
    absolute_s: int
    proof_s: int = 900


def mark_of(roles: Mapping[str, Role]) -> str:
    """What tells these roles from others, in 16 letters."""
    text = ",".join(f"{site_id}={role}" for site_id, role in sorted(roles.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def by_token(key: str, now: int) -> ColumnElement[bool]:
    """Whose token has that hash, or had it a moment ago."""
    return or_(col(Session.token_hash) == key, and_(col(Session.former_hash) == key, col(Session.former_ms) > now))


class Sessions:
    """The sessions of all people."""

    def __init__(self, database: Database, limits: Limits, clock: Clock, new_token: Callable[[], str]) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._new_token = new_token

    async def open(self, session: AsyncSession, user_id: str, browser: str) -> str:
        """The token of a new session of who has just proved to be that person, in a transaction of the writer's.

        Those of the person's that are over are forgotten.
        """
        secret, now = self._new_token(), self._clock()
        over = (col(Session.ends_ms) <= now) | (col(Session.seen_ms) <= now - self._limits.idle_s * 1000)
        await session.exec(delete(Session).where(col(Session.user_id) == user_id, over))
        roles = await roles_of(session, user_id)
        session.add(
            Session(
                token_hash=hashed(secret),
                id=new_id(),
                user_id=user_id,
                created_ms=now,
                seen_ms=now,
                proved_ms=now,
                ends_ms=now + self._limits.absolute_s * 1000,
                browser=browser[:40],
                roles_mark=mark_of(roles),
            )
        )
        return secret

    def lives(self, row: Session) -> bool:
        """Whether it has not reached its end, nor been left unused for too long."""
        now = self._clock()
        return row.ends_ms > now and row.seen_ms + self._limits.idle_s * 1000 > now

    async def renew(self, token: str) -> str | None:
        """The token that takes this one's place, always the same for the same one. None: there is no such session any more."""
        key, now = hashed(token), self._clock()

        async def exchange(session: AsyncSession) -> str | None:
            row = (await session.exec(select(Session).where(by_token(key, now)).with_for_update())).first()
            if row is None or not self.lives(row):
                return None
            if row.former_hash == key and row.nonce is not None:
                return successor(token, row.nonce)
            row.nonce = self._new_token()
            secret = successor(token, row.nonce)
            row.token_hash, row.former_hash, row.former_ms = hashed(secret), key, now + UNSEEN_MS
            row.roles_mark = mark_of(await roles_of(session, row.user_id))
            session.add(row)
            return secret

        return await self._database.writer.run(exchange)

    async def prove(self, session_id: str) -> None:
        """Their person has proved anew who they are: it counts from now, and the token is to change."""

        async def note(session: AsyncSession) -> None:
            proved = update(Session).where(col(Session.id) == session_id)
            await session.exec(proved.values(proved_ms=self._clock(), roles_mark=""))

        await self._database.writer.run(note)

    async def end(self, *which: ColumnElement[bool]) -> list[str]:
        """End those sessions, and return whose they were."""

        async def drop(session: AsyncSession) -> list[str]:
            ended = await session.exec(delete(Session).where(*which).returning(col(Session.user_id)))
            return [user_id for (user_id,) in ended]

        return await self._database.writer.run(drop)

    def note_use(self, row: Session, key: str) -> None:
        """A request came with that token: remember when, and that a new token has arrived."""
        now = self._clock()
        if now - row.seen_ms > min(NOTED_EVERY_S, self._limits.idle_s / 10) * 1000:
            self._submit(_SEEN(of_id=row.id, at_ms=now))
        if key == row.token_hash and row.former_ms is not None and row.former_ms > now + OVERLAP_MS:
            self._submit(_ARRIVED(of_id=row.id, at_ms=now + OVERLAP_MS))

    def _submit(self, op: Op) -> None:
        """Without waiting: who is signed in is served also while nothing can be written."""
        with suppress(WriterBusy, StorageError):
            self._database.writer.submit(op).add_done_callback(_look_away)


async def roles_of(session: AsyncSession, user_id: str) -> dict[str, Role]:
    """A person's roles by site."""
    members = (await session.exec(select(Member).where(Member.user_id == user_id))).all()
    return {member.site_id: Role(member.role) for member in members}


def successor(token: str, nonce: str) -> str:
    """The token after this one: 256 bits that need both to be known."""
    return hmac.new(token.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def _look_away(done: Any) -> None:
    if not done.cancelled():
        done.exception()
