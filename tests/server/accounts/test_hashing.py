"""What is kept of a password, and what it costs."""

import asyncio

import pytest

from server.accounts.hashing import AT_ONCE, MOST_WAITING, Hasher
from server.errors import Problem

QUICK = {"memory_kib": 8, "passes": 1}


async def test_a_password_is_kept_as_argon2id_with_its_parameters() -> None:
    """Checklist 8."""
    kept = await Hasher().hash("ba con vịt lội ao")
    assert kept.startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    assert "vịt" not in kept


async def test_the_same_password_is_never_kept_the_same() -> None:
    hasher = Hasher(**QUICK)
    assert await hasher.hash("ba con vịt") != await hasher.hash("ba con vịt")


async def test_only_the_password_itself_fits() -> None:
    hasher = Hasher(**QUICK)
    kept = await hasher.hash("ba con vịt")
    tried = ("ba con vịt", "ba con vit", "ba con vịt ", "")
    assert [await hasher.verify(kept, given) for given in tried] == [True, False, False, False]


@pytest.mark.parametrize("kept", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$AA$AA", "$2b$12$abc"])
async def test_what_is_no_hash_fits_nothing(kept: str) -> None:
    assert not await Hasher(**QUICK).verify(kept, "ba con vịt")


async def test_a_hash_of_other_parameters_is_old() -> None:
    hasher = Hasher(**QUICK)
    before = await Hasher(memory_kib=16, passes=1).hash("ba con vịt")
    assert await hasher.verify(before, "ba con vịt")
    assert [hasher.is_old(kept) for kept in (before, await hasher.hash("ba con vịt"))] == [True, False]


async def test_who_does_not_exist_costs_the_same_work_as_anybody() -> None:
    """Checklist 9."""
    hasher = Hasher(**QUICK)
    real = await hasher.hash("ba con vịt")

    def cost(kept: str) -> list[object]:
        *parameters, salt, digest = kept.split("$")
        return [parameters, len(salt), len(digest)]

    assert cost(hasher.nobodys) == cost(real)
    assert not await hasher.verify(hasher.nobodys, "")
    assert Hasher(**QUICK).nobodys != hasher.nobodys


async def test_at_most_two_are_hashed_at_once_and_who_would_wait_too_long_is_told_so() -> None:
    hasher = Hasher(**QUICK)
    at_work = most = 0

    def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        hasher._argon2().hash("ba con vịt")
        at_work -= 1

    results = await asyncio.gather(*(hasher._in_thread(work) for _ in range(MOST_WAITING + 5)), return_exceptions=True)
    refused = [result for result in results if result is not None]
    assert (len(refused), most) == (5, AT_ONCE)
    assert all(isinstance(result, Problem) and result.status == 503 for result in refused)


async def test_the_event_loop_goes_on_while_a_password_is_hashed() -> None:
    hashing = asyncio.create_task(Hasher(memory_kib=32_768, passes=8).hash("ba con vịt"), name="hashing")
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
    await hashing
