"""Signing in with a login name and a password, proving with it who one is, and setting it.

The login name is chosen when a password is set, and is the password's own: two people may have the same name, as people do, but
each login name is one person's. Small and large letters are the same, and so are the ways of writing an accent.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.accounts import Accounts
from server.accounts.hashing import Hasher
from server.accounts.models import FamiliarPlace, Password
from server.accounts.principal import Principal
from server.accounts.strength import LONGEST, composed, weakness_of
from server.accounts.throttle import ACCOUNT, ADDRESS, Target, Throttle, key_of
from server.clock import Clock, now_ms
from server.db import Database, insert
from server.errors import Problem
from server.http.address import network_of
from server.sites.models import Site

FAMILIAR_MS: Final = 90 * 86_400_000
_LOGIN: Final = re.compile(r"[\w.@+-]{2,40}")


class WrongPassword(Problem):
    """No such login name, or not its password: the answer does not tell which."""

    def __init__(self) -> None:
        super().__init__(403, "wrong_password", "Login name or password is wrong", "Check both, then try again.")


class PasswordRefused(Problem):
    """A login name or a password that will not do. `why`: `login`, `taken`, or a Weakness."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(422, "password_refused", "This login name or password will not do", f"Reason: {why}.")


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that has begun: whose, against which hash, and what was counted of it."""

    user_id: str | None
    kept: str
    account: Target
    address: Target
    network: str


class Passwords:
    """The passwords of all people."""

    def __init__(
        self, database: Database, accounts: Accounts, throttle: Throttle, *, hasher: Hasher | None = None, clock: Clock = now_ms
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._throttle = throttle
        self._hasher = hasher or Hasher()
        self._clock = clock

    async def login_name(self, user_id: str) -> str | None:
        """The login name of who has a password."""
        async with self._database.read() as session:
            found = await session.get(Password, user_id)
        return None if found is None else found.login

    async def sign_in(self, login: str, password: str, address: str, browser: str = "") -> str:
        """The token of a new session. Raises WrongPassword, Throttled; Problem 503 when too many sign in at once."""
        began = await self._begin(login, address)
        await self._verify(began, password)
        user_id = began.user_id or ""

        async def enter(session: AsyncSession) -> str:
            await self._settle(session, began, user_id)
            return await self._accounts.enter(session, user_id, browser)

        token = await self._database.writer.run(enter)
        await self._renew_hash(user_id, began.kept, password)
        return token

    async def prove(self, principal: Principal, password: str, address: str) -> None:
        """This person knows their password, and so is who they say. Raises as `sign_in`."""
        began = await self._begin(await self.login_name(principal.user_id) or "", address)
        await self._verify(began, password)

        async def note(session: AsyncSession) -> None:
            await self._settle(session, began, principal.user_id)

        await self._database.writer.run(note)
        await self._accounts.prove(principal)

    async def set(self, principal: Principal, login: str, password: str) -> None:
        """Set or change a person's login name and password, and end their other sessions. Raises PasswordRefused."""
        name = login_of(login)
        if name is None:
            raise PasswordRefused("login")
        if weakness := await weakness_of(password, [name, login, principal.name, *await self._places(principal)]):
            raise PasswordRefused(weakness)
        hashed = await self._hasher.hash(composed(password))

        async def keep(session: AsyncSession) -> None:
            taken = select(Password.user_id).where(Password.login == name, Password.user_id != principal.user_id)
            if (await session.exec(taken)).first() is not None:
                raise PasswordRefused("taken")
            values = {"login": name, "hashed": hashed, "set_ms": self._clock()}
            new = insert(Password).values(user_id=principal.user_id, **values)
            await session.exec(new.on_conflict_do_update(index_elements=["user_id"], set_=values))
            await self._forget_places(session, principal)

        await self._database.writer.run(keep)
        await self._accounts.end_others(principal)

    async def remove(self, principal: Principal) -> None:
        """From now on there is no such way in; the person's other sessions end."""

        async def drop(session: AsyncSession) -> None:
            await session.exec(delete(Password).where(col(Password.user_id) == principal.user_id))
            await self._forget_places(session, principal)

        await self._database.writer.run(drop)
        await self._accounts.end_others(principal)

    async def _begin(self, login: str, address: str) -> _Try:
        """Count the try, for a login name that nobody has as for any other."""
        name, network = login_of(login) or "", network_of(address)
        async with self._database.read() as session:
            found = (await session.exec(select(Password).where(Password.login == name))).first()
            place = None if found is None else await session.get(FamiliarPlace, (found.user_id, key_of("at", network)))
        familiar = place is not None and place.seen_ms + FAMILIAR_MS > self._clock()
        account = Target(key_of("login", name, network if familiar else ""), ACCOUNT)
        where = Target(key_of("address", network), ADDRESS)
        await self._throttle.begin([account, where])
        if found is None:
            return _Try(None, self._hasher.nobodys, account, where, network)
        return _Try(found.user_id, found.hashed, account, where, network)

    async def _verify(self, began: _Try, password: str) -> None:
        given = composed(password)
        if not await self._hasher.verify(began.kept, given[: LONGEST + 1]) or len(given) > LONGEST or began.user_id is None:
            raise WrongPassword

    async def _settle(self, session: AsyncSession, began: _Try, user_id: str) -> None:
        """The try has succeeded: its account's count is cleared, and this place is one that the person comes from."""
        long_ago = col(FamiliarPlace.seen_ms) + FAMILIAR_MS <= self._clock()
        await session.exec(delete(FamiliarPlace).where(col(FamiliarPlace.user_id) == user_id, long_ago))
        await self._throttle.succeed(session, clear=[began.account.key], take_back=began.address.key)
        here = {"user_id": user_id, "network_hash": key_of("at", began.network), "seen_ms": self._clock()}
        seen = insert(FamiliarPlace).values(**here)
        await session.exec(seen.on_conflict_do_update(index_elements=["user_id", "network_hash"], set_=here))

    async def _renew_hash(self, user_id: str, kept: str, password: str) -> None:
        """Hash anew what was hashed with other parameters."""
        if not self._hasher.is_old(kept):
            return
        hashed = await self._hasher.hash(composed(password))

        async def keep(session: AsyncSession) -> None:
            same = update(Password).where(col(Password.user_id) == user_id, col(Password.hashed) == kept)
            await session.exec(same.values(hashed=hashed))

        await self._database.writer.run(keep)

    async def _forget_places(self, session: AsyncSession, principal: Principal) -> None:
        await session.exec(delete(FamiliarPlace).where(col(FamiliarPlace.user_id) == principal.user_id))

    async def _places(self, principal: Principal) -> list[str]:
        async with self._database.read() as session:
            return list((await session.exec(select(Site.name).where(col(Site.id).in_(list(principal.roles))))).all())


def login_of(text: str) -> str | None:
    """A login name in the one form that is kept: composed, in small letters. None: it cannot be one."""
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text.strip()).casefold())
    return name if _LOGIN.fullmatch(name) else None
