"""Slower and slower for whoever guesses: delays that grow with each failure, kept in the database so that no restart forgives them.

A try counts as failed from when it begins, and success takes that back: a thousand tries at once are a thousand failures.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Attempts
from server.clock import Clock
from server.db import Database, insert
from server.errors import Problem


@dataclass(frozen=True, slots=True)
class Policy:
    """`free` failures cost nothing; each further one doubles the wait, from 2 s up to `longest_s`."""

    free: int
    longest_s: int

    def wait_s(self, failures: int) -> int:
        """How long to wait after so many failures."""
        beyond = failures - self.free
        return 0 if beyond <= 0 else min(self.longest_s, 2 ** min(beyond, 20))


ACCOUNT: Final = Policy(free=5, longest_s=900)
ADDRESS: Final = Policy(free=20, longest_s=900)
LINKS: Final = Policy(free=10, longest_s=60)
FORGOTTEN_MS: Final = 86_400_000
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """What tries are counted of: a key, and the policy for it."""

    key: str
    policy: Policy


class Throttled(Problem):
    """Too many tries failed. `after_s`: when the next is allowed, in seconds from now."""

    def __init__(self, after_s: int) -> None:
        self.after_s = after_s
        super().__init__(
            429,
            "too_many_tries",
            "Too many failed tries",
            f"Try again in {after_s} s.",
            headers={"Retry-After": str(after_s)},
        )


def key_of(kind: str, *what: str) -> str:
    """A key that does not tell what it is of: a login that was mistyped may be a password."""
    return f"{kind}:{hashlib.sha256(chr(0).join(what).encode()).hexdigest()[:48]}"


class Throttle:
    """The tries of all places and accounts. What was left alone for a day is forgotten."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, targets: Iterable[Target]) -> None:
        """Count a try of each. Raises Throttled, with nothing counted, when one of them must wait."""
        wanted = sorted(targets, key=lambda target: target.key)

        async def count(session: AsyncSession) -> None:
            await session.exec(delete(Attempts).where(col(Attempts.last_ms) < self._clock() - FORGOTTEN_MS))
            waits = [await self._count(session, target) for target in wanted]
            if max(waits) > 0:
                raise Throttled(ceil(max(waits) / 1000))

        await self._database.writer.run(count)

    async def check(self, target: Target) -> None:
        """Look without counting. Raises Throttled."""
        async with self._database.read() as session:
            kept = await session.get(Attempts, target.key)
        if kept is not None and kept.free_ms > self._clock():
            raise Throttled(ceil((kept.free_ms - self._clock()) / 1000))

    async def succeed(self, session: AsyncSession, clear: Iterable[str], take_back: str) -> None:
        """In a transaction of the writer's: forget the failures of those keys, and this one try of another."""
        await session.exec(delete(Attempts).where(col(Attempts.key).in_(list(clear))))
        kept = (await session.exec(select(Attempts).where(Attempts.key == take_back).with_for_update())).first()
        if kept is not None:
            kept.failures, kept.free_ms = max(0, kept.failures - 1), 0
            session.add(kept)

    async def _count(self, session: AsyncSession, target: Target) -> int:
        """Count one, and return for how many ms it must wait still from the tries before it."""
        now = self._clock()
        new = insert(Attempts).values(key=target.key, failures=1, last_ms=now, free_ms=0)
        more = new.on_conflict_do_update(
            index_elements=["key"], set_={"failures": col(Attempts.failures) + 1}, where=col(Attempts.failures) < MOST
        )
        await session.exec(more)
        kept = (await session.exec(select(Attempts).where(Attempts.key == target.key))).one()
        if kept.free_ms > now:
            return kept.free_ms - now
        kept.last_ms, kept.free_ms = now, now + target.policy.wait_s(kept.failures) * 1000
        session.add(kept)
        return 0
