"""Hello and welcome: what was said is said again until it is known, and whose word of the time is believed."""

import hashlib
from itertools import pairwise

import pytest

from device.clock import LONGEST_ROUND_TRIP_MS
from protocol.messages import About, Call, Hello, Message, Presence, State
from tests.device.histories import BUTTON, DOOR, LAMP, MINUTE, PUMP, VALVE, fates, online, proven, records, told, told_at
from tests.device.world import World, wires


def test_on_every_connect_presence_about_and_hello_are_said():
    world = World(wires(LAMP))
    world.link_up()
    world.link_down()
    world.link_up()
    world.advance(3_600_000)
    kinds = [type(message) for message in told(world, Message) if not isinstance(message, State)]
    assert kinds == [Presence, About, Hello, Presence, About, Hello, Hello]
    assert [(presence.online, presence.session) for presence in told(world, Presence)] == [
        (True, hello.session) for hello in told(world, Hello)[:2]
    ]
    hellos = told(world, Hello)
    assert [(hello.first_seq, hello.last_seq) for hello in hellos] == [(1, 1), (1, 1), (2, 1)]
    assert hellos[0].session != hellos[1].session == hellos[2].session


def test_a_welcome_is_answered_with_the_state():
    world = World(wires(LAMP, DOOR))
    world.press("door", True)
    world.link_up()
    (state,) = told(world, State)
    assert {channel: shown.on for channel, shown in state.channels.items()} == {"lamp": False, "door": True}
    assert (state.session, state.seq, state.at_ms) == (world.session, 2, world.server_ms)


def test_hello_is_said_again_until_it_is_answered():
    world = World(wires(LAMP))
    world.deaf = True
    world.link_up()
    world.advance(9_999)
    assert len(told(world, Hello)) == 2
    world.deaf = False
    world.advance(1)
    assert world.core.is_welcomed
    world.advance(60_000)
    assert len(told(world, Hello)) == 4  # the last confirms the start


def test_hello_is_said_less_and_less_often_while_nobody_answers():
    world = World(wires(LAMP))
    world.deaf = True
    world.link_up()
    world.advance(5 * MINUTE)
    assert told_at(world, Hello) == [0, 5_000, 10_000, 20_000, 40_000, *range(80_000, 300_000, 40_000)]
    assert world.reconnects == 1


def test_a_link_on_which_no_welcome_comes_is_ended():
    world = World(wires(LAMP))
    world.deaf = True
    world.link_up()
    world.advance(5 * MINUTE - 1)
    assert world.reconnects == 0
    world.advance(1)
    assert world.reconnects == 1
    assert not world.is_up
    assert world.core.next_wake is None


def test_a_link_that_stops_answering_after_its_welcome_is_ended_too():
    world = online(LAMP)
    world.deaf = True
    world.switch("lamp", True)
    world.advance(20_000)
    asked = told_at(world, Hello)[1]
    world.advance(asked + 5 * MINUTE - 1 - 20_000)
    assert world.reconnects == 0
    world.advance(1)
    assert world.reconnects == 1
    assert not world.core.is_welcomed


@pytest.mark.parametrize(
    "change", [{"session": "f" * 16}, {"hello": "f" * 16}, {"journal": "f" * 16}, {"session": None}, {"hello": None}]
)
def test_a_foreign_welcome_is_not_believed(change):
    world = World(wires(VALVE))
    world.welcomes_held = True
    world.link_up()
    (welcome,) = world.inbox
    world.inbox.clear()
    world.deliver(welcome.model_copy(update=change))
    assert not world.core.is_welcomed
    world.switch("valve", True)
    assert records(world)[1:] == ["refused valve ? clock_unknown #1"]


def test_a_welcome_of_an_earlier_session_is_not_believed():
    world = World(wires(LAMP))
    world.welcomes_held = True
    world.link_up()
    (late,) = world.inbox
    world.link_down()
    world.link_up()
    world.deliver(late)
    assert not world.core.is_welcomed


def test_a_welcome_is_believed_once():
    world = World(wires(LAMP))
    world.welcomes_held = True
    world.link_up()
    (welcome,) = world.inbox
    world.deliver(welcome)
    world.advance(60_000)
    world.deliver(welcome)
    late = world.command("lamp", True, lives_ms=-1)
    world.hear(late)
    assert fates(world) == ["lamp off #1 expired"]


def test_a_hello_vouches_for_no_time_that_is_still_to_come_however_long_the_one_before_was_on_its_way():
    world = World(wires(LAMP))
    world.answers_held = True
    world.link_up()
    world.advance(1_500)
    world.answers_held = False
    world.tick()  # from now on the device cannot tell which of a second and a half it is
    command = world.command("lamp", True, lives_ms=1_000)
    world.deliver(Call(within_ms=0))
    world.advance(1)  # the welcome of this hello tells the time better
    world.hear(command)
    assert fates(world) == ["lamp on #1 applied changed"]
    assert told(world, Hello)[-1].surely_ms < command.exp_ms
    proven(world)


