"""Delays that grow for whoever guesses, survive a restart, and lock nobody out for ever."""

import asyncio

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Attempts
from server.accounts.throttle import ACCOUNT, ADDRESS, FORGOTTEN_MS, LINKS, Policy, Target, Throttle, Throttled, key_of
from tests.server.db.conftest import address, database_server, postgres_server
from tests.server.people import People, small_world

__all__ = ["address", "database_server", "postgres_server"]  # both databases

SHORT = Policy(free=2, longest_s=10)
ONE, OTHER = Target(key_of("login", "lan"), SHORT), Target(key_of("login", "minh"), SHORT)


async def wait_of(throttle: Throttle, *targets: Target) -> int:
    """How long a try has to wait; 0: it was counted."""
    try:
        await throttle.begin(targets)
    except Throttled as slowed:
        return slowed.after_s
    return 0


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (ACCOUNT, {1: 0, 5: 0, 6: 2, 7: 4, 10: 32, 14: 512, 15: 900, 1000: 900}),
        (ADDRESS, {20: 0, 21: 2, 1000: 900}),
        (LINKS, {10: 0, 11: 2, 16: 60, 1000: 60}),
    ],
)
def test_each_failure_doubles_the_wait_up_to_a_longest(policy: Policy, waits: dict[int, int]) -> None:
    """Checklist 9."""
    assert {failures: policy.wait_s(failures) for failures in waits} == waits


async def test_waits_grow_and_tries_meanwhile_do_not_prolong_them(address: str) -> None:
    async with small_world(address) as people:
        seen = []
        for _ in range(6):
            while (wait := await wait_of(people.throttle, ONE)) > 0:
                assert await wait_of(people.throttle, ONE) == wait
                people.clock.turn(wait)
                seen.append(wait)
        assert seen == [2, 4, 8]


async def test_another_account_does_not_wait(address: str) -> None:
    async with small_world(address) as people:
        for _ in range(3):
            await wait_of(people.throttle, ONE)
        assert [await wait_of(people.throttle, target) for target in (ONE, OTHER)] == [2, 0]


async def test_a_try_that_must_wait_for_one_counts_for_none(address: str) -> None:
    async with small_world(address) as people:
        for _ in range(3):
            await wait_of(people.throttle, ONE)
        assert [await wait_of(people.throttle, ONE, OTHER) for _ in range(5)] == [2] * 5
        assert await wait_of(people.throttle, OTHER) == 0


async def test_a_thousand_tries_at_once_are_no_more_than_one_after_the_other(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        waits = await asyncio.gather(*(wait_of(people.throttle, ONE) for _ in range(200)))
        assert waits.count(0) == SHORT.free + 1


async def test_the_count_survives_a_restart(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        for _ in range(3):
            await wait_of(people.throttle, ONE)
        assert await wait_of(People(people.database, people.clock).throttle, ONE) == 2


async def test_success_clears_the_account_and_takes_one_try_of_the_address_back(address: str) -> None:
    async with small_world(address) as people:
        where = Target(key_of("address", "203.0.113.5"), SHORT)
        for _ in range(3):
            await wait_of(people.throttle, ONE, where)

        async def succeed(session: AsyncSession) -> None:
            await people.throttle.succeed(session, [ONE.key], where.key)

        await people.database.writer.run(succeed)
        async with people.database.read() as session:
            kept = [(row.key, row.failures, row.free_ms) for row in await session.exec(select(Attempts))]
        assert kept == [(where.key, 2, 0)]


async def test_what_was_left_alone_for_a_day_is_forgotten(address: str) -> None:
    async with small_world(address) as people:
        await wait_of(people.throttle, ONE)
        people.clock.turn(FORGOTTEN_MS / 1000 + 1)
        await wait_of(people.throttle, OTHER)
        async with people.database.read() as session:
            assert list(await session.exec(select(Attempts.key))) == [OTHER.key]


def test_a_key_does_not_tell_what_it_is_of() -> None:
    assert "lan" not in key_of("login", "lan").removeprefix("login:")
    assert len({key_of("login", "lan"), key_of("login", "la", "n"), key_of("address", "lan")}) == 3
