"""Every command has one fate: from the tap to the device's word."""

import asyncio

import pytest

from protocol.messages import Fate as Told
from protocol.messages import Reason
from server.commands.keys import DuplicateKey
from server.commands.record import Fate
from server.commands.search import Search, find_commands
from server.commands.wish import Actor, Wish
from server.errors import Problem
from tests.server.board import Puppet, stage
from tests.server.commands.asking import LAN, kept, wish


async def test_a_command_is_on_disk_before_it_is_sent(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        rows_when_sent = []
        real = there.link.publish

        def publish(*arguments, **options):
            rows_when_sent.append(there.database.writer.waiting)
            real(*arguments, **options)

        there.link.publish = publish
        command = await there.board.desk.issue(LAN, wish(puppet))
        assert (await kept(there, command.id)).id == there.link.commands(puppet.id)[0].jti == command.id


async def test_the_command_that_is_sent_says_what_was_asked(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet, for_s=600))
        sent = there.link.commands(puppet.id)[0]
        assert (sent.jti, sent.channel, sent.on, sent.for_s, sent.actor) == (command.id, "may-bom", True, 600, "Lan")
        assert sent.exp_ms == there.clock() + 10_000


async def test_a_receipt_settles_the_command_in_memory_and_on_disk(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.event("may-bom", True, command=command.id)
        puppet.receipt(command.id)
        settled = await there.board.desk.settled(command, 5)
        assert settled.fate is Fate.APPLIED
        assert await kept(there, command.id) == settled


async def test_a_rejected_command_keeps_the_reason(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.receipt(command.id, Told.REJECTED, on=False, reason=Reason.INTERLOCK)
        assert (await kept(there, command.id)).reason == "interlock"


async def test_nobody_but_the_device_itself_settles_its_command(tmp_path):
    async with stage(tmp_path) as there:
        puppet, thief = await there.device(), await there.device("e" * 16)
        command = await there.board.desk.issue(LAN, wish(puppet))
        thief.receipt(command.id)
        assert (await kept(there, command.id)).fate in (Fate.ACCEPTED, Fate.PUBLISHED)


async def test_a_second_receipt_changes_nothing_and_one_that_says_otherwise_is_told_to_who_runs_the_server(tmp_path, caplog):
    async with stage(tmp_path) as there:
        puppet, thief = await there.device(), await there.device("e" * 16)
        command = await there.board.desk.issue(LAN, wish(puppet))
        for _again in range(2):
            puppet.receipt(command.id, Told.REJECTED, on=False, reason=Reason.TOO_SOON)
        thief.receipt(command.id, Told.APPLIED)
        assert "was told as" not in caplog.text
        puppet.receipt(command.id, Told.APPLIED)
        assert f"{command.id} was told as rejected, and {puppet.id} says now: applied" in caplog.text
        assert (await kept(there, command.id)).fate is Fate.REJECTED


async def test_a_command_for_an_offline_device_is_refused_and_leaves_no_trace(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        with pytest.raises(Problem) as refusal:
            await there.board.desk.issue(LAN, wish(puppet))
        assert (refusal.value.status, refusal.value.code) == (409, "device_offline")
        async with there.database.read() as session:
            assert await find_commands(session, Search([puppet.id]), 10) == []


@pytest.mark.parametrize(
    ("channel", "status", "code"),
    [("khong-co", 404, "unknown_channel"), ("nut", 409, "not_an_output"), ("khoa", 409, "locked")],
)
async def test_what_cannot_be_switched_is_refused_with_a_word(tmp_path, channel, status, code):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        with pytest.raises(Problem) as refusal:
            await there.board.desk.issue(LAN, Wish(puppet.id, channel, on=True))
        assert (refusal.value.status, refusal.value.code) == (status, code)


async def test_nothing_is_accepted_while_the_broker_cannot_be_reached(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.board.hub.link_changed(up=False)
        with pytest.raises(Problem) as refusal:
            await there.board.desk.issue(LAN, wish(puppet))
        assert (refusal.value.status, refusal.value.code) == (503, "link_down")


async def test_one_key_makes_one_command(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet, idempotency_key="k1"))
        with pytest.raises(DuplicateKey):
            await there.board.desk.issue(LAN, wish(puppet, idempotency_key="k1"))
        assert await there.board.desk.made_by_key("lan", "k1") == command.id
        assert len(there.link.commands(puppet.id)) == 1


async def test_one_key_makes_one_command_also_across_a_restart(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        await there.board.desk.issue(LAN, wish(puppet, idempotency_key="k1"))
        clock = there.clock
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        puppet = Puppet(there.board, puppet.id, journal=puppet.journal)
        puppet.hello()
        with pytest.raises(DuplicateKey):
            await there.board.desk.issue(LAN, wish(puppet, idempotency_key="k1"))


async def test_a_device_with_too_many_open_commands_gets_no_more(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        for _ in range(100):
            await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        with pytest.raises(Problem) as refusal:
            await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        assert refusal.value.status == 429


async def test_commands_that_nobody_can_answer_any_more_are_not_in_the_way_of_others(tmp_path):
    """A device that hung and came back with another memory can tell nothing of them; it must be switched off all the same."""
    async with stage(tmp_path) as there:
        puppet = await there.device()
        for _ in range(100):
            await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 3_600_000
        for command_id in list(there.board.desk._timers):
            there.board.desk._timers[command_id].cancel()
            there.board.desk._due(command_id)
        puppet.session, puppet.journal, puppet.seq = "c" * 16, "e" * 16, 0
        puppet.hello()
        command = await there.board.desk.issue(LAN, wish(puppet, on=False))
        assert there.link.commands(puppet.id)[-1].jti == command.id


async def test_commands_of_one_channel_are_sent_in_the_order_in_which_they_were_accepted(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        made = await asyncio.gather(*(there.board.desk.issue(LAN, wish(puppet, on=bool(n % 2))) for n in range(50)))
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id for command in made]
        assert sorted(command.id for command in made) == [command.id for command in made]


async def test_a_channel_shows_its_latest_command_and_not_an_older_one_that_settles_later(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        first = await there.board.desk.issue(LAN, wish(puppet))
        second = await there.board.desk.issue(LAN, wish(puppet, on=False))
        puppet.receipt(first.id)
        shown = there.board.registry.get(puppet.id).channels["may-bom"].command
        assert shown == second._replace(fate=Fate.PUBLISHED, published_ms=there.clock(), handed_over=True)


async def test_a_command_never_lives_longer_than_it_may(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        before_ms = there.clock() + 3_000
        command = await there.board.desk.issue(Actor("guest:a", "a"), Wish(puppet.id, "den", on=True, before_ms=before_ms))
    assert command.expires_ms == before_ms
