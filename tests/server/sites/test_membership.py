"""Who may change whose role: owners, and never so that nobody owns the site."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from server.errors import Problem
from server.names import BadName
from server.sites import Member, Role, Site
from server.sites.members import members_of
from server.sites.sites import MOST_OWNED, Afterwards
from tests.server.people import People, small_world


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as world:
        yield world


async def roles(people: People) -> dict[str, str]:
    return {member.name: str(member.role) for member in await members_of(people.database, people.site_id)}


async def refused(step: object) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        await step  # type: ignore[misc]
    return problem.value.status, problem.value.code


async def change(people: People, who: str, role: Role | None, by: str = "Lan") -> None:
    await people.sites.change_member(people.site_id, people.ids[who], role, people.ids[by])


async def test_members_are_listed_owners_first_each_by_name(people: People) -> None:
    await people.sites.set_role(people.site_id, people.ids["Stranger"], Role.OWNER)
    assert list((await roles(people)).items()) == [
        ("Lan", "owner"),
        ("Stranger", "owner"),
        ("Minh", "operator"),
        ("Hoa", "viewer"),
    ]


async def test_an_owner_changes_and_removes_members(people: People) -> None:
    await change(people, "Hoa", Role.OPERATOR)
    await change(people, "Minh", None)
    assert await roles(people) == {"Lan": "owner", "Hoa": "operator"}


@pytest.mark.parametrize(("by", "answer"), [("Minh", (403, "owners_only")), ("Stranger", (404, "unknown_site"))])
async def test_nobody_else_does(people: People, by: str, answer: tuple[int, str]) -> None:
    before = await roles(people)
    assert await refused(change(people, "Hoa", None, by)) == answer
    assert await refused(people.sites.change(people.site_id, people.ids[by], name="x")) == answer
    assert await roles(people) == before


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER, None])
async def test_the_last_owner_can_neither_be_removed_nor_made_less_nor_leave(people: People, role: Role | None) -> None:
    assert await refused(change(people, "Lan", role)) == (409, "last_owner")
    assert await refused(people.sites.leave(people.site_id, people.ids["Lan"])) == (409, "last_owner")
    await change(people, "Lan", Role.OWNER)
    assert (await roles(people))["Lan"] == "owner"


async def test_of_two_owners_who_remove_each_other_at_once_one_is_left(people: People) -> None:
    await change(people, "Minh", Role.OWNER)
    both = await asyncio.gather(change(people, "Minh", None, "Lan"), change(people, "Lan", None, "Minh"), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in both) == ["NoneType", "Problem"]
    assert list((await roles(people)).values()).count("owner") == 1


async def test_two_owners_who_leave_at_once_leave_one(people: People) -> None:
    await change(people, "Minh", Role.OWNER)
    leaving = [people.sites.leave(people.site_id, people.ids[name]) for name in ("Lan", "Minh")]
    outcomes = await asyncio.gather(*leaving, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Problem"]
    assert list((await roles(people)).values()).count("owner") == 1


async def test_who_was_just_removed_removes_nobody(people: People) -> None:
    for name in ("Minh", "Hoa"):
        await change(people, name, Role.OWNER)
    await asyncio.gather(change(people, "Minh", None, "Lan"), change(people, "Hoa", None, "Minh"), return_exceptions=True)
    assert await roles(people) == {"Lan": "owner", "Hoa": "owner"}


async def test_a_member_leaves_and_is_unknown_from_then_on(people: People) -> None:
    session = await people.session_of("Hoa")
    assert (await people.accounts.principal(session)).may_see(people.site_id)  # type: ignore[union-attr]
    await people.sites.leave(people.site_id, people.ids["Hoa"])
    assert not (await people.accounts.principal(session)).may_see(people.site_id)  # type: ignore[union-attr]
    assert await refused(people.sites.leave(people.site_id, people.ids["Hoa"])) == (404, "unknown_member")
    assert await refused(change(people, "Hoa", Role.VIEWER)) == (404, "unknown_member")


async def test_every_change_is_told_with_site_person_and_role(people: People) -> None:
    told: list[tuple[str, str, Role | None]] = []

    async def hear(site_id: str, user_id: str, role: Role | None) -> None:
        told.append((site_id, user_id, role))

    people.sites.after_role.append(hear)
    await change(people, "Hoa", Role.OPERATOR)
    await people.sites.leave(people.site_id, people.ids["Hoa"])
    assert told == [(people.site_id, people.ids["Hoa"], role) for role in (Role.OPERATOR, None)]


async def test_who_stops_being_an_owner_is_told_inside_the_transaction(people: People) -> None:
    steps: list[str] = []

    async def end(session: AsyncSession, site_id: str, user_id: str) -> Afterwards:
        assert await session.get(Member, (site_id, user_id)) is None

        async def finish() -> None:
            steps.append(f"after {user_id}")

        steps.append(f"in {user_id}")
        return finish

    people.sites.on_demotion.append(end)
    await change(people, "Minh", Role.OWNER)
    await change(people, "Hoa", None)
    await change(people, "Minh", None)
    assert steps == [f"in {people.ids['Minh']}", f"after {people.ids['Minh']}"]


async def test_a_further_site_is_for_those_who_own_one(people: People) -> None:
    changed: list[Site] = []
    people.sites.on_site_change.append(changed.append)
    site = await people.sites.add("Trại cá Đồng Đăng", "Asia/Bangkok", people.ids["Lan"])
    assert (site.slug, site.name, site.timezone) == ("trai-ca-dong-dang", "Trại cá Đồng Đăng", "Asia/Bangkok")
    assert changed == [site]
    session = await people.session_of("Lan")
    assert (await people.accounts.principal(session)).roles[site.id] is Role.OWNER  # type: ignore[union-attr]
    for name in ("Minh", "Hoa", "Stranger"):
        assert await refused(people.sites.add("x", "Asia/Bangkok", people.ids[name])) == (403, "owners_only")


async def test_short_names_of_sites_are_told_apart_and_fit(people: People) -> None:
    names = ["Vườn ươm", "ネコ", "ネコ", "a" * 60, "a" * 60]
    slugs = [(await people.sites.add(name, "UTC", people.ids["Lan"])).slug for name in names]
    assert slugs == ["vuon-uom-2", "site", "site-2", "a" * 32, "a" * 24 + "-2"]


async def test_nobody_owns_more_sites_than_can_be_looked_after(people: People) -> None:
    for number in range(MOST_OWNED - 1):
        await people.sites.add(f"Trạm {number}", "UTC", people.ids["Lan"])
    assert await refused(people.sites.add("x", "UTC", people.ids["Lan"])) == (409, "too_many_sites")


async def test_a_site_is_renamed_and_moved_and_keeps_its_short_name(people: People) -> None:
    changed: list[Site] = []
    people.sites.on_site_change.append(changed.append)
    await people.sites.change(people.site_id, people.ids["Lan"], name="Vườn mới")
    await people.sites.change(people.site_id, people.ids["Lan"], timezone="Asia/Bangkok")
    assert [(site.slug, site.name, site.timezone) for site in changed] == [
        ("vuon-uom", "Vườn mới", "Asia/Ho_Chi_Minh"),
        ("vuon-uom", "Vườn mới", "Asia/Bangkok"),
    ]


async def test_a_person_s_name_follows_the_rule_of_all_names(people: People) -> None:
    async def add(session: AsyncSession) -> str:
        return people.accounts.add_person(session, " Ba\u0309o ").name

    assert await people.database.writer.run(add) == "Bảo"

    async def add_bad(session: AsyncSession) -> None:
        people.accounts.add_person(session, "a\u202eb")

    with pytest.raises(BadName):
        await people.database.writer.run(add_bad)
