"""The fates of commands when the database cannot write for a while: none is lost, none is told that does not hold."""

import asyncio

import pytest

from protocol.messages import Reason
from server.commands import keeping as keeping_module
from server.commands.record import Fate
from server.commands.search import Search, find_commands
from server.commands.statements import save
from server.db import StorageError
from tests.server.board import Puppet, Stage, stage
from tests.server.commands.asking import LAN, kept, wish
from tests.waiting import until


@pytest.fixture(autouse=True)
def again_at_once(monkeypatch):
    monkeypatch.setattr(keeping_module, "AGAIN_S", 0.02)


async def kept_fate(there: Stage, command_id: str, fate: Fate) -> None:
    for _ in range(200):
        if (await kept(there, command_id)).fate is fate:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{command_id} is {(await kept(there, command_id)).fate}, not {fate}")


async def test_a_receipt_that_could_not_be_kept_is_kept_when_it_is_told_again(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping_module, "AGAIN_S", 60)
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        with there.full_disk():
            puppet.receipt(command.id)
            await there.failed()
        puppet.seq = 0
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED
        assert there.board.registry.get(puppet.id).kept_seq == 1


async def test_a_fate_that_could_not_be_kept_is_kept_when_the_disk_has_room_again(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        with there.full_disk():
            puppet.receipt(command.id)
            await there.failed()
        await kept_fate(there, command.id, Fate.APPLIED)


async def test_a_command_that_ran_out_while_the_disk_was_full_is_kept_as_expired(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True, expires_in_s=60))
        with there.full_disk():
            there.clock.ms += 60_000
            there.board.desk._due(command.id)
            await there.failed()
        await kept_fate(there, command.id, Fate.EXPIRED)


async def test_the_disk_never_exchanges_one_fate_for_another(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.receipt(command.id)
        settled = await kept(there, command.id)
        await there.database.writer.submit(save(settled._replace(fate=Fate.PUBLISHED, settled_ms=None)))
        await there.database.writer.submit(save(settled._replace(fate=Fate.EXPIRED)))
        assert await kept(there, command.id) == settled


async def test_what_could_not_be_taken_back_still_waits_and_is_sent(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        with there.full_disk(), pytest.raises(StorageError):
            await there.board.desk.cancel(command.id)
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_what_is_being_taken_back_is_neither_sent_nor_shown_as_taken_back_before_that_is_on_disk(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        taking_back = asyncio.create_task(there.board.desk.cancel(command.id))
        await asyncio.sleep(0)
        puppet.hello()
        assert there.board.desk.get(command.id).fate is Fate.WAITING
        assert (await taking_back).fate is Fate.CANCELLED
        assert there.link.commands(puppet.id) == []
        assert (await kept(there, command.id)).fate is Fate.CANCELLED


async def test_who_takes_back_what_is_being_taken_back_waits_for_the_same_answer(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        both = await asyncio.gather(*(there.board.desk.cancel(command.id) for _ in range(2)))
        assert [each.fate for each in both] == [Fate.CANCELLED] * 2


@pytest.mark.parametrize("is_there", [False, True])
async def test_what_is_being_taken_back_does_not_expire_before_the_disk_has_answered(tmp_path, is_there):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True, expires_in_s=60))
        cancelling = asyncio.create_task(there.board.desk.cancel(command.id))
        await asyncio.sleep(0)
        there.clock.ms += 60_000
        there.board.desk._timers[command.id].cancel()
        there.board.desk._due(command.id)
        if is_there:
            puppet.hello()
        assert (await cancelling).fate is there.board.desk.get(command.id).fate is Fate.CANCELLED
        assert (await kept(there, command.id)).fate is Fate.CANCELLED


async def test_what_could_not_be_taken_back_in_its_time_is_expired(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True, expires_in_s=60))
        with there.full_disk():
            cancelling = asyncio.create_task(there.board.desk.cancel(command.id))
            await asyncio.sleep(0)
            there.clock.ms += 60_000
            there.board.desk._timers[command.id].cancel()
            there.board.desk._due(command.id)
            with pytest.raises(StorageError):
                await cancelling
        await until(lambda: there.board.desk.get(command.id).fate is Fate.EXPIRED)
        await kept_fate(there, command.id, Fate.EXPIRED)


async def test_what_is_being_taken_back_is_not_sent_although_nobody_waits_for_that_any_more(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        taking_back = asyncio.create_task(there.board.desk.cancel(command.id))
        await asyncio.sleep(0)
        taking_back.cancel()
        await asyncio.wait((taking_back,))
        puppet.hello()
        await there.settle()
        assert there.link.commands(puppet.id) == []
        assert there.board.desk.get(command.id).fate is Fate.CANCELLED
        assert (await kept(there, command.id)).fate is Fate.CANCELLED


async def test_what_could_not_be_taken_back_is_sent_to_a_device_that_came_meanwhile(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        with there.full_disk():
            taking_back = asyncio.create_task(there.board.desk.cancel(command.id))
            await asyncio.sleep(0)
            puppet.hello()
            assert there.link.commands(puppet.id) == []
            with pytest.raises(StorageError):
                await taking_back
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_a_command_that_the_disk_took_although_it_said_no_is_not_left_open(tmp_path, monkeypatch):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        writer = there.database.writer
        real = writer.submit

        def lose_the_word(*ops, after_commit=None, **options):
            _ = after_commit
            done = real(*ops, **options)
            told = asyncio.get_running_loop().create_future()
            done.add_done_callback(lambda _done: told.set_exception(StorageError("the word was lost")))
            return told

        with monkeypatch.context() as patched:
            patched.setattr(writer, "submit", lose_the_word)
            with pytest.raises(StorageError):
                await there.board.desk.issue(LAN, wish(puppet))
        async with there.database.read() as session:
            (row,) = await find_commands(session, Search([puppet.id]), 10)
        await kept_fate(there, row.id, Fate.EXPIRED)
        assert there.link.commands(puppet.id) == []


async def test_ids_go_on_sorting_when_the_clock_was_put_back_between_two_runs(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        earlier = await there.board.desk.issue(LAN, wish(puppet))
        puppet.receipt(earlier.id, reason=Reason.LOCKED)
        await there.settle()
        clock = there.clock
    clock.ms -= 3_600_000
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        puppet = Puppet(there.board, puppet.id, journal=puppet.journal, seq=puppet.seq)
        puppet.hello()
        later = await there.board.desk.issue(LAN, wish(puppet))
        assert later.id > earlier.id


async def test_nothing_that_waits_to_be_saved_outlives_the_desk(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        with there.full_disk():
            puppet.receipt(command.id)
            await there.failed()
        there.board.desk.close()
        await until(lambda: there.database.writer.waiting == 0)
        assert (await kept(there, command.id)).fate is Fate.APPLIED
