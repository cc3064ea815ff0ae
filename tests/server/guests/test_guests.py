"""Guest links: what a guest is, for how long, and that nothing is left of one that was revoked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from server.accounts import Grants, LinkRefused, Principal
from server.devices.models import Device
from server.errors import Problem
from server.guests import Guests
from server.guests.guests import LONGEST_MS, MOST_OPEN, MOST_SESSIONS
from server.guests.models import GuestLink, GuestSession
from server.ids import hashed
from server.sites import Role
from tests.server.people import People, small_world

DEVICE = "d" * 16
LAMP = frozenset({(DEVICE, "den")})
DAY_MS = 86_400_000


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as world:

        async def add(session):  # type: ignore[no-untyped-def]
            session.add(Device(id=DEVICE, site_id=world.site_id, slug="may", name="Máy", created_ms=0))

        await world.database.writer.run(add)
        yield world


@pytest.fixture
def guests(people: People) -> Guests:
    return Guests(people.database, people.sites, clock=people.clock)


async def make(guests: Guests, people: People, *, days: float = 1, by: str = "Lan", name: str = "Ba") -> tuple[GuestLink, str]:
    expires_ms = people.clock() + round(days * DAY_MS)
    return await guests.make(people.site_id, people.ids[by], name, LAMP, expires_ms=expires_ms, longest_on_s=600)


async def refused(step: object) -> bool:
    with pytest.raises(LinkRefused):
        await step  # type: ignore[misc]
    return True


async def test_who_opens_the_link_is_a_guest_with_the_granted_channels_and_no_role(people: People, guests: Guests) -> None:
    link, token = await make(guests, people)
    session, lasts_s = await guests.open(token)
    assert lasts_s == 86_400
    grants = Grants(link.id, people.site_id, LAMP, 600, people.clock() + DAY_MS)
    guest = await guests.principal(session)
    assert guest == Principal(link.id, "Ba", {}, guest=grants)
    assert (guest.actor, guest.known_as) == (f"guest:{link.id}", "guest:Ba")
    assert (guest.may_see(people.site_id), guest.may_command(people.site_id)) == (False, False)
    places = [(DEVICE, "den"), (DEVICE, "may-bom"), ("e" * 16, "den")]
    assert [guest.may_command_channel(people.site_id, *place) for place in places] == [True, False, False]
    assert [guest.may_see_channel(people.site_id, *place) for place in places] == [True, False, False]


async def test_looking_opens_nothing_and_the_link_works_for_many(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    assert (await guests.look(token)).link.last_used_ms is None
    sessions = {(await guests.open(token))[0] for _ in range(3)}
    assert len([await guests.principal(session) for session in sessions]) == 3


async def test_only_hashes_are_kept(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    session_token, _ = await guests.open(token)
    async with people.database.read() as session:
        kept = [*await session.exec(select(GuestLink.token_hash)), *await session.exec(select(GuestSession.token_hash))]
    assert kept == [hashed(token), hashed(session_token)]


async def test_a_guest_s_session_is_no_person_s_and_the_other_way_round(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    session, _ = await guests.open(token)
    assert await people.accounts.principal(session) is None
    assert await guests.principal(await people.session_of("Lan")) is None
    assert await guests.principal(token) is None


async def test_a_revoked_link_is_over_at_once_and_says_so_to_who_listens(people: People, guests: Guests) -> None:
    ended: list[str] = []

    async def hear(actor: str) -> None:
        ended.append(actor)

    guests.on_end.append(hear)
    (link, token), (_, other) = await make(guests, people), await make(guests, people)
    session, still = (await guests.open(token))[0], (await guests.open(other))[0]
    assert await guests.principal(session) is not None
    await guests.revoke(people.site_id, link.id, people.ids["Lan"])
    assert await guests.principal(session) is None
    assert await guests.principal(still) is not None
    assert await refused(guests.open(token))
    assert await refused(guests.look(token))
    assert ended == [f"guest:{link.id}"]
    assert [found.link.name for found in await guests.list_open(people.site_id)] == ["Ba"]


async def test_a_link_that_runs_out_is_over_at_that_moment(people: People, guests: Guests) -> None:
    _, token = await make(guests, people, days=1)
    session, _ = await guests.open(token)
    people.clock.turn(86_400 - 1)
    assert await guests.principal(session) is not None
    people.clock.turn(1)
    assert await guests.principal(session) is None
    assert await refused(guests.open(token))
    assert await guests.list_open(people.site_id) == []


async def test_leaving_ends_that_browser_s_session_and_no_other(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    one, two = (await guests.open(token))[0], (await guests.open(token))[0]
    await guests.close(one)
    assert [await guests.principal(session) is not None for session in (one, two)] == [False, True]


async def test_the_list_tells_when_a_link_was_last_used(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    session, _ = await guests.open(token)
    people.clock.turn(60)
    await guests.principal(session)
    await people.all_written()
    [found] = await guests.list_open(people.site_id)
    assert (found.link.last_used_ms, found.channels) == (people.clock(), LAMP)


async def test_of_very_many_sessions_of_a_link_the_oldest_end(people: People, guests: Guests) -> None:
    _, token = await make(guests, people)
    first, _ = await guests.open(token)
    for _ in range(MOST_SESSIONS):
        people.clock.turn(0.001)
        last, _ = await guests.open(token)
    assert await guests.principal(first) is None
    assert await guests.principal(last) is not None
    async with people.database.read() as session:
        assert len((await session.exec(select(GuestSession))).all()) == MOST_SESSIONS


@pytest.mark.parametrize(("name", "status"), [("Minh", 403), ("Hoa", 403), ("Stranger", 404)])
async def test_only_owners_make_and_revoke_links(people: People, guests: Guests, name: str, status: int) -> None:
    link, _ = await make(guests, people)
    for step in (make(guests, people, by=name), guests.revoke(people.site_id, link.id, people.ids[name])):
        with pytest.raises(Problem) as answer:
            await step
        assert answer.value.status == status
    assert len(await guests.list_open(people.site_id)) == 1


async def test_a_link_of_another_site_is_not_there_to_revoke(people: People, guests: Guests) -> None:
    other = await people.sites.add("Trại cá", "UTC", people.ids["Lan"])
    link, _ = await make(guests, people)
    with pytest.raises(Problem) as answer:
        await guests.revoke(other.id, link.id, people.ids["Lan"])
    assert (answer.value.status, answer.value.code) == (404, "unknown_guest_link")


@pytest.mark.parametrize("days", [0, -1, LONGEST_MS / DAY_MS + 1])
async def test_a_link_ends_some_months_away_at_most(people: People, guests: Guests, days: float) -> None:
    with pytest.raises(Problem) as answer:
        await make(guests, people, days=days)
    assert answer.value.status == 422


async def test_a_site_has_so_many_open_links(people: People, guests: Guests) -> None:
    for _ in range(MOST_OPEN):
        await make(guests, people)
    with pytest.raises(Problem) as answer:
        await make(guests, people)
    assert (answer.value.status, answer.value.code) == (409, "too_many_open")


async def test_the_links_of_who_no_longer_owns_the_site_end_with_that(people: People, guests: Guests) -> None:
    await people.sites.set_role(people.site_id, people.ids["Minh"], Role.OWNER)
    (_, theirs), (_, ours) = await make(guests, people, by="Minh"), await make(guests, people)
    session, still = (await guests.open(theirs))[0], (await guests.open(ours))[0]
    assert await guests.principal(session) is not None
    await people.sites.change_member(people.site_id, people.ids["Minh"], Role.OPERATOR, people.ids["Lan"])
    assert await guests.principal(session) is None
    assert await guests.principal(still) is not None


async def test_which_of_some_links_are_over_can_be_asked(people: People, guests: Guests) -> None:
    (gone, _), (here, _) = await make(guests, people), await make(guests, people)
    await guests.revoke(people.site_id, gone.id, people.ids["Lan"])
    assert await guests.ended_among([gone.id, here.id, "never"]) == [gone.id, "never"]
