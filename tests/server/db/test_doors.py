"""Members, invitations and guest links on every database that there is: what is decided inside a transaction is decided once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from server.accounts import LinkRefused
from server.db import Database
from server.devices.models import Device
from server.errors import Problem
from server.guests import Guests
from server.history.retention import Retention
from server.invitations import Invitations
from server.sites import Role
from server.sites.members import members_of
from tests.server.people import People, small_world
from tests.server.serving import serving

DEVICE = "d" * 16
DAY_MS = 86_400_000


@asynccontextmanager
async def other_process(people: People) -> AsyncIterator[People]:
    """A second server on the same database. SQLite has one server only: there it is the first one's own connection."""
    if people.database.dialect == "sqlite":
        yield people
        return
    async with serving(Database(people.database.url)) as database:
        yield replace(people, database=database)


def outcomes(results: list[object]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


async def test_of_two_owners_who_remove_each_other_at_once_one_is_left_on_every_database(address: str) -> None:
    async with small_world(address) as people, other_process(people) as other:
        lan, minh = people.ids["Lan"], people.ids["Minh"]
        await people.sites.set_role(people.site_id, minh, Role.OWNER)
        both = await asyncio.gather(
            people.sites.change_member(people.site_id, minh, None, lan),
            other.sites.change_member(people.site_id, lan, None, minh),
            return_exceptions=True,
        )
        assert outcomes(list(both)) == ["NoneType", "Problem"]
        owners = [member for member in await members_of(people.database, people.site_id) if member.role is Role.OWNER]
        assert len(owners) == 1


async def test_two_owners_who_leave_through_two_servers_at_once_leave_one(address: str) -> None:
    async with small_world(address) as people, other_process(people) as other:
        await people.sites.set_role(people.site_id, people.ids["Minh"], Role.OWNER)
        both = await asyncio.gather(
            people.sites.leave(people.site_id, people.ids["Lan"]),
            other.sites.leave(people.site_id, people.ids["Minh"]),
            return_exceptions=True,
        )
        assert outcomes(list(both)) == ["NoneType", "Problem"]
        [refused] = [result for result in both if isinstance(result, Problem)]
        assert refused.code == "last_owner"


async def test_an_invitation_for_one_lets_one_in_through_two_servers(address: str) -> None:
    async with small_world(address) as people, other_process(people) as other:
        here, there = [Invitations(it.database, it.accounts, it.sites, clock=people.clock) for it in (people, other)]
        made, token = await here.make(people.site_id, people.ids["Lan"], Role.VIEWER, once=True, expires_ms=None, note="Ba")
        both = await asyncio.gather(*(it.accept_as_new(token, "Ba") for it in (here, there, here, there)), return_exceptions=True)
        assert outcomes(list(both)) == ["LinkRefused"] * 3 + ["str"]
        assert await here.list_open(people.site_id) == []
        _, second = await here.make(
            people.site_id, people.ids["Lan"], Role.VIEWER, once=False, expires_ms=people.clock() + DAY_MS
        )
        await here.accept(second, people.ids["Stranger"])
        [offer] = await here.list_open(people.site_id)
        assert (offer.inviter, offer.invitation.uses) == ("Lan", 1)
        assert made.id != offer.invitation.id


async def test_a_guest_link_lives_and_ends_on_every_database(address: str) -> None:
    async with small_world(address) as people:
        guests = Guests(people.database, people.sites, clock=people.clock)

        async def add(session):  # type: ignore[no-untyped-def]
            session.add(Device(id=DEVICE, site_id=people.site_id, slug="may", name="Máy", created_ms=0))

        await people.database.writer.run(add)
        link, token = await guests.make(
            people.site_id, people.ids["Lan"], "Ba", {(DEVICE, "den")}, expires_ms=people.clock() + DAY_MS, longest_on_s=60
        )
        sessions = [(await guests.open(token))[0] for _ in range(2)]
        assert [(await guests.principal(it)).name for it in sessions] == ["Ba"] * 2  # type: ignore[union-attr]
        await people.all_written()
        [found] = await guests.list_open(people.site_id)
        assert (found.channels, found.link.last_used_ms) == ({(DEVICE, "den")}, people.clock())
        await guests.revoke(people.site_id, link.id, people.ids["Lan"])
        assert [await guests.principal(it) for it in sessions] == [None, None]
        people.clock.turn(1000 * 86_400)
        assert await Retention(people.database, people.clock, 400).look() > 0
        with pytest.raises(LinkRefused):
            await guests.look(token)
