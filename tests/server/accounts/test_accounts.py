"""Links that work once, and the sessions behind them."""

import asyncio
from contextlib import nullcontext

import pytest
from sqlmodel import select

from server.accounts import LinkRefused, Principal
from server.accounts.models import Session, SignInLink
from server.ids import hashed, new_secret
from server.sites import Role
from tests.server.people import ABSOLUTE_S, IDLE_S, LINK_S, People, small_world

DAY_S = 86_400


async def who(people: People, token: str) -> str | None:
    principal = await people.accounts.principal(token)
    return principal and principal.name


async def test_a_link_lets_its_person_in(address: str) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Minh")
        assert await people.accounts.principal(session) == Principal(people.ids["Minh"], "Minh", {people.site_id: Role.OPERATOR})


async def test_a_link_works_once(address: str) -> None:
    async with small_world(address) as people:
        link = await people.accounts.make_link(people.ids["Lan"])
        await people.accounts.sign_in(link)
        with pytest.raises(LinkRefused):
            await people.accounts.sign_in(link)
        with pytest.raises(LinkRefused):
            await people.accounts.check_link(link)


async def test_of_many_who_use_a_link_at_once_one_gets_in(address: str) -> None:
    async with small_world(address) as people:
        link = await people.accounts.make_link(people.ids["Lan"])
        results = await asyncio.gather(*(people.accounts.sign_in(link) for _ in range(8)), return_exceptions=True)
        assert [type(result) for result in results].count(str) == 1


async def test_looking_at_a_link_uses_nothing_up(address: str) -> None:
    async with small_world(address) as people:
        link = await people.accounts.make_link(people.ids["Lan"])
        await people.accounts.check_link(link)
        assert await who(people, await people.accounts.sign_in(link)) == "Lan"


@pytest.mark.parametrize(("after_s", "works"), [(LINK_S - 1, True), (LINK_S, False)])
async def test_a_link_runs_out(address: str, after_s: int, works: bool) -> None:
    async with small_world(address) as people:
        link = await people.accounts.make_link(people.ids["Lan"])
        people.clock.turn(after_s)
        for step in (people.accounts.check_link, people.accounts.sign_in):
            with nullcontext() if works else pytest.raises(LinkRefused):
                await step(link)


async def test_a_link_that_never_was_is_refused(address: str) -> None:
    async with small_world(address) as people:
        with pytest.raises(LinkRefused):
            await people.accounts.sign_in("made-up")


async def test_only_hashes_of_tokens_are_kept(address: str) -> None:
    async with small_world(address) as people:
        session_token = await people.session_of("Lan")
        async with people.database.read() as session:
            kept = [*(await session.exec(select(SignInLink.token_hash))), *(await session.exec(select(Session.token_hash)))]
        assert kept == [hashed("token-1"), hashed(session_token)]


def test_a_token_has_256_random_bits() -> None:
    tokens = {new_secret() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


async def test_signing_out_ends_that_session_at_once_and_no_other(address: str) -> None:
    async with small_world(address) as people:
        phone, laptop = await people.session_of("Lan"), await people.session_of("Lan")
        assert (await who(people, phone), await who(people, laptop)) == ("Lan", "Lan")
        await people.accounts.sign_out(phone)
        assert (await who(people, phone), await who(people, laptop)) == (None, "Lan")


async def test_a_session_that_is_used_stays_until_its_end(address: str) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Hoa")
        days = 0
        while await who(people, session):
            await people.all_written()
            people.clock.turn(10 * DAY_S)
            days += 10
        assert days == ABSOLUTE_S / DAY_S


async def test_a_session_that_is_not_used_ends_by_itself(address: str) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Hoa")
        people.clock.turn(IDLE_S - 1)
        assert await who(people, session) == "Hoa"
        people.clock.turn(IDLE_S)
        assert await who(people, session) is None


async def test_a_change_of_role_shows_at_once(address: str) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Minh")
        assert (await people.accounts.principal(session)).may_command(people.site_id)  # type: ignore[union-attr]
        await people.sites.set_role(people.site_id, people.ids["Minh"], Role.VIEWER)
        assert not (await people.accounts.principal(session)).may_command(people.site_id)  # type: ignore[union-attr]
        await people.sites.set_role(people.site_id, people.ids["Minh"], None)
        assert not (await people.accounts.principal(session)).may_see(people.site_id)  # type: ignore[union-attr]


async def test_a_change_by_another_process_shows_within_two_seconds(address: str) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Minh")
        assert await who(people, session) == "Minh"
        other = People(people.database, people.clock)
        await other.accounts.sign_out(session)
        people.clock.turn(2)
        assert await who(people, session) is None


async def test_many_who_ask_at_once_cause_one_look_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_world(address) as people:
        session = await people.session_of("Lan")
        read, reads = people.database.read, 0

        def counted() -> object:
            nonlocal reads
            reads += 1
            return read()

        monkeypatch.setattr(people.database, "read", counted)
        assert set(await asyncio.gather(*(who(people, session) for _ in range(50)))) == {"Lan"}
        assert reads == 1


async def test_each_use_of_a_link_is_told(address: str) -> None:
    async with small_world(address) as people:
        told: list[str] = []
        people.accounts.on_link_used.append(told.append)
        await people.session_of("Lan")
        assert told == [people.ids["Lan"]]


async def test_with_no_name_the_first_owner_is_found(address: str) -> None:
    async with small_world(address) as people:
        found = [await people.accounts.find_person(name) for name in (None, "Hoa", "Nobody")]
        assert [person and person.name for person in found] == ["Lan", "Hoa", None]


@pytest.mark.parametrize(
    ("role", "commands", "manages"), [(Role.OWNER, True, True), (Role.OPERATOR, True, False), (Role.VIEWER, False, False)]
)
def test_what_a_role_may_do(role: Role, commands: bool, manages: bool) -> None:
    assert (role.may_command, role.may_manage) == (commands, manages)


def test_a_stranger_may_do_nothing() -> None:
    stranger = Principal("s", "Stranger", {})
    assert (stranger.may_see("site"), stranger.may_command("site")) == (False, False)
