"""What may have been lost on the way is sent again under its id; never to a memory that lost it, nor after a later wish."""

from server.commands.wish import Wish
from tests.server.board import Puppet, stage
from tests.server.commands.asking import LAN, wish


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
