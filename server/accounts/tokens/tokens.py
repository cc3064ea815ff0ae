"""Making, finding and ending API tokens."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import User
from server.accounts.principal import Principal
from server.accounts.scopes import Scope, as_text, from_text, narrowed
from server.accounts.sessions import roles_of
from server.accounts.tokens.models import ApiToken
from server.accounts.tokens.secret import may_be_real, new_token
from server.clock import Clock
from server.db import Database, Hot, StorageError, WriterBusy
from server.errors import Problem
from server.ids import hashed, new_id

MOST_A_PERSON: Final = 50
SEEN_EVERY_MS: Final = 60_000
_KEY: Final = "token:"

_USED: Final = Hot(
    update(ApiToken).where(col(ApiToken.token_hash) == bindparam("of_token")).values(used_ms=bindparam("at_ms")), rank=91
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token that somebody wants: `site_id` None for all sites, `ends_ms` None for no end."""

    name: str
    scopes: frozenset[Scope]
    site_id: str | None = None
    ends_ms: int | None = None


class Tokens:
    """All API tokens. `forget(key)` is called when what is remembered of a token no longer holds."""

    def __init__(
        self, database: Database, *, clock: Clock, forget: Callable[[str], None], new_secret: Callable[[], str] = new_token
    ) -> None:
        self._database = database
        self._clock = clock
        self._forget = forget
        self._new_secret = new_secret

    async def make(self, user_id: str, wanted: Wanted) -> tuple[ApiToken, str]:
        """A new token's row, and the token itself, which nobody can find out later. Raises Problem 409 when there are too many."""
        secret, now = self._new_secret(), self._clock()
        row = ApiToken(
            id=new_id(),
            token_hash=hashed(secret),
            user_id=user_id,
            name=wanted.name,
            scopes=as_text(wanted.scopes),
            site_id=wanted.site_id,
            created_ms=now,
            ends_ms=wanted.ends_ms,
        )

        async def keep(session: AsyncSession) -> ApiToken:
            of_person = select(func.count()).select_from(ApiToken).where(col(ApiToken.user_id) == user_id)
            if (await session.exec(of_person)).one() >= MOST_A_PERSON:
                raise Problem(409, "too_many_tokens", "Too many tokens", "Revoke one that nobody uses, then make the new one.")
            session.add(row)
            await session.flush()
            session.expunge(row)
            return row

        return await self._database.writer.run(keep), secret

    async def of_person(self, user_id: str) -> list[ApiToken]:
        """That person's tokens, the newest first, those that have ended included."""
        wanted = select(ApiToken).where(ApiToken.user_id == user_id).order_by(col(ApiToken.created_ms).desc(), col(ApiToken.id))
        async with self._database.read() as session:
            return list((await session.exec(wanted)).all())

    async def revoke(self, user_id: str, token_id: str) -> None:
        """End a person's token, at once. Raises Problem 404 for one that is not there, or is somebody else's."""
        own = delete(ApiToken).where(col(ApiToken.id) == token_id, col(ApiToken.user_id) == user_id)

        async def end(session: AsyncSession) -> str | None:
            gone = (await session.exec(own.returning(col(ApiToken.token_hash)))).first()
            return gone[0] if gone is not None else None

        token_hash = await self._database.writer.run(end)
        if token_hash is None:
            raise Problem(404, "unknown_token", "There is no such token", "It may have been revoked already.")
        self._forget(_KEY + token_hash)

    @staticmethod
    def key(token: str) -> str | None:
        """What a token's principal is remembered by; None for what no token of ours can be."""
        return _KEY + hashed(token) if may_be_real(token) else None

    @staticmethod
    def is_key(key: str) -> bool:
        """Whether `key` made this."""
        return key.startswith(_KEY)

    async def load(self, key: str) -> Principal | None:
        """Whose token it is, with what it may do; None for one that is not there or has ended."""
        token_hash, now = key.removeprefix(_KEY), self._clock()
        async with self._database.read() as session:
            found = (await session.exec(select(ApiToken, User).join(User).where(ApiToken.token_hash == token_hash))).first()
            if found is None or (found[0].ends_ms is not None and found[0].ends_ms <= now):
                return None
            roles = await roles_of(session, found[1].id)
        token, person = found
        if token.used_ms is None or now - token.used_ms >= SEEN_EVERY_MS:
            self._note_used(token_hash, now)
        scopes = from_text(token.scopes)
        left = narrowed(roles, scopes, token.site_id)
        return Principal(person.id, f"{person.name} ({token.name})", left, scopes=scopes, token_id=token.id)

    def _note_used(self, token_hash: str, now: int) -> None:
        """Without waiting: a program is served also while nothing can be written."""
        with suppress(WriterBusy, StorageError):
            noted = self._database.writer.submit(_USED(of_token=token_hash, at_ms=now))
            noted.add_done_callback(lambda done: done.cancelled() or done.exception())
