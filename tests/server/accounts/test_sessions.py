"""Tokens that change when their person's roles do, and nobody who is thrown out by it."""

import asyncio

import pytest
from sqlmodel import select

from server.accounts.models import Session
from server.accounts.sessions import OVERLAP_MS, UNSEEN_MS, mark_of
from server.ids import hashed
from server.sites import Role
from tests.server.db.conftest import address, database_server, postgres_server
from tests.server.people import IDLE_S, PROOF_S, People, small_world

__all__ = ["address", "database_server", "postgres_server"]  # both databases


async def to_renew(people: People, token: str) -> bool | None:
    """Whether the token is to change; None: it lets nobody in."""
    principal = await people.accounts.principal(token)
    return None if principal is None or principal.session is None else principal.session.renew


async def promoted(people: People) -> tuple[str, str]:
    """Hoa becomes an operator: her token before, and the one that took its place."""
    old = await people.session_of("Hoa")
    await people.sites.set_role(people.site_id, people.ids["Hoa"], Role.OPERATOR)
    new = await people.accounts.renew(old)
    assert new is not None
    return old, new


async def test_a_change_of_role_asks_for_another_token(address: str) -> None:
    """Checklist 11."""
    async with small_world(address) as people:
        token = await people.session_of("Hoa")
        assert await to_renew(people, token) is False
        await people.sites.set_role(people.site_id, people.ids["Hoa"], Role.OPERATOR)
        assert await to_renew(people, token) is True
        new = await people.accounts.renew(token)
        assert new not in (None, token)
        assert await to_renew(people, str(new)) is False


async def test_a_role_that_was_taken_away_changes_the_token_too(address: str) -> None:
    async with small_world(address) as people:
        token = await people.session_of("Minh")
        await people.sites.set_role(people.site_id, people.ids["Minh"], None)
        assert await to_renew(people, token) is True


async def test_all_who_come_with_the_old_token_at_once_get_the_same_new_one(address: str) -> None:
    async with small_world(address) as people:
        old, new = await promoted(people)
        assert set(await asyncio.gather(*(people.accounts.renew(old) for _ in range(8)))) == {new}


async def test_an_answer_that_was_lost_throws_nobody_out(address: str) -> None:
    async with small_world(address) as people:
        old, new = await promoted(people)
        people.clock.turn(UNSEEN_MS / 1000 - 1)
        assert await to_renew(people, old) is True
        assert await people.accounts.renew(old) == new


@pytest.mark.parametrize(("after_ms", "old_works"), [(OVERLAP_MS - 1, True), (OVERLAP_MS, None)])
async def test_the_old_token_lets_nobody_in_ten_seconds_after_the_new_one_was_seen(
    address: str, after_ms: int, old_works: bool | None
) -> None:
    """Checklist 11."""
    async with small_world(address) as people:
        old, new = await promoted(people)
        assert await to_renew(people, new) is False
        await people.all_written()
        people.clock.turn(after_ms / 1000)
        assert await to_renew(people, old) is old_works
        assert await people.accounts.renew(old) == (new if old_works else None)
        assert await to_renew(people, new) is False


async def test_an_old_token_whose_successor_was_never_seen_ends_too(address: str) -> None:
    async with small_world(address) as people:
        old, new = await promoted(people)
        people.clock.turn(UNSEEN_MS / 1000)
        assert await to_renew(people, old) is None
        assert await to_renew(people, new) is False


async def test_what_the_database_holds_makes_no_token(address: str) -> None:
    async with small_world(address) as people:
        old, new = await promoted(people)
        async with people.database.read() as session:
            row = (await session.exec(select(Session))).one()
        assert (row.token_hash, row.former_hash) == (hashed(new), hashed(old))
        assert not {old, new} & {str(value) for value in row.model_dump().values()}


async def test_signing_out_with_either_token_ends_both(address: str) -> None:
    async with small_world(address) as people:
        old, new = await promoted(people)
        await people.accounts.sign_out(old)
        assert (await to_renew(people, old), await to_renew(people, new)) == (None, None)


async def test_a_session_that_has_ended_is_not_renewed(address: str) -> None:
    async with small_world(address) as people:
        token = await people.session_of("Hoa")
        await people.accounts.sign_out(token)
        assert await people.accounts.renew(token) is None


async def test_sessions_that_are_over_are_forgotten_when_their_person_comes_back(address: str) -> None:
    async with small_world(address) as people:
        await people.session_of("Hoa")
        await people.session_of("Lan")
        people.clock.turn(IDLE_S - 1)
        used = await people.session_of("Lan")
        people.clock.turn(1)
        new = await people.session_of("Lan")
        async with people.database.read() as session:
            kept = list(await session.exec(select(Session.token_hash).where(Session.user_id == people.ids["Lan"])))
            hoas = list(await session.exec(select(Session).where(Session.user_id == people.ids["Hoa"])))
        assert (set(kept), len(hoas)) == ({hashed(used), hashed(new)}, 1)


async def test_a_proof_counts_for_a_while_and_can_be_given_again(address: str) -> None:
    """Checklist 15."""
    async with small_world(address) as people:
        token = await people.session_of("Lan")

        async def proved() -> bool:
            principal = await people.accounts.principal(token)
            assert principal is not None
            return people.accounts.has_proved(principal)

        assert await proved()
        people.clock.turn(PROOF_S - 1)
        assert await proved()
        people.clock.turn(1)
        assert not await proved()
        principal = await people.accounts.principal(token)
        assert principal is not None
        await people.accounts.prove(principal)
        assert await proved()
        assert await to_renew(people, token) is True


async def test_looking_whether_somebody_is_still_there_is_no_use_of_their_session(address: str) -> None:
    async with small_world(address) as people:
        token = await people.session_of("Lan")
        principal = await people.accounts.principal(token)
        assert principal is not None
        people.clock.turn(86_400)
        assert await people.accounts.still(principal) == principal
        await people.all_written()
        async with people.database.read() as session:
            assert (await session.exec(select(Session.seen_ms))).one() == people.clock() - 86_400_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"a": Role.VIEWER}),
        ({"a": Role.VIEWER}, {"a": Role.OWNER}),
        ({"a": Role.VIEWER}, {"b": Role.VIEWER}),
        ({"a": Role.VIEWER}, {"a": Role.VIEWER, "b": Role.VIEWER}),
    ],
)
def test_other_roles_have_another_mark(one: dict[str, Role], other: dict[str, Role]) -> None:
    assert mark_of(one) != mark_of(other)


def test_the_same_roles_have_the_same_mark_in_any_order() -> None:
    assert mark_of({"a": Role.VIEWER, "b": Role.OWNER}) == mark_of({"b": Role.OWNER, "a": Role.VIEWER})
