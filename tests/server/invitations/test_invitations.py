"""Invitations: whom they let in, how often, until when, and that looking costs nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import LinkRefused
from server.accounts.models import User
from server.errors import Problem
from server.ids import hashed
from server.invitations import Invitations
from server.invitations.invitations import MOST_OPEN, MOST_USES
from server.invitations.models import Invitation
from server.sites import Role
from tests.server.people import People, small_world

DAY_MS = 86_400_000


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as world:
        yield world


@pytest.fixture
def invitations(people: People) -> Invitations:
    return Invitations(people.database, people.accounts, people.sites, clock=people.clock)


async def invite(
    invitations: Invitations,
    people: People,
    role: Role = Role.OPERATOR,
    *,
    once: bool = True,
    days: int | None = None,
    by: str = "Lan",
) -> str:
    """The token of an invitation by Lan."""
    expires_ms = None if days is None else people.clock() + days * DAY_MS
    _, token = await invitations.make(people.site_id, people.ids[by], role, once=once, expires_ms=expires_ms, note="Ba")
    return token


async def role_of(people: People, name: str) -> Role | None:
    principal = await people.accounts.principal(await people.session_of(name))
    assert principal is not None
    return principal.roles.get(people.site_id)


async def refused(step: object) -> bool:
    with pytest.raises(LinkRefused):
        await step  # type: ignore[misc]
    return True


async def test_the_link_tells_who_invites_to_which_place_as_what(people: People, invitations: Invitations) -> None:
    offer = await invitations.look(await invite(invitations, people, Role.VIEWER))
    assert (offer.inviter, offer.site.name, offer.invitation.role) == ("Lan", "Vườn ươm", "viewer")


async def test_only_the_hash_of_the_link_is_kept(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people)
    async with people.database.read() as session:
        [row] = await session.exec(select(Invitation))
    assert row.token_hash == hashed(token)
    assert token not in row.model_dump_json()


async def test_looking_uses_nothing_up_and_accepting_makes_a_member(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people)
    for _ in range(3):
        await invitations.look(token)
    await invitations.accept(token, people.ids["Stranger"])
    assert await role_of(people, "Stranger") is Role.OPERATOR


async def test_an_invitation_that_was_used_lets_nobody_else_in(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people)
    session = await invitations.accept_as_new(token, "Ba")
    principal = await people.accounts.principal(session)
    assert principal is not None
    assert (principal.name, principal.roles) == ("Ba", {people.site_id: Role.OPERATOR})
    assert await refused(invitations.look(token))
    assert await refused(invitations.accept(token, people.ids["Stranger"]))
    assert await refused(invitations.accept_as_new(token, "Tư"))
    async with people.database.read() as reading:
        assert "Tư" not in set(await reading.exec(select(User.name)))


async def test_of_many_who_accept_at_once_one_gets_in(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people)
    accepting = [invitations.accept_as_new(token, f"Khách {number}") for number in range(8)]
    outcomes = await asyncio.gather(*accepting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(str) == 1
    assert [offer.invitation for offer in await invitations.list_open(people.site_id)] == []


async def test_an_invitation_for_many_counts_them_until_its_date(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people, Role.VIEWER, once=False, days=1)
    for name in ("Ba", "Tư", "Năm"):
        await invitations.accept_as_new(token, name)
    [offer] = await invitations.list_open(people.site_id)
    assert offer.invitation.uses == 3
    people.clock.turn(86_400)
    assert await refused(invitations.look(token))
    assert await refused(invitations.accept_as_new(token, "Sáu"))
    assert await invitations.list_open(people.site_id) == []


async def test_no_invitation_makes_accounts_without_end(people: People, invitations: Invitations) -> None:
    token = await invite(invitations, people, Role.VIEWER, once=False, days=1)

    async def use_often(session: AsyncSession) -> None:
        await session.exec(update(Invitation).values(uses=MOST_USES - 1))

    await people.database.writer.run(use_often)
    await invitations.accept_as_new(token, "Ba")
    assert await refused(invitations.accept_as_new(token, "Tư"))


async def test_once_and_a_date_both_hold(people: People, invitations: Invitations) -> None:
    used, late = [await invite(invitations, people, once=True, days=1) for _ in range(2)]
    await invitations.accept(used, people.ids["Stranger"])
    assert await refused(invitations.look(used))
    people.clock.turn(86_400)
    assert await refused(invitations.look(late))


@pytest.mark.parametrize(("name", "offered", "after"), [("Lan", Role.VIEWER, Role.OWNER), ("Minh", Role.OPERATOR, Role.OPERATOR)])
async def test_accepting_never_lowers_a_role_and_then_uses_nothing_up(
    people: People, invitations: Invitations, name: str, offered: Role, after: Role
) -> None:
    token = await invite(invitations, people, offered)
    await invitations.accept(token, people.ids[name])
    assert await role_of(people, name) is after
    await invitations.look(token)


async def test_accepting_raises_a_role_at_once(people: People, invitations: Invitations) -> None:
    session = await people.session_of("Hoa")
    assert not (await people.accounts.principal(session)).may_command(people.site_id)  # type: ignore[union-attr]
    await invitations.accept(await invite(invitations, people), people.ids["Hoa"])
    assert (await people.accounts.principal(session)).may_command(people.site_id)  # type: ignore[union-attr]


async def test_a_revoked_one_an_unknown_one_and_a_used_one_get_one_answer(people: People, invitations: Invitations) -> None:
    used, revoked = await invite(invitations, people), await invite(invitations, people)
    await invitations.accept(used, people.ids["Stranger"])
    [offer] = await invitations.list_open(people.site_id)
    await invitations.revoke(people.site_id, offer.invitation.id, people.ids["Lan"])
    answers = []
    for token in (used, revoked, "never-made", "x" * 5000):
        with pytest.raises(LinkRefused) as answer:
            await invitations.look(token)
        answers.append(answer.value.document())
    assert answers == [answers[0]] * 4


@pytest.mark.parametrize(("name", "status"), [("Minh", 403), ("Hoa", 403), ("Stranger", 404)])
async def test_only_owners_invite_and_revoke(people: People, invitations: Invitations, name: str, status: int) -> None:
    await invite(invitations, people)
    [offer] = await invitations.list_open(people.site_id)
    for step in (
        invitations.make(people.site_id, people.ids[name], Role.VIEWER, once=True, expires_ms=None),
        invitations.revoke(people.site_id, offer.invitation.id, people.ids[name]),
    ):
        with pytest.raises(Problem) as answer:
            await step
        assert answer.value.status == status
    assert len(await invitations.list_open(people.site_id)) == 1


async def test_an_invitation_of_another_site_is_not_there_to_revoke(people: People, invitations: Invitations) -> None:
    other = await people.sites.add("Trại cá", "UTC", people.ids["Lan"])
    await invite(invitations, people)
    [offer] = await invitations.list_open(people.site_id)
    with pytest.raises(Problem) as answer:
        await invitations.revoke(other.id, offer.invitation.id, people.ids["Lan"])
    assert (answer.value.status, answer.value.code) == (404, "unknown_invitation")


@pytest.mark.parametrize(("once", "in_ms"), [(False, None), (True, 0), (False, -1)])
async def test_an_invitation_needs_an_end_that_is_to_come(
    people: People, invitations: Invitations, once: bool, in_ms: int | None
) -> None:
    expires_ms = None if in_ms is None else people.clock() + in_ms
    with pytest.raises(Problem) as answer:
        await invitations.make(people.site_id, people.ids["Lan"], Role.VIEWER, once=once, expires_ms=expires_ms)
    assert answer.value.status == 422


async def test_a_site_has_so_many_open_invitations(people: People, invitations: Invitations) -> None:
    for _ in range(MOST_OPEN):
        await invite(invitations, people)
    with pytest.raises(Problem) as answer:
        await invite(invitations, people)
    assert (answer.value.status, answer.value.code) == (409, "too_many_open")


async def test_who_no_longer_owns_the_site_has_no_way_back_in(people: People, invitations: Invitations) -> None:
    await people.sites.set_role(people.site_id, people.ids["Minh"], Role.OWNER)
    theirs, ours = await invite(invitations, people, Role.OWNER, by="Minh"), await invite(invitations, people)
    await people.sites.change_member(people.site_id, people.ids["Minh"], None, people.ids["Lan"])
    assert await refused(invitations.accept(theirs, people.ids["Minh"]))
    await invitations.look(ours)
