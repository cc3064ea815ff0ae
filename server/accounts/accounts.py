"""The rules of getting in and staying in."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.cache import PrincipalCache
from server.accounts.models import Session, SignInLink, User
from server.accounts.principal import Principal
from server.clock import Clock, now_ms
from server.db import Database, Hot, StorageError, WriterBusy
from server.errors import Problem
from server.ids import hashed, new_id, new_secret
from server.names import clean_name
from server.sites.models import Member, Role

LinkUsed = Callable[[str], None]

_SEEN = Hot(
    update(Session).where(col(Session.token_hash) == bindparam("of_session")).values(seen_ms=bindparam("at_ms")),
    rank=90,
)


class LinkRefused(Problem):
    """A sign-in link that was used, has run out, or never was: the answer does not tell which."""

    def __init__(self) -> None:
        super().__init__(
            410, "link_refused", "This link no longer works", "It was used or has run out. Ask the owner for a new one."
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How long links work and sessions last, in seconds."""

    link_s: int
    idle_s: int
    absolute_s: int


class Accounts:
    """People, links and sessions. `on_link_used` is called with the person's id after each sign-in through a link."""

    def __init__(
        self, database: Database, limits: Limits, *, clock: Clock = now_ms, new_token: Callable[[], str] = new_secret
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._new_token = new_token
        self._cache = PrincipalCache(self._load, clock)
        self.on_link_used: list[LinkUsed] = []

    @property
    def session_s(self) -> int:
        """The longest that a session lasts, in seconds."""
        return self._limits.absolute_s

    async def any_person(self) -> bool:
        """Whether there is anybody yet."""
        async with self._database.read() as session:
            return (await session.exec(select(User.id).limit(1))).first() is not None

    async def find_person(self, name: str | None = None) -> User | None:
        """The person with that name; with no name, the first owner."""
        wanted = select(User).where(User.name == name)
        if name is None:
            wanted = select(User).join(Member, col(Member.user_id) == col(User.id)).where(Member.role == Role.OWNER)
        async with self._database.read() as session:
            return (await session.exec(wanted.order_by(col(User.created_ms)).limit(1))).first()

    def add_person(self, session: AsyncSession, name: str) -> User:
        """A new person, in a transaction of the writer's. Raises BadName."""
        person = User(id=new_id(), name=clean_name(name), created_ms=self._clock())
        session.add(person)
        return person

    async def make_link(self, user_id: str) -> str:
        """The token of a new sign-in link for a person. Only its hash is kept."""
        token, now = self._new_token(), self._clock()
        link = SignInLink(token_hash=hashed(token), user_id=user_id, created_ms=now, expires_ms=now + self._limits.link_s * 1000)

        async def keep(session: AsyncSession) -> None:
            session.add(link)

        await self._database.writer.run(keep)
        return token

    async def check_link(self, token: str) -> None:
        """Whether the link would let somebody in; looking uses nothing up. Raises LinkRefused."""
        async with self._database.read() as session:
            link = await session.get(SignInLink, hashed(token))
        if link is None or link.used_ms is not None or link.expires_ms <= self._clock():
            raise LinkRefused

    async def sign_in(self, token: str) -> str:
        """Use a link up, and return the token of a new session. Raises LinkRefused."""
        secret, now = self._new_token(), self._clock()

        async def use(session: AsyncSession) -> str:
            unused = update(SignInLink).where(
                col(SignInLink.token_hash) == hashed(token), col(SignInLink.used_ms).is_(None), col(SignInLink.expires_ms) > now
            )
            used = (await session.exec(unused.values(used_ms=now).returning(col(SignInLink.user_id)))).first()
            if used is None:
                raise LinkRefused
            user_id: str = used[0]
            ends_ms = now + self._limits.absolute_s * 1000
            session.add(Session(token_hash=hashed(secret), user_id=user_id, created_ms=now, seen_ms=now, ends_ms=ends_ms))
            return user_id

        user_id = await self._database.writer.run(use)
        for told in self.on_link_used:
            told(user_id)
        return secret

    async def sign_out(self, token: str) -> None:
        """End a session, if it is one."""
        key = hashed(token)

        async def end(session: AsyncSession) -> None:
            await session.exec(delete(Session).where(col(Session.token_hash) == key))

        await self._database.writer.run(end)
        self._cache.forget(key)

    async def principal(self, token: str) -> Principal | None:
        """Whose session it is, None for none. What it says is at most 2 s old; changes made through this process show at once."""
        return await self._cache.get(hashed(token))

    def forget(self, user_id: str) -> None:
        """Look that person's roles up again when they next ask: after every change of membership."""
        self._cache.forget_person(user_id)

    async def _load(self, key: str) -> Principal | None:
        now = self._clock()
        async with self._database.read() as session:
            found = (await session.exec(select(Session, User).join(User).where(Session.token_hash == key))).first()
            if found is None or found[0].ends_ms <= now or found[0].seen_ms + self._limits.idle_s * 1000 <= now:
                return None
            members = (await session.exec(select(Member).where(Member.user_id == found[1].id))).all()
        if now - found[0].seen_ms > min(3600, self._limits.idle_s / 10) * 1000:
            self._note_seen(key, now)
        roles = {member.site_id: Role(member.role) for member in members}
        return Principal(found[1].id, found[1].name, roles)

    def _note_seen(self, key: str, now: int) -> None:
        """Without waiting: who is signed in is served also while nothing can be written."""
        with suppress(WriterBusy, StorageError):
            noted = self._database.writer.submit(_SEEN(of_session=key, at_ms=now))
            noted.add_done_callback(lambda done: done.cancelled() or done.exception())
