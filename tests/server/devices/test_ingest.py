"""What devices say is taken in once, in order, and believed only as far as it goes."""

import pytest
from sqlmodel import col, select

from protocol.codec import encode
from protocol.link import LinkState, Received
from protocol.messages import ChannelState, ClockTrust, Presence, State
from server.accounts import Principal
from server.devices.models import PresenceChange
from server.devices.state import DevicePresence
from server.history.search import find_events
from tests.server.board import Puppet, stage

DAY_MS = 24 * 3600 * 1000


async def events(there, puppet):
    await there.settle()
    async with there.database.read() as session:
        found = await find_events(session, puppet.id, 100)
    return sorted((event.seq, event.channel, event.on) for event in found)


def now(there, puppet):
    return there.board.registry.get(puppet.id)


async def test_a_device_is_online_when_its_hello_came_through_and_not_when_it_merely_connected(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        puppet.say(Presence(session=puppet.session, online=True))
        assert now(there, puppet).presence is DevicePresence.OFFLINE
        puppet.hello()
        assert now(there, puppet).presence is DevicePresence.ONLINE


async def test_the_will_of_an_older_session_is_ignored(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will(session="e" * 16)
        assert now(there, puppet).presence is DevicePresence.ONLINE
        puppet.will()
        assert now(there, puppet).presence is DevicePresence.OFFLINE


async def test_a_welcome_tells_how_far_the_journal_is_on_disk(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.events("den", True, False, True)
        await there.settle()
        puppet.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 3


async def test_a_clock_that_was_set_has_another_name_in_the_next_welcome(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.clock.ms += 3_600_000  # and the machine has not run for that long
        puppet.hello()
        before, after = (welcome.clock for welcome in there.link.welcomes(puppet.id))
        assert before is not None
        assert after not in (None, before)


async def test_what_is_kept_only_after_a_hello_holds_up_nothing_that_follows(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.events("den", True, False, True)
        puppet.hello()
        await there.settle()
        puppet.hello()
        puppet.event("den", False)
        await there.settle()
        puppet.hello()
        assert [welcome.have_seq for welcome in there.link.welcomes(puppet.id)[1:]] == [0, 3, 4]


async def test_an_event_told_twice_is_kept_once(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        event = puppet.event("den", True)
        puppet.say(event)
        assert await events(there, puppet) == [(1, "den", True)]


async def test_a_gap_is_not_acknowledged_and_is_filled_when_it_is_told_again(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        puppet.event("den", True, seq=3)
        await there.settle()
        puppet.hello(last_seq=3)
        assert there.link.welcomes(puppet.id)[-1].have_seq == 1
        puppet.event("den", False, seq=2)
        puppet.event("den", True, seq=3)
        assert await events(there, puppet) == [(1, "den", True), (2, "den", False), (3, "den", True)]
        puppet.hello(last_seq=3)
        assert there.link.welcomes(puppet.id)[-1].have_seq == 3


async def test_an_older_event_never_moves_the_switch_back(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True, seq=5)
        puppet.event("den", False, seq=4)
        assert now(there, puppet).channels["den"].on is True


async def test_a_state_older_than_the_last_event_changes_nothing(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        old = State(
            session=puppet.session,
            journal=puppet.journal,
            seq=0,
            at_ms=there.clock(),
            clock=ClockTrust.SERVER,
            channels={"den": ChannelState(on=False)},
        )
        puppet.say(old)
        assert now(there, puppet).channels["den"].on is True


async def test_the_last_report_survives_a_restart_and_is_not_called_online(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        clock = there.clock
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        found = now(there, puppet)
        assert (found.channels["den"].on, found.presence) == (True, DevicePresence.UNKNOWN)


async def test_after_a_restart_the_journal_goes_on_where_it_was(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        clock = there.clock
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        again = Puppet(there.board, puppet.id, journal=puppet.journal, seq=1)
        again.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 1
        again.event("den", False)
        assert await events(there, puppet) == [(1, "den", True), (2, "den", False)]


async def test_a_new_journal_begins_at_its_own_one(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        await there.settle()
        fresh = Puppet(there.board, puppet.id, session="c" * 16, journal="f" * 16)
        fresh.hello()
        assert there.link.welcomes(puppet.id)[-1].have_seq == 0
        fresh.event("den", False)
        assert await events(there, puppet) == [(1, "den", False), (1, "den", True)]
        assert now(there, puppet).channels["den"].on is False


async def test_a_new_link_makes_online_devices_unknown_until_they_speak(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.board._link_state(LinkState.WAITING)
        there.board._link_state(LinkState.UP)
        assert now(there, puppet).presence is DevicePresence.UNKNOWN
        there.clock.ms += 20_000
        there.board.watch.look()
        assert now(there, puppet).presence is DevicePresence.OFFLINE


async def test_a_quiet_device_is_asked_and_then_given_up(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.clock.ms += 90_000
        there.board.watch.look()
        assert there.link.calls(puppet.id)[-1] == 2_000
        there.clock.ms += 40_000
        there.board.watch.look()
        assert now(there, puppet).presence is DevicePresence.OFFLINE


async def test_a_retained_online_calls_the_roll(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        puppet.say(Presence(session=puppet.session, online=True), retained=True)
        assert there.link.calls(puppet.id)[-1] == 0


async def test_who_the_broker_tells_of_before_a_new_link_counts_as_up_is_asked_all_the_same(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.board._link_state(LinkState.WAITING)
        there.link.up = False
        puppet.say(Presence(session=puppet.session, online=True), retained=True)
        there.link.up = True
        there.board._link_state(LinkState.UP)
        assert there.link.calls(puppet.id) == [0]
        puppet.hello()
        assert now(there, puppet).presence is DevicePresence.ONLINE


async def test_a_connected_device_whose_answer_was_lost_is_asked_again_until_it_is_heard(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.board._link_state(LinkState.WAITING)
        there.board._link_state(LinkState.UP)
        puppet.say(Presence(session=puppet.session, online=True), retained=True)
        asked = []
        for _ in range(40):
            there.clock.ms += 2_000
            there.board.watch.look()
            asked.append(len(there.link.calls(puppet.id)))
        assert now(there, puppet).presence is DevicePresence.OFFLINE
        assert asked == [1] * 14 + [2] * 15 + [3] * 11
        puppet.hello()
        assert now(there, puppet).presence is DevicePresence.ONLINE
        there.clock.ms += 40_000
        there.board.watch.look()
        assert len(there.link.calls(puppet.id)) == 3


async def test_who_is_not_connected_is_not_asked(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.say(Presence(session=puppet.session, online=True))
        puppet.will()
        there.clock.ms += 60_000
        there.board.watch.look()
        assert there.link.calls(puppet.id) == []


async def test_since_when_nobody_could_be_heard_is_when_the_link_went(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        went_ms = there.clock()
        there.board._link_state(LinkState.WAITING)
        there.clock.ms += 60_000
        there.board._link_state(LinkState.UP)
        found = now(there, puppet)
        assert (found.presence, found.presence_ms) == (DevicePresence.UNKNOWN, went_ms)


async def test_coming_and_going_is_kept(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.will()
        await there.settle()
        async with there.database.read() as session:
            changes = (await session.exec(select(PresenceChange).order_by(col(PresenceChange.id)))).all()
        assert [change.online for change in changes] == [True, False]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("up/event", b"{"),
        ("up/event", b'{"v":1}'),
        ("up/state", b"[" * 16_000),
        ("up/hello", b"\xff\xfe"),
        ("up/receipt", b"x" * 1_000_000),
        ("up/presence", b'{"session":"a","online":NaN}'),
    ],
)
async def test_rubbish_is_refused_and_counted_and_nothing_changes(tmp_path, topic, payload):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        before = there.board.hub.snapshot(Principal("nobody", "Nobody", {}))
        there.board.ingest.take(Received(f"congtac/1/d/{puppet.id}/{topic}", payload, retained=False))
        assert there.board.ingest.refused == 1
        assert there.board.hub.snapshot(Principal("nobody", "Nobody", {})) == before


async def test_a_device_that_is_not_enrolled_is_not_heard(tmp_path):
    said = Received(f"congtac/1/9/{'9' * 16}/up/presence", encode(Presence(session="a" * 16, online=True)), retained=False)
    async with stage(tmp_path) as there:
        there.board.ingest.take(said)
        await there.board.newcomers.ask()
        there.board.ingest.take(said)
        assert there.board.ingest.refused == 1
        assert len(there.board.registry) == 0


async def test_who_is_heard_of_before_the_link_is_quite_up_is_asked_as_soon_as_it_is(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        there.link.up = False
        puppet.say(Presence(session=puppet.session, online=True), retained=True)
        assert there.link.calls(puppet.id) == []
        there.link.up = True
        there.board.watch.look()
        assert len(there.link.calls(puppet.id)) == 1
        there.board.watch.look()
        assert len(there.link.calls(puppet.id)) == 1
