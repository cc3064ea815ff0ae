"""History is kept as long as it is said to be, and what is deleted is old, settled and not needed any more."""

from sqlmodel import func, select

from server.commands.models import Command
from server.commands.wish import Actor, Wish
from server.devices.models import PresenceChange
from server.history.models import EventRow
from server.history.retention import AT_ONCE, DAY_MS, Retention
from tests.server.board import Stage, stage

LAN = Actor("lan", "Lan")


async def count(there: Stage, table) -> int:
    await there.settle()
    async with there.database.read() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


async def test_what_is_older_than_said_goes_and_the_rest_stays(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        for _ in range(AT_ONCE + 5):
            puppet.event("den", True)
        await there.settle()
        there.clock.ms += 31 * DAY_MS
        puppet.event("den", False)
        await there.settle()
        assert await Retention(there.database, there.clock, 30).look() == AT_ONCE + 5
        assert await count(there, EventRow) == 1


async def test_a_command_that_is_still_open_is_never_deleted(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        settled = await there.board.desk.issue(LAN, Wish(puppet.id, "den", on=True))
        puppet.receipt(settled.id)
        unconfirmed = await there.board.desk.issue(LAN, Wish(puppet.id, "den", on=False))
        there.clock.ms += 31 * DAY_MS
        there.board.desk._due(unconfirmed.id)
        await there.settle()
        await Retention(there.database, there.clock, 30).look()
        async with there.database.read() as session:
            assert (await session.exec(select(Command.id))).all() == [unconfirmed.id]


async def test_the_last_coming_or_going_of_a_device_stays(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        there.clock.ms += 31 * DAY_MS
        await there.settle()
        await Retention(there.database, there.clock, 30).look()
        async with there.database.read() as session:
            assert [change.online for change in await session.exec(select(PresenceChange))] == [False]


async def test_what_a_device_s_wrong_clock_says_is_old_is_judged_by_when_it_came(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        event = puppet.event("den", True)
        puppet.say(event.model_copy(update={"at_ms": 1, "seq": 2}))
        await there.settle()
        assert await Retention(there.database, there.clock, 30).look() == 0
