"""What devices say while the database cannot write is not taken for kept, and is asked for again."""

from sqlmodel import col, select

from server.devices.models import ChannelReport, JournalMark
from server.history.search import find_events
from tests.server.board import Puppet, Stage, stage
from tests.waiting import until


async def numbers(there: Stage, puppet: Puppet) -> list[int]:
    await there.settle()
    async with there.database.read() as session:
        return sorted(event.seq for event in await find_events(session, puppet.id, 100))


async def mark(there: Stage, puppet: Puppet) -> int:
    await there.settle()
    async with there.database.read() as session:
        return (await session.exec(select(JournalMark.have_seq).where(col(JournalMark.device_id) == puppet.id))).one()


async def test_what_follows_a_record_that_could_not_be_kept_does_not_move_the_mark(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        with there.full_disk():
            puppet.event("den", False)
            await until(lambda: there.database.writer.waiting == 0)
            puppet.event("den", True)
            await until(lambda: there.database.writer.failing is not None)
        await until(lambda: there.database.writer.failing is None)
        assert await mark(there, puppet) == 1
        puppet.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 1


async def test_what_is_kept_after_another_was_turned_away_holds_up_nothing_that_follows(tmp_path, monkeypatch):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        with monkeypatch.context() as full:
            full.setattr(there.database.writer, "_queue_limit", 0)
            turned_away = puppet.event("den", False)
        await there.settle()
        puppet.say(turned_away)
        assert await mark(there, puppet) == 2
        puppet.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 2


async def test_what_could_not_be_kept_is_kept_when_it_is_told_again(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        with there.full_disk():
            events = [puppet.event("den", on) for on in (True, False)]
            await there.failed()
        for event in events:
            puppet.say(event)
        assert await numbers(there, puppet) == [1, 2]
        assert await mark(there, puppet) == 2
        puppet.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 2


async def test_a_mark_that_could_not_be_begun_is_put_right_at_the_next_hello(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        puppet.about()
        await there.settle()
        with there.full_disk():
            puppet.hello()
            await there.failed()
        puppet.event("den", True)
        puppet.hello()
        assert await mark(there, puppet) == 1


async def test_a_device_that_was_not_heard_is_asked_again(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        with there.full_disk():
            puppet.event("den", True)
            await there.failed()
        there.board.watch.look()
        assert there.link.calls(puppet.id)
        before = len(there.link.calls(puppet.id))
        there.board.watch.look()
        assert len(there.link.calls(puppet.id)) == before


async def test_a_report_that_could_not_be_kept_is_kept_with_the_next_state(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        with there.full_disk():
            puppet.event("den", True)
            await there.failed()
        puppet.state("den", True)
        await there.settle()
        async with there.database.read() as session:
            report = (await session.exec(select(ChannelReport).where(col(ChannelReport.channel) == "den"))).one()
        assert report.on is True


async def test_a_writer_with_a_full_queue_is_a_disk_that_cannot_write(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        limit, there.database.writer._queue_limit = there.database.writer._queue_limit, 0
        event = puppet.event("den", True)
        there.database.writer._queue_limit = limit
        puppet.event("den", False)
        assert await mark(there, puppet) == 0
        puppet.say(event)
        assert await mark(there, puppet) == 1


async def test_a_hello_in_the_midst_of_a_stream_does_not_hold_up_what_follows(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        puppet.hello()
        puppet.event("den", False)
        assert await mark(there, puppet) == 2
