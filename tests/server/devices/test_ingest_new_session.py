"""A new session is answered once all that was told in the last is on disk: a card that lost it would tell other things by its numbers."""

from protocol.messages import Presence
from server.commands.record import Fate
from server.devices.state import DevicePresence
from tests.server.board import Puppet, Stage, stage
from tests.server.commands.asking import LAN, wish
from tests.waiting import until

NEXT = "c" * 16


def heard(there: Stage, puppet: Puppet) -> list[tuple[str, int]]:
    """The answers to hellos but the first: which session's, and how far the journal is said to be kept."""
    return [(welcome.session, welcome.have_seq) for welcome in there.link.welcomes(puppet.id)[1:]]


async def come_back(there: Stage) -> Puppet:
    """A device that told something, which is not on disk yet, and begins its next session."""
    puppet = await there.device()
    puppet.event("den", True)
    puppet.session = NEXT
    puppet.hello()
    return puppet


async def test_it_is_answered_when_what_was_told_before_is_kept(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.events("den", True, False, True)
        puppet.session = NEXT
        puppet.hello()
        assert heard(there, puppet) == []
        await there.settle()
        await until(lambda: heard(there, puppet) == [(NEXT, 3)])
        puppet.event("den", False)
        await there.settle()
        puppet.hello()
        assert heard(there, puppet) == [(NEXT, 3), (NEXT, 4)]


async def test_it_is_answered_when_what_was_told_before_cannot_be_kept(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        with there.full_disk():
            puppet.events("den", True, False)
            puppet.session = NEXT
            puppet.hello()
            await there.failed()
            await until(lambda: heard(there, puppet) == [(NEXT, 0)])


async def test_asked_again_meanwhile_the_last_hello_is_answered_and_no_other(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        puppet.hello(last_seq=5)
        await there.settle()
        await until(lambda: heard(there, puppet))
        puppet.events("den", False)
        await there.settle()
        assert heard(there, puppet) == [(NEXT, 1)]
        assert there.board.registry.get(puppet.id).caught_up_at == 5


async def test_who_is_gone_before_it_is_answered_is_not_shown_as_there(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        puppet.will()
        await there.settle()
        puppet.event("den", False)
        await there.settle()
        assert heard(there, puppet) == []
        assert there.board.registry.get(puppet.id).presence is DevicePresence.OFFLINE


async def test_the_late_will_of_the_last_session_keeps_nobody_out(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        puppet.say(Presence(session=NEXT, online=True))
        puppet.will(Puppet.session)
        await there.settle()
        await until(lambda: heard(there, puppet) == [(NEXT, 1)])
        now = there.board.registry.get(puppet.id)
        assert (now.presence, now.connected) == (DevicePresence.ONLINE, True)


async def test_the_old_hardware_is_not_let_in_any_more_once_the_device_is_enrolled_on_another(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        there.board.was_enrolled(there.board.registry.get(puppet.id))
        await there.settle()
        puppet.event("den", False)
        await there.settle()
        assert heard(there, puppet) == []
        assert there.board.registry.get(puppet.id).presence is DevicePresence.OFFLINE


async def test_a_hello_from_before_the_link_was_lost_is_not_answered_on_the_next(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        there.board.watch.link_changed(up=False)
        there.board.watch.link_changed(up=True)
        await there.settle()
        puppet.event("den", False)
        await there.settle()
        assert heard(there, puppet) == []
        assert there.board.registry.get(puppet.id).presence is DevicePresence.UNKNOWN


async def test_a_command_asked_for_meanwhile_is_sent_again_in_the_new_session(tmp_path, monkeypatch):
    monkeypatch.setattr("server.devices.ingest.LAZY_S", 3600)  # what is told is kept with the next thing that waits for the disk
    async with stage(tmp_path) as there:
        puppet = await come_back(there)
        command = await there.board.desk.issue(LAN, wish(puppet))
        assert (len(there.link.commands(puppet.id)), heard(there, puppet)) == (1, [])
        await there.settle()
        await until(lambda: heard(there, puppet))
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id, command.id]
        puppet.receipt(command.id)
        assert (await there.board.desk.settled(command, 5)).fate is Fate.APPLIED


async def test_a_device_that_is_revoked_meanwhile_is_not_answered(tmp_path, monkeypatch):
    async with stage(tmp_path) as there:
        monkeypatch.setattr(there.board.downlink, "forget_presence", lambda _device_id: None)
        puppet = await come_back(there)
        there.board.was_revoked(puppet.id, there.clock())
        await there.settle()
        puppet.event("den", False)
        await there.settle()
        assert heard(there, puppet) == []
