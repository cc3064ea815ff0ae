"""The rules of passkeys: who may make one, what an answer is good for, and that it is good once."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.accounts import Accounts
from server.accounts.passkeys import ceremony
from server.accounts.passkeys.ceremony import PasskeyRefused
from server.accounts.passkeys.challenges import KEY_BYTES, Challenges, Purpose
from server.accounts.passkeys.models import Passkey, SpentChallenge
from server.accounts.passkeys.place import Place
from server.accounts.principal import Principal
from server.clock import Clock, now_ms
from server.db import Database, insert
from server.db.facts import Fact
from server.errors import Problem
from server.ids import hashed, new_id

log = logging.getLogger("congtac.passkeys")

MOST_A_PERSON: Final = 20
CHALLENGE_KEY: Final = "passkey_challenge_key"


class Passkeys:
    """All passkeys of this server. `place`: where they work."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        place: Place,
        *,
        clock: Clock = now_ms,
        new_key: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._place = place
        self._clock = clock
        self._new_key = new_key
        self._challenges: Challenges | None = None
        self._opening = asyncio.Lock()

    # ---- making and keeping

    async def registration_options(self, person: Principal) -> dict[str, Any]:
        """What the person's browser needs to make one. Raises Problem 409 where there are too many."""
        known = await self.of_person(person.user_id)
        if len(known) >= MOST_A_PERSON:
            raise Problem(409, "too_many_passkeys", "Too many passkeys", "Remove one that you do not use, then add the new one.")
        challenge = await self._challenge(Purpose.REGISTER, person.user_id)
        known_ids = [passkey.credential_id for passkey in known]
        return ceremony.registration_options(self._place, person.user_id, person.name, challenge, known_ids)

    async def register(self, person: Principal, name: str, answer: dict[str, Any]) -> Passkey:
        """Keep what the browser made. Raises PasskeyRefused, and Problem 409 for one that is known already."""
        challenge = ceremony.challenge_of_registration(answer)
        expires_ms = await self._expiry(challenge, Purpose.REGISTER, person.user_id)
        made = ceremony.check_registration(self._place, answer, challenge)
        passkey = Passkey(
            id=new_id(),
            user_id=person.user_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=name,
            created_ms=self._clock(),
        )

        async def keep(session: AsyncSession) -> None:
            await self._spend(session, challenge, expires_ms)
            session.add(passkey)
            await session.flush()
            session.expunge(passkey)

        try:
            await self._database.writer.run(keep)
        except IntegrityError:
            raise Problem(
                409, "passkey_known", "This passkey is known already", "Use another device or key for a new one."
            ) from None
        return passkey

    async def of_person(self, user_id: str) -> list[Passkey]:
        """That person's passkeys, the oldest first."""
        wanted = select(Passkey).where(Passkey.user_id == user_id).order_by(col(Passkey.created_ms), col(Passkey.id))
        async with self._database.read() as session:
            return list((await session.exec(wanted)).all())

    async def rename(self, user_id: str, passkey_id: str, name: str) -> None:
        """Call a person's passkey something else. Raises Problem 404."""
        await self._change(update(Passkey).where(*_own(user_id, passkey_id)).values(name=name))

    async def remove(self, user_id: str, passkey_id: str) -> None:
        """Forget a person's passkey: it lets nobody in any more. Raises Problem 404."""
        await self._change(delete(Passkey).where(*_own(user_id, passkey_id)))

    # ---- being asked who one is

    async def sign_in_options(self) -> dict[str, Any]:
        """What a browser needs to let a person choose one of their passkeys, whoever they are."""
        return ceremony.assertion_options(self._place, await self._challenge(Purpose.SIGN_IN, ""))

    async def sign_in(self, answer: dict[str, Any], browser: str) -> tuple[str, str]:
        """The token of a new session of who answered, and that person's id. Raises PasskeyRefused."""
        passkey, check = await self._checked(answer, Purpose.SIGN_IN, "")

        async def enter(session: AsyncSession) -> str | None:
            return await self._accounts.enter(session, passkey.user_id, browser) if await check(session) else None

        token = await self._database.writer.run(enter)
        if token is None:
            raise PasskeyRefused
        return token, passkey.user_id

    async def prove_options(self, person: Principal) -> dict[str, Any]:
        """What the person's browser needs to prove that it is still them. Raises Problem 409 for one who has no passkey."""
        known = [passkey.credential_id for passkey in await self.of_person(person.user_id) if passkey.doubted_ms is None]
        if not known:
            raise Problem(409, "no_passkey", "You have no passkey", "Prove who you are in another way.")
        return ceremony.assertion_options(self._place, await self._challenge(Purpose.PROVE, person.user_id), known)

    async def prove(self, person: Principal, answer: dict[str, Any]) -> None:
        """The person proved anew who they are. Raises PasskeyRefused, for another person's passkey too."""
        passkey, check = await self._checked(answer, Purpose.PROVE, person.user_id)
        if passkey.user_id != person.user_id or not await self._database.writer.run(check):
            raise PasskeyRefused
        await self._accounts.prove(person)

    # ---- inside

    async def _checked(self, answer: dict[str, Any], purpose: Purpose, subject: str) -> tuple[Passkey, "Check"]:
        """Whose answer it is, and the transaction that uses it up and says whether it counts."""
        told = ceremony.read_assertion(answer)
        expires_ms = await self._expiry(told.challenge, purpose, subject)
        async with self._database.read() as session:
            passkey = (await session.exec(select(Passkey).where(Passkey.credential_id == told.credential_id))).first()
        if passkey is None or told.user_id not in (None, passkey.user_id):
            raise PasskeyRefused
        count = ceremony.check_assertion(self._place, answer, told.challenge, passkey.public_key)

        async def use_up(session: AsyncSession) -> bool:
            await self._spend(session, told.challenge, expires_ms)
            return await self._count(session, passkey.id, count)

        return passkey, use_up

    async def _count(self, session: AsyncSession, passkey_id: str, count: int) -> bool:
        """Note the use. A count that does not grow means a copy (WebAuthn, 6.1.1): from now on the passkey is worth nothing."""
        row = (await session.exec(select(Passkey).where(Passkey.id == passkey_id).with_for_update())).first()
        if row is None or row.doubted_ms is not None:
            return False
        grew = count > row.sign_count or count == row.sign_count == 0
        if grew:
            row.sign_count, row.used_ms = count, self._clock()
        else:
            row.doubted_ms = self._clock()
            log.warning("passkey %s of %s was used with a count that was seen before: there may be a copy", row.id, row.user_id)
        session.add(row)
        return grew

    async def _spend(self, session: AsyncSession, challenge: bytes, expires_ms: int) -> None:
        """Use a challenge up. Raises PasskeyRefused when it was before."""
        await session.exec(delete(SpentChallenge).where(col(SpentChallenge.expires_ms) <= self._clock()))
        spent = insert(SpentChallenge).values(challenge_hash=hashed(challenge.hex()), expires_ms=expires_ms)
        fresh = spent.on_conflict_do_nothing().returning(col(SpentChallenge.challenge_hash))
        if (await session.exec(fresh)).first() is None:
            raise PasskeyRefused

    async def _challenge(self, purpose: Purpose, subject: str) -> bytes:
        return (await self._open()).make(purpose, subject, self._clock())

    async def _expiry(self, challenge: bytes, purpose: Purpose, subject: str) -> int:
        expires_ms = (await self._open()).expiry(challenge, purpose, subject, self._clock())
        if expires_ms is None:
            raise PasskeyRefused
        return expires_ms

    async def _open(self) -> Challenges:
        """The challenges under the key that all processes on this database share; the first who needs it makes it."""
        async with self._opening:
            if self._challenges is None:
                self._challenges = Challenges(await self._database.writer.run(self._key))
            return self._challenges

    async def _key(self, session: AsyncSession) -> bytes:
        mine = insert(Fact).values(key=CHALLENGE_KEY, value=self._new_key(KEY_BYTES).hex())
        await session.exec(mine.on_conflict_do_nothing())
        fact = (await session.exec(select(Fact).where(Fact.key == CHALLENGE_KEY))).one()
        return bytes.fromhex(fact.value)

    async def _change(self, statement: Any) -> None:
        async def change(session: AsyncSession) -> bool:
            return (await session.exec(statement.returning(col(Passkey.id)))).first() is not None

        if not await self._database.writer.run(change):
            raise Problem(404, "unknown_passkey", "There is no such passkey", "It may have been removed already.")


Check = Callable[[AsyncSession], Any]


def _own(user_id: str, passkey_id: str) -> tuple[Any, Any]:
    return col(Passkey.id) == passkey_id, col(Passkey.user_id) == user_id
