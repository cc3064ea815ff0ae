"""The rules of getting in and staying in."""

from collections.abc import Callable

from sqlalchemy import ColumnElement, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.cache import PrincipalCache
from server.accounts.models import Session, SignInLink, User
from server.accounts.principal import Principal, SessionNow
from server.accounts.sessions import Limits, Sessions, by_token, mark_of, roles_of
from server.accounts.tokens.tokens import Tokens
from server.clock import Clock, now_ms
from server.db import Database
from server.errors import Problem
from server.ids import hashed, new_id, new_secret
from server.names import clean_name, composed
from server.sites.models import Member, Role

__all__ = ["Accounts", "Limits", "LinkRefused", "LinkUsed"]

LinkUsed = Callable[[str], None]


class LinkRefused(Problem):
    """A sign-in link that was used, has run out, or never was: the answer does not tell which."""

    def __init__(self) -> None:
        super().__init__(
            410, "link_refused", "This link no longer works", "It was used or has run out. Ask the owner for a new one."
        )


class Accounts:
    """People, links and sessions. `on_link_used` is called with the person's id after each sign-in through a link."""

    def __init__(
        self, database: Database, limits: Limits, *, clock: Clock = now_ms, new_token: Callable[[], str] = new_secret
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock
        self._new_token = new_token
        self._sessions = Sessions(database, limits, clock, new_token)
        self._cache = PrincipalCache(self._load, clock)
        self.tokens = Tokens(database, clock=clock, forget=self._cache.forget)
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
        wanted = select(User).where(User.name == (name and composed(name)))
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

    async def sign_in(self, token: str, browser: str = "") -> str:
        """Use a link up, and return the token of a new session. Raises LinkRefused."""
        now = self._clock()

        async def use(session: AsyncSession) -> tuple[str, str]:
            unused = update(SignInLink).where(
                col(SignInLink.token_hash) == hashed(token), col(SignInLink.used_ms).is_(None), col(SignInLink.expires_ms) > now
            )
            used = (await session.exec(unused.values(used_ms=now).returning(col(SignInLink.user_id)))).first()
            if used is None:
                raise LinkRefused
            return used[0], await self._sessions.open(session, used[0], browser)

        user_id, secret = await self._database.writer.run(use)
        for told in self.on_link_used:
            told(user_id)
        return secret

    async def enter(self, session: AsyncSession, user_id: str, browser: str) -> str:
        """The token of a new session of who has just proved to be that person, in a transaction of the writer's."""
        return await self._sessions.open(session, user_id, browser)

    async def sessions_of(self, user_id: str) -> list[Session]:
        """A person's sessions that let them in, the one used last first."""
        wanted = select(Session).where(Session.user_id == user_id).order_by(col(Session.seen_ms).desc(), col(Session.id))
        async with self._database.read() as session:
            return [row for row in await session.exec(wanted) if self._sessions.lives(row)]

    async def end_session(self, user_id: str, session_id: str) -> bool:
        """End one of that person's sessions. False: there is none of that id."""
        return await self._end(col(Session.user_id) == user_id, col(Session.id) == session_id) > 0

    async def end_others(self, principal: Principal) -> int:
        """End all of a person's sessions but the one that asks, and return how many they were."""
        own = principal.session.id if principal.session is not None else ""
        return await self._end(col(Session.user_id) == principal.user_id, col(Session.id) != own)

    async def sign_out(self, token: str) -> None:
        """End a session, if it is one."""
        await self._end(by_token(hashed(token), self._clock()))

    async def renew(self, token: str) -> str | None:
        """The token that takes this one's place, when `Principal.session.renew` asks for it. None: the session has ended."""
        secret = await self._sessions.renew(token)
        self._cache.forget(hashed(token))
        return secret

    async def prove(self, principal: Principal) -> None:
        """This person has proved anew who they are."""
        if principal.session is not None:
            await self._sessions.prove(principal.session.id)
        self.forget(principal.user_id)

    def has_proved(self, principal: Principal) -> bool:
        """Whether this person proved who they are lately enough for what must not happen by mistake or by theft."""
        session = principal.session
        return session is not None and self._clock() < session.proved_ms + self._limits.proof_s * 1000

    async def principal(self, token: str) -> Principal | None:
        """Whose session it is, None for none. What it says is at most 2 s old; changes made through this process show at once."""
        return await self._cache.get(hashed(token))

    async def token_principal(self, token: str) -> Principal | None:
        """The same for an API token."""
        key = self.tokens.key(token)
        return None if key is None else await self._cache.get(key)

    async def still(self, principal: Principal) -> Principal | None:
        """The same person in the same session, as it is now; None when it has ended. Asking is no use of the session."""
        if principal.session is None:
            return None
        return await self._look_up(col(Session.id) == principal.session.id)

    async def _end(self, *which: ColumnElement[bool]) -> int:
        ended = await self._sessions.end(*which)
        for user_id in ended:
            self.forget(user_id)
        return len(ended)

    def forget(self, user_id: str) -> None:
        """Look that person's roles up again when they next ask: after every change of membership."""
        self._cache.forget_person(user_id)

    async def _load(self, key: str) -> Principal | None:
        if self.tokens.is_key(key):
            return await self.tokens.load(key)
        return await self._look_up(by_token(key, self._clock()), key)

    async def _look_up(self, which: ColumnElement[bool], key: str | None = None) -> Principal | None:
        async with self._database.read() as session:
            found = (await session.exec(select(Session, User).join(User).where(which))).first()
            if found is None or not self._sessions.lives(found[0]):
                return None
            roles = await roles_of(session, found[1].id)
        row, person = found
        if key is not None:
            self._sessions.note_use(row, key)
        renew = row.roles_mark != mark_of(roles) or key not in (None, row.token_hash)
        return Principal(person.id, person.name, roles, SessionNow(row.id, row.proved_ms, renew))
