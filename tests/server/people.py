"""The small world: Lan owns a site, Minh operates it, Hoa may only look, a stranger has nothing. With a clock that tests turn."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.accounts.hashing import Hasher
from server.accounts.passwords import Passwords
from server.accounts.principal import Principal
from server.accounts.throttle import Throttle
from server.db import Database
from server.migrations import migrate
from server.sites import Member, Role, Sites
from tests.server.serving import serving

LINK_S, IDLE_S, ABSOLUTE_S, PROOF_S = 86_400, 30 * 86_400, 180 * 86_400, 900
START_MS = 1_790_000_000_000


@dataclass
class Turned:
    """A clock that stands still until a test turns it."""

    ms: int = START_MS

    def __call__(self) -> int:
        return self.ms

    def turn(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


@dataclass
class People:
    """The world. `ids` by name; tokens are `token-1`, `token-2`, … in the order in which they are made."""

    database: Database
    clock: Turned = field(default_factory=Turned)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    ids: dict[str, str] = field(default_factory=dict)
    site_id: str = ""

    def __post_init__(self) -> None:
        limits = Limits(LINK_S, IDLE_S, ABSOLUTE_S, PROOF_S)
        self.accounts = Accounts(self.database, limits, clock=self.clock, new_token=lambda: f"token-{next(self._numbers)}")
        self.throttle = Throttle(self.database, self.clock)
        hasher = Hasher(memory_kib=8, passes=1)
        self.passwords = Passwords(self.database, self.accounts, self.throttle, hasher=hasher, clock=self.clock)
        self.sites = Sites(self.database, clock=self.clock)
        self.sites.on_member_change.append(self.accounts.forget)

    async def session_of(self, name: str) -> str:
        """A new session's token."""
        return await self.accounts.sign_in(await self.accounts.make_link(self.ids[name]))

    async def asking(self, token: str) -> Principal:
        """Who asks with that token."""
        principal = await self.accounts.principal(token)
        assert principal is not None
        return principal

    async def give_password(self, name: str, login: str, password: str) -> str:
        """Have that person set a password: the token of the session in which they did."""
        token = await self.session_of(name)
        await self.passwords.set(await self.asking(token), login, password)
        return token

    async def all_written(self) -> None:
        """Wait until everything that was submitted so far is kept."""

        async def nothing(_session: AsyncSession) -> None: ...

        await self.database.writer.run(nothing)

    async def settle_in(self) -> None:
        async def make(session: AsyncSession) -> None:
            site = self.sites.found(session, "vuon-uom", "Vườn ươm", "Asia/Ho_Chi_Minh")
            roles = {"Lan": Role.OWNER, "Minh": Role.OPERATOR, "Hoa": Role.VIEWER, "Stranger": None}
            people = {name: self.accounts.add_person(session, name) for name in roles}
            await session.flush()
            self.site_id, self.ids = site.id, {name: person.id for name, person in people.items()}
            members = {self.ids[name]: role for name, role in roles.items() if role}
            session.add_all(Member(site_id=site.id, user_id=user, role=role, since_ms=0) for user, role in members.items())

        await self.database.writer.run(make)


@asynccontextmanager
async def small_world(address: str) -> AsyncIterator[People]:
    database = Database(address)
    await migrate(database.engine)
    async with serving(database):
        people = People(database)
        await people.settle_in()
        yield people
