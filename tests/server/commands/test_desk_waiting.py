"""Commands that wait for their device: sent in order when it comes, or taken back."""

from server.commands.record import Fate
from server.commands.wish import Actor, Wish
from tests.server.board import stage
from tests.server.commands.asking import LAN, kept, wish


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


async def test_when_online_waits_for_the_other_journal_of_a_device_whose_card_lost_the_end_of_this_one(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.events("den", True, False, True)
        await there.settle()
        puppet.will()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        puppet.session = "c" * 16
        puppet.hello(last_seq=2)
        assert there.link.commands(puppet.id) == []
        puppet.journal = "e" * 16
        puppet.hello(first_seq=2, last_seq=2)
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
