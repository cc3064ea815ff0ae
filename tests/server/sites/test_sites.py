"""Sites and who is a member of them."""

from collections.abc import Mapping
from pathlib import Path

from server.sites import Role
from tests.server.people import People, small_world


async def roles_of(people: People, name: str) -> Mapping[str, Role]:
    principal = await people.accounts.principal(await people.session_of(name))
    assert principal is not None
    return principal.roles


async def test_a_role_can_be_given_changed_and_taken_away(tmp_path: Path) -> None:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as people:
        stranger = people.ids["Stranger"]
        seen = []
        for role in (Role.VIEWER, Role.OPERATOR, None):
            await people.sites.set_role(people.site_id, stranger, role)
            seen.append((await roles_of(people, "Stranger")).get(people.site_id))
        assert seen == [Role.VIEWER, Role.OPERATOR, None]


async def test_each_change_of_a_role_is_told_once_it_is_kept(tmp_path: Path) -> None:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as people:
        told: list[str] = []
        people.sites.on_member_change.append(told.append)
        await people.sites.set_role(people.site_id, people.ids["Hoa"], None)
        assert told == [people.ids["Hoa"]]


async def test_only_sites_that_exist_are_found(tmp_path: Path) -> None:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as people:
        assert [site.slug for site in await people.sites.find([people.site_id, "none"])] == ["vuon-uom"]
        assert await people.sites.find([]) == []
