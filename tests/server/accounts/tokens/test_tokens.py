"""API tokens: what they let a program do, and when they end."""

import pytest
from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Principal
from server.accounts.scopes import EVERY_SCOPE, Scope
from server.accounts.tokens.models import ApiToken
from server.accounts.tokens.tokens import MOST_A_PERSON, SEEN_EVERY_MS, Wanted
from server.errors import Problem
from server.ids import hashed
from server.sites import Role, Site
from tests.server.people import People, small_world

DAY_S = 86_400


async def made(
    people: People, name: str = "Lan", scopes: frozenset[Scope] = EVERY_SCOPE, **limits: object
) -> tuple[ApiToken, str]:
    wanted = Wanted("Trạm bơm", scopes, **limits)  # type: ignore[arg-type]
    return await people.accounts.tokens.make(people.ids[name], wanted)


async def who(people: People, token: str) -> str | None:
    principal = await people.accounts.token_principal(token)
    return principal and principal.name


async def test_a_token_is_its_person_narrowed(address: str) -> None:
    async with small_world(address) as people:
        row, token = await made(people, scopes=frozenset({Scope.COMMAND}), site_id=people.site_id)
        assert await people.accounts.token_principal(token) == Principal(
            people.ids["Lan"],
            "Lan (Trạm bơm)",
            {people.site_id: Role.OPERATOR},
            scopes=frozenset({Scope.READ, Scope.COMMAND}),
            token_id=row.id,
        )


async def test_a_viewer_s_token_that_may_command_may_still_not_command(address: str) -> None:
    async with small_world(address) as people:
        principal = await people.accounts.token_principal((await made(people, "Hoa"))[1])
        assert principal is not None
        assert (principal.may_see(people.site_id), principal.may_command(people.site_id)) == (True, False)


async def test_a_change_of_its_person_s_role_changes_a_token_at_once(address: str) -> None:
    async with small_world(address) as people:
        _, token = await made(people, "Minh")
        for role, may in ((Role.OPERATOR, True), (Role.VIEWER, False), (Role.OWNER, True)):
            await people.sites.set_role(people.site_id, people.ids["Minh"], role)
            principal = await people.accounts.token_principal(token)
            assert principal is not None
            assert principal.may_command(people.site_id) is may
        await people.sites.set_role(people.site_id, people.ids["Minh"], None)
        principal = await people.accounts.token_principal(token)
        assert principal is not None
        assert not principal.may_see(people.site_id)


async def test_only_the_hash_of_a_token_is_kept(address: str) -> None:
    async with small_world(address) as people:
        _, token = await made(people)
        async with people.database.read() as session:
            row = (await session.exec(select(ApiToken))).one()
    assert row.token_hash == hashed(token)
    assert token not in str(row.model_dump())


async def test_a_token_that_is_revoked_is_good_for_nothing_at_once_and_others_stay(address: str) -> None:
    async with small_world(address) as people:
        (row, token), (_, other) = await made(people), await made(people)
        assert await who(people, token) == "Lan (Trạm bơm)"
        await people.accounts.tokens.revoke(people.ids["Lan"], row.id)
        assert (await who(people, token), await who(people, other)) == (None, "Lan (Trạm bơm)")


async def test_a_token_revoked_by_another_process_ends_within_two_seconds(address: str) -> None:
    async with small_world(address) as people:
        row, token = await made(people)
        assert await who(people, token)
        await People(people.database, people.clock).accounts.tokens.revoke(people.ids["Lan"], row.id)
        people.clock.turn(2)
        assert await who(people, token) is None


async def test_nobody_revokes_another_person_s_token(address: str) -> None:
    async with small_world(address) as people:
        row, token = await made(people)
        with pytest.raises(Problem, match="404 unknown_token"):
            await people.accounts.tokens.revoke(people.ids["Minh"], row.id)
        assert await who(people, token)


async def test_a_token_works_until_its_end(address: str) -> None:
    async with small_world(address) as people:
        _, token = await made(people, ends_ms=people.clock() + DAY_S * 1000)
        people.clock.turn(DAY_S - 1)
        assert await who(people, token)
        people.clock.turn(2)
        assert await who(people, token) is None


async def test_a_token_s_last_use_is_kept_to_about_a_minute(address: str) -> None:
    async with small_world(address) as people:
        _, token = await made(people)
        [before] = await people.accounts.tokens.of_person(people.ids["Lan"])
        uses = []
        for turn_s in (0, 30, SEEN_EVERY_MS / 1000 - 30):
            people.clock.turn(turn_s)
            await who(people, token)
            await people.all_written()
            [row] = await people.accounts.tokens.of_person(people.ids["Lan"])
            uses.append(row.used_ms)
        now = people.clock()
    assert (before.used_ms, uses) == (None, [now - SEEN_EVERY_MS, now - SEEN_EVERY_MS, now])


async def test_a_session_s_token_is_no_api_token_and_the_other_way_round(address: str) -> None:
    async with small_world(address) as people:
        session, (_, token) = await people.session_of("Lan"), await made(people)
        assert await people.accounts.token_principal(session) is None
        assert await people.accounts.principal(token) is None


@pytest.mark.parametrize("token", ["", "congtac_", "congtac_" + "0" * 49, "x" * 5000, "Đường"])
async def test_what_was_never_made_is_good_for_nothing(address: str, token: str) -> None:
    async with small_world(address) as people:
        assert await who(people, token) is None


async def test_what_cannot_be_a_token_is_not_looked_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_world(address) as people:
        monkeypatch.setattr(people.database, "read", lambda: pytest.fail("it was looked up"))
        assert await who(people, "congtac_" + "a" * 49) is None


async def test_a_person_has_so_many_tokens_and_no_more(address: str) -> None:
    async with small_world(address) as people:
        for _ in range(MOST_A_PERSON):
            await made(people, "Hoa")
        with pytest.raises(Problem, match="409 too_many_tokens"):
            await made(people, "Hoa")
        await made(people, "Lan")


async def test_a_token_for_one_site_goes_with_the_site(address: str) -> None:
    async with small_world(address) as people:
        _, token = await made(people, site_id=people.site_id)
        _, other = await made(people)

        async def close_down(session: AsyncSession) -> None:
            await session.exec(delete(Site).where(col(Site.id) == people.site_id))

        await people.database.writer.run(close_down)
        assert (await who(people, token), await who(people, other)) == (None, "Lan (Trạm bơm)")