def after_an_answer_that_took(world: World, ms: int) -> World:
    """The roll is called, and the server answers only then."""
    world.deliver(Call(within_ms=0))
    world.answers_held = True
    world.advance(ms)
    world.answers_held = False
    world.tick()
    return world


def test_an_answer_that_is_long_on_its_way_does_not_make_a_device_doubt_the_time_that_it_knows():
    world = after_an_answer_that_took(online(LAMP), 4_200)
    world.hear(world.command("lamp", True, lives_ms=4_000))
    assert fates(world) == ["lamp on #1 applied changed"]
    proven(world)


def test_a_clock_that_was_set_is_doubted_by_as_long_as_the_answer_took():
    world = online(LAMP)
    world.advance(61_000)
    world.server.ahead_ms += 1_000
    after_an_answer_that_took(world, 4_200)
    world.hear(world.command("lamp", True, lives_ms=4_000))
    world.advance(20_000)
    world.hear(world.command("lamp", True, lives_ms=4_000))
    assert fates(world) == ["lamp off #1 expired", "lamp on #2 applied changed"]
    proven(world)


def test_a_command_that_would_live_for_more_than_a_day_by_the_devices_clock_is_refused():
    world = online(LAMP)
    world.server.ahead_ms = 3_600_000
    on_the_edge = world.command("lamp", True, lives_ms=86_400_000)
    world.server.ahead_ms = 3_600_001
    past_it = world.command("lamp", False, lives_ms=86_400_000)
    world.hear(on_the_edge)
    world.hear(past_it)
    assert fates(world) == ["lamp on #1 applied changed", "lamp on #2 rejected not_valid"]


def test_the_roll_is_called_and_answered_within_its_time():
    world = online(LAMP)
    world.advance(600_000)  # past the hello that confirms what was journaled, and long before the hourly one
    world.deliver(Call(within_ms=60_000))
    before = len(world.server.hellos)
    world.advance(60_000)
    assert len(world.server.hellos) == before + 1
    assert world.core.is_welcomed


def test_the_roll_is_not_answered_without_a_link():
    world = World(wires(LAMP))
    world.link_up()
    world.link_down()
    world.is_up = True  # the broker had it on the way
    world.deliver(Call(within_ms=0))
    assert world.core.next_wake is None


def test_a_roll_call_puts_off_no_hello_that_is_due_before():
    world = World(wires(LAMP))
    world.deaf = True
    world.link_up()
    world.advance(4_000)
    for _ in range(20):
        world.deliver(Call(within_ms=600_000))
    world.advance(1_000)
    assert len(told(world, Hello)) == 2


def test_what_was_journaled_is_confirmed_within_twenty_seconds():
    world = online(LAMP)
    world.switch("lamp", True)
    assert world.card.records
    world.advance(20_000)
    assert not world.card.records
    assert world.server.records == world.card.history


def test_the_time_is_renewed_within_each_hour_and_not_every_minute():
    world = online(LAMP)
    world.advance(10 * 60 * MINUTE)
    said = told_at(world, Hello)[1:]
    assert all(30 * MINUTE <= later - earlier <= 60 * MINUTE for earlier, later in pairwise(said))
    assert 10 <= len(said) <= 20


def test_what_happens_without_a_link_is_told_when_it_is_back():
    world = World(wires(PUMP, BUTTON, DOOR))
    world.press("button", False)
    world.press("button")
    world.press("door", True)
    world.link_up()
    assert world.server.records == world.card.history
    assert records(world) == ["started boot", "switched pump on button", "switched door on input"]


def test_what_a_deaf_link_swallowed_is_sent_again():
    world = online(LAMP)
    world.deaf = True
    world.switch("lamp", True)
    world.deaf = False
    world.advance(60_000)
    assert world.server.records == world.card.history


def test_what_happens_before_the_time_is_known_is_dated_by_how_long_the_machine_had_run():
    world = World(wires(DOOR))
    world.advance(3_000)
    world.press("door", True)
    world.link_up()
    world.press("door", False)
    started, opened, shut = (record for _, record in sorted(world.card.history.items()))
    assert (started.mono_ms, opened.mono_ms, shut.mono_ms) == (5_000, 8_000, None)
    assert started.boot == opened.boot == told(world, Hello)[0].boot == hashlib.sha256(b"boot-1").hexdigest()[:16]
    assert told(world, Hello)[0].mono_ms == 8_000
    assert shut.boot is None


def test_the_server_s_time_is_told_only_while_it_is_known_and_somebody_listens():
    world = World(wires(LAMP))
    told = [world.core.time_ms(world.moment)]
    world.link_up()
    world.advance(1_000)
    told.append(world.core.time_ms(world.moment))
    assert told == [None, world.server_ms]
    world.link_down()
    assert world.core.time_ms(world.moment) is None


def test_a_time_that_was_too_long_on_its_way_is_not_told_as_the_server_s():
    world = World(wires(LAMP))
    world.welcomes_held = True
    world.link_up()
    world.true_ms += LONGEST_ROUND_TRIP_MS + 1
    world.deliver(world.inbox.pop())
    assert world.core.is_welcomed
    assert world.core.time_ms(world.moment) is None
