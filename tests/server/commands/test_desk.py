"""Every command has one fate: from the tap through whatever happens to the device's word."""

import asyncio
from dataclasses import replace

import pytest

from protocol.messages import Fate as Told
from protocol.messages import Reason
from server.commands.keys import DuplicateKey
from server.commands.record import Fate
from server.commands.search import Search, find_command, find_commands
from server.commands.wish import Actor, Wish
from server.errors import Problem
from tests.server.board import Puppet, Stage, stage

LAN = Actor("lan", "Lan")


def wish(puppet: Puppet, on: bool = True, **more) -> Wish:
    return Wish(puppet.id, "may-bom", on, **more)


async def kept(there: Stage, command_id: str):
    await there.settle()
    async with there.database.read() as session:
        return await find_command(session, command_id)


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


async def test_a_second_receipt_changes_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.receipt(command.id, Told.REJECTED, on=False, reason=Reason.TOO_SOON)
        puppet.receipt(command.id, Told.APPLIED)
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


async def test_when_online_waits_for_the_device_and_is_sent_when_it_says_hello(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        assert command.fate is Fate.WAITING
        assert there.link.commands(puppet.id) == []
        puppet.session = "c" * 16
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_a_waiting_command_can_be_taken_back_and_is_then_never_sent(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        assert (await there.board.desk.cancel(command.id)).fate is Fate.CANCELLED
        puppet.hello()
        assert there.link.commands(puppet.id) == []
        assert (await kept(there, command.id)).fate is Fate.CANCELLED


async def test_a_command_that_left_the_server_cannot_be_taken_back(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        assert (await there.board.desk.cancel(command.id)).fate is Fate.PUBLISHED


async def test_what_waits_is_sent_in_the_order_of_asking(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        asked = [(await there.board.desk.issue(LAN, wish(puppet, on=bool(n % 2), when_online=True))).id for n in range(6)]
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == asked


async def test_a_cut_before_sending_makes_it_wait_for_the_next_hello(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.link.up = False
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.link.up = True
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_what_an_earlier_session_may_have_lost_is_sent_again_under_the_same_id(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.hello()
        puppet.session = "c" * 16
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id, command.id]


async def test_what_was_sent_is_not_sent_again_to_a_device_that_lost_its_memory(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        puppet.hello()
        puppet.session, puppet.journal, puppet.seq = "c" * 16, "e" * 16, 0
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_what_was_sent_to_the_device_s_present_memory_is_sent_again_whatever_memory_it_had_before(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        puppet.session, puppet.journal, puppet.seq = "c" * 16, "e" * 16, 0
        puppet.hello()
        puppet.session = "d" * 16
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id] * 2


async def test_silence_ends_as_unconfirmed_and_asks_the_device(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED
        assert there.link.calls(puppet.id)[-1] == 500


async def test_a_late_receipt_settles_what_was_unconfirmed(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


async def test_a_whole_journal_without_the_command_settles_it_as_expired(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        puppet.hello()
        assert (await kept(there, command.id)).fate is Fate.EXPIRED


async def test_a_hello_that_was_said_before_the_end_and_came_after_it_settles_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        said_ms = there.clock()
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        puppet.hello(last_seq=0, said_ms=said_ms)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED
        assert there.link.calls(puppet.id)[-1] == 500
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


async def test_a_device_whose_clock_is_ahead_settles_nothing_before_its_time(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        puppet.hello(said_ms=command.expires_ms)
        assert there.board.desk.get(command.id).is_under_way
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


async def test_a_device_that_does_not_know_the_time_yet_is_asked_once_more(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        puppet.session = "c" * 16
        before = len(there.link.calls(puppet.id))
        puppet.hello(said_ms=None)
        puppet.hello(said_ms=None)
        calls = there.link.calls(puppet.id)[before:]
        assert len(calls) == 1
        puppet.hello()
        assert (await kept(there, command.id)).fate is Fate.EXPIRED


async def test_a_journal_that_is_still_coming_settles_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.clock.ms += 15_000
        there.board.desk._due(command.id)
        puppet.hello(last_seq=2)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED
        puppet.event("may-bom", True, command=command.id)
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


async def test_what_a_killed_server_left_open_is_sent_again_in_time(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.link.up = False
        command = await there.board.desk.issue(LAN, wish(puppet))
        clock = there.clock
    clock.ms += 5_000
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        again = Puppet(there.board, puppet.id, journal=puppet.journal)
        again.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_what_a_killed_server_left_open_too_long_is_settled_by_the_device_s_journal(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        command = await there.board.desk.issue(LAN, wish(puppet))
        clock = there.clock
    clock.ms += 60_000
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        assert (await there.board.desk.settled(command, 5)).fate is Fate.UNCONFIRMED
        Puppet(there.board, puppet.id, journal=puppet.journal, seq=1).hello()
        assert (await kept(there, command.id)).fate is Fate.EXPIRED
        assert there.link.commands(puppet.id) == []


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
        assert shown == replace(second, fate=Fate.PUBLISHED, published_ms=there.clock(), handed_over=True)


async def test_what_a_lost_link_swallowed_is_sent_again_also_to_a_device_whose_session_went_on(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.link.acknowledges = False
        command = await there.board.desk.issue(LAN, wish(puppet))
        there.link.said[-1].on_ack(False)
        there.link.acknowledges = True
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id, command.id]


async def test_what_was_lost_on_the_way_is_not_sent_after_a_later_wish_for_the_same_channel(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        lost = await there.board.desk.issue(LAN, wish(puppet))
        elsewhere = await there.board.desk.issue(LAN, Wish(puppet.id, "den", on=True))
        later = await there.board.desk.issue(LAN, wish(puppet, on=False))
        puppet.session = "c" * 16
        puppet.hello()
        again = [sent.jti for sent in there.link.commands(puppet.id)][3:]
        assert again == [elsewhere.id, later.id]
        assert lost.id not in again


async def test_what_was_lost_on_the_way_is_not_sent_after_a_later_wish_by_the_next_run_either(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.link.acknowledges = False
        await there.board.desk.issue(LAN, wish(puppet))
        there.link.acknowledges = True
        later = await there.board.desk.issue(LAN, wish(puppet, on=False))
        puppet.receipt(later.id, on=False)
        await there.settle()
        clock = there.clock
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        Puppet(there.board, puppet.id, journal=puppet.journal, seq=puppet.seq).hello()
        assert there.link.commands(puppet.id) == []


async def test_of_what_a_killed_server_left_open_for_a_channel_only_the_last_wish_is_sent_again(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.link.acknowledges = False
        await there.board.desk.issue(LAN, wish(puppet))
        later = await there.board.desk.issue(LAN, wish(puppet, on=False))
        elsewhere = await there.board.desk.issue(LAN, Wish(puppet.id, "den", on=True))
        clock = there.clock
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        Puppet(there.board, puppet.id, journal=puppet.journal, seq=puppet.seq).hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [later.id, elsewhere.id]


async def test_who_is_barred_has_nothing_sent_that_waits(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        puppet.about()
        waiting = [
            await there.board.desk.issue(Actor(actor, actor), Wish(puppet.id, "den", on=True, when_online=True))
            for actor in ("guest:a", "guest:b")
        ]
        await there.board.desk.bar("guest:a")
        late = await there.board.desk.issue(Actor("guest:a", "a"), Wish(puppet.id, "den", on=True, when_online=True))
        puppet.hello()
        await there.settle()
        sent = [command.jti for command in there.link.commands(puppet.id)]
    assert sent == [waiting[1].id]
    assert late.id not in sent


async def test_taking_back_concerns_one_actor_and_some_devices(tmp_path):
    async with stage(tmp_path) as there:
        puppets = [await there.device(name * 16, online=False) for name in "de"]
        for puppet in puppets:
            puppet.about()
        asked = [
            await there.board.desk.issue(Actor(actor, actor), Wish(puppet.id, "den", on=True, when_online=True))
            for actor in ("user:a", "user:b")
            for puppet in puppets
        ]
        await there.board.desk.take_back("user:a", [puppets[0].id])
        fates = [there.board.desk.get(command.id).fate for command in asked]
    assert fates == [Fate.CANCELLED, Fate.WAITING, Fate.WAITING, Fate.WAITING]


async def test_a_command_never_lives_longer_than_it_may(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        before_ms = there.clock() + 3_000
        command = await there.board.desk.issue(Actor("guest:a", "a"), Wish(puppet.id, "den", on=True, before_ms=before_ms))
    assert command.expires_ms == before_ms
