"""A command whose time is over without a word is unconfirmed, until the device's word or its whole journal settles it."""

from server.accounts import Principal
from server.commands.record import Fate
from server.sites import Role
from tests.server.board import SITE, Puppet, stage
from tests.server.commands.asking import LAN, kept, unanswered, wish

OWNER = Principal("lan", "Lan", {SITE: Role.OWNER})


async def test_silence_ends_as_unconfirmed_and_asks_the_device(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await unanswered(there, puppet)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED
        assert there.link.calls(puppet.id)[-1] == 500


async def test_a_late_receipt_settles_what_was_unconfirmed(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await unanswered(there, puppet)
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


async def test_word_that_ends_the_doubt_after_a_command_is_told_to_open_pages_and_kept(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.state("may-bom", False, since_ms=1_700_000_000_000)
        command = await unanswered(there, puppet)
        assert there.board.registry.get(puppet.id).channels[command.channel].in_doubt
        there.clock.ms += 5_000
        with there.board.hub.stream(OWNER) as page:
            page.snapshot()
            puppet.state("may-bom", False, since_ms=1_700_000_000_000)
            (told,) = await page.next(60)
        assert told.event == "channel"
        await there.settle()
    async with stage(tmp_path, clock=there.clock, fresh=False) as there:
        assert not there.board.registry.get(puppet.id).channels[command.channel].in_doubt


async def test_a_whole_journal_without_the_command_settles_it_as_expired(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        command = await unanswered(there, puppet)
        puppet.hello()
        assert (await kept(there, command.id)).fate is Fate.EXPIRED


async def test_the_journal_of_a_card_that_lost_its_end_is_not_whole_and_settles_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.events("den", True, False, True)
        await there.settle()
        command = await unanswered(there, puppet)
        puppet.hello(last_seq=2)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED


async def test_a_hello_that_was_said_before_the_end_and_came_after_it_settles_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        said_ms = there.clock()
        command = await unanswered(there, puppet)
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
        command = await unanswered(there, puppet)
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
        command = await unanswered(there, puppet)
        puppet.hello(last_seq=2)
        assert (await kept(there, command.id)).fate is Fate.UNCONFIRMED
        puppet.event("may-bom", True, command=command.id)
        puppet.receipt(command.id)
        assert (await kept(there, command.id)).fate is Fate.APPLIED


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
