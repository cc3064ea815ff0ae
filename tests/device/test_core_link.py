"""A lost link has its consequence with no server to say so; what was said is said again until it is known."""

import hashlib

import pytest

from device.clock import LONGEST_ROUND_TRIP_MS
from device.rules import LinkLoss, OutputRule
from protocol.messages import About, Call, ChannelState, Hello, Message, Presence, State
from tests.device.histories import BUTTON, DOOR, FAN, LAMP, PUMP, VALVE, fates, moves, online, proven, records, told
from tests.device.world import World, wires

MINUTE = 60_000


def test_a_lost_link_switches_off_what_should_be_off_and_on_what_should_be_on():
    world = online(VALVE, FAN, LAMP)
    world.switch("valve", True)
    world.switch("lamp", True)
    world.link_down()
    world.advance(10 * MINUTE)
    assert moves(world, "valve") == [(0, True), (MINUTE, False)]
    assert moves(world, "fan") == [(MINUTE, True)]
    assert moves(world, "lamp") == [(0, True)]
    assert records(world)[5:] == ["switched valve off link_loss", "switched fan on link_loss"]
    proven(world)


def test_a_link_that_comes_back_in_time_has_no_consequence():
    world = online(VALVE)
    world.switch("valve", True)
    for _ in range(5):
        world.link_down()
        world.advance(MINUTE - 1)
        world.link_up()
    assert moves(world, "valve") == [(0, True)]


def test_a_link_without_a_welcome_is_still_lost():
    world = online(VALVE)
    world.switch("valve", True)
    world.link_down()
    world.deaf = True
    world.advance(MINUTE // 2)
    world.link_up()
    world.advance(MINUTE // 2)
    assert moves(world, "valve") == [(0, True), (MINUTE, False)]


def test_a_device_that_never_had_a_link_has_lost_it_at_its_start():
    world = World(wires(FAN))
    world.advance(2 * MINUTE)
    assert moves(world, "fan") == [(MINUTE, True)]
    proven(world)


@pytest.mark.parametrize("rule", [VALVE, FAN])
def test_a_restart_does_not_begin_the_waiting_anew(rule):
    world = online(rule)
    if rule is VALVE:
        world.switch("valve", True)
    world.link_down()
    world.advance(40_000)
    world.restart()
    world.advance(40_000)
    assert moves(world, rule.id)[-1] == (MINUTE, rule is FAN)
    proven(world)


def test_a_link_that_never_was_is_lost_since_the_first_start_of_this_run():
    world = World(wires(FAN))
    world.advance(40_000)
    world.restart()
    world.advance(40_000)
    assert moves(world, "fan") == [(MINUTE, True)]
    world.reboot()
    world.advance(MINUTE - 1)
    assert len(moves(world, "fan")) == 1
    world.advance(1)
    assert moves(world, "fan")[-1] == (80_000 + MINUTE, True)
    proven(world)


def test_a_power_cut_begins_the_waiting_anew():
    world = online(FAN)
    world.advance(60 * MINUTE)
    world.link_down()
    world.reboot()
    world.advance(MINUTE)
    assert moves(world, "fan") == [(61 * MINUTE, True)]
    proven(world)


def test_a_link_that_was_up_when_the_agent_died_is_lost_from_the_restart():
    world = online(VALVE)
    world.switch("valve", True)
    world.advance(10 * MINUTE)
    world.restart()
    world.advance(MINUTE - 1)
    assert moves(world, "valve") == [(0, True)]
    world.advance(1)
    assert moves(world, "valve") == [(0, True), (11 * MINUTE, False)]
    proven(world)


def test_a_link_that_mattered_to_nothing_counts_from_the_start_with_the_file_that_makes_it_matter():
    world = online(OutputRule("valve"))
    world.switch("valve", True)
    world.advance(10 * MINUTE)
    world.restart(wires(VALVE))
    world.advance(MINUTE - 1)
    assert moves(world, "valve") == [(0, True)]


def test_each_loss_has_its_consequence_once():
    world = online(VALVE, PUMP, BUTTON)
    world.link_down()
    world.advance(2 * MINUTE)
    assert world.core.next_wake is None
    world.link_up()
    world.switch("valve", True)
    world.link_down()
    world.advance(2 * MINUTE)
    assert [on for _, on in moves(world, "valve")] == [True, False]


def test_what_is_off_already_is_done_with_also_while_it_rests():
    world = online(OutputRule("valve", link_loss=LinkLoss.OFF, min_off_ms=180_000))
    world.link_down()
    world.advance(MINUTE)
    assert world.core.next_wake is None


def test_a_wait_for_a_shortest_off_time_ends_with_the_loss_that_it_was_for():
    world = online(OutputRule("fan", link_loss=LinkLoss.ON, link_loss_after_ms=5_000, min_off_ms=180_000))
    world.link_down()
    world.advance(10_000)
    world.link_up()
    world.advance(170_000)
    world.link_down()
    assert world.core.next_wake == world.mono + 5_000


def test_what_a_lost_link_switches_on_has_the_longest_on_time():
    world = online(OutputRule("fan", link_loss=LinkLoss.ON, max_on_ms=30_000))
    world.link_down()
    world.advance(10 * MINUTE)
    assert moves(world, "fan") == [(MINUTE, True), (90_000, False)]


def test_what_is_on_already_keeps_its_lease_when_a_lost_link_wants_it_on():
    world = online(FAN)
    world.switch("fan", True, for_s=90)
    world.link_down()
    world.advance(10 * MINUTE)
    assert moves(world, "fan") == [(0, True), (90_000, False)]


def test_a_lost_link_waits_for_a_shortest_off_time():
    world = online(OutputRule("fan", link_loss=LinkLoss.ON, min_off_ms=180_000))
    world.link_down()
    world.advance(MINUTE)
    assert world.core.next_wake == 5_000 + 180_000  # once, and not each second
    world.advance(9 * MINUTE)
    assert moves(world, "fan") == [(175_000 + 5_000, True)]


def test_a_lease_that_ends_as_the_link_is_lost_for_long_enough_is_one_off_and_one_on():
    world = online(OutputRule("fan", link_loss=LinkLoss.ON))
    world.switch("fan", True, for_s=60)
    world.link_down()
    world.advance(10 * MINUTE)
    assert moves(world, "fan") == [(0, True), (MINUTE, False), (MINUTE + 1_000, True)]
    proven(world)


def test_a_link_that_comes_and_goes_wears_no_card_where_it_has_no_consequence():
    world = online(LAMP)
    written = len(world.log)
    for _ in range(10):
        world.link_down()
        world.link_up()
    assert not [entry for entry in world.log[written:] if type(entry).__name__ == "Wrote"]


# ---- hello and welcome


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
    world.advance(14_999)
    assert len(told(world, Hello)) == 3
    world.deaf = False
    world.advance(1)
    assert world.core.is_welcomed
    world.advance(5_000)
    assert len(told(world, Hello)) == 4


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
    world.advance(20_000 + 5 * MINUTE - 1)
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


def test_neither_a_foreign_welcome_nor_a_roll_call_ends_the_loss_of_the_link():
    world = World(wires(FAN))
    world.deaf = True
    world.link_up()
    world.deliver(world.server.welcome(told(world, Hello)[0].model_copy(update={"session": "f" * 16}), world.true_ms))
    world.deliver(Call(within_ms=600_000))
    assert told(world, State) == []
    world.advance(MINUTE)
    assert moves(world, "fan") == [(MINUTE, True)]


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


def test_the_time_is_renewed_each_hour():
    world = online(LAMP)
    world.advance(20_000)
    said = len(told(world, Hello))
    world.advance(3_600_000)
    assert len(told(world, Hello)) == said + 1


# ---- nothing is lost


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


def test_a_server_that_has_more_than_the_journal_does_not_make_numbers_come_twice():
    world = online(LAMP)
    world.switch("lamp", True)
    world.kill()
    for number in (2, 3):  # the card lied about the last write before a power cut
        del world.card.history[number]
        del world.card.records[number]
    world.card.last_seq = 1
    world.start()
    del world.server.records[2]
    del world.card.history[2]
    world.server.skipped_to = 3
    world.link_up()
    world.switch("lamp", False)
    assert min(number for number in world.card.history if number > 2) == 4
    world.advance(60_000)
    assert world.server.have_seq == world.card.last_seq


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


# ---- states


def test_changes_within_a_tenth_of_a_second_are_one_state():
    world = online(LAMP, PUMP)
    before = len(told(world, State))
    world.switch("lamp", True)
    world.advance(99)
    world.switch("pump", True)
    assert len(told(world, State)) == before
    world.advance(1)
    assert len(told(world, State)) == before + 1
    world.advance(10_000)
    assert len(told(world, State)) == before + 1
    assert world.server.state.seq == 5


def test_a_state_waits_its_time_though_the_core_is_woken_before():
    world = online(LAMP)
    before = len(told(world, State))
    world.switch("lamp", True)
    world.tick()
    assert len(told(world, State)) == before
    world.advance(100)
    assert len(told(world, State)) == before + 1


def test_a_state_that_is_due_as_a_lease_ends_tells_what_is_then():
    world = online(LAMP, DOOR)
    world.switch("lamp", True, for_s=10)
    world.advance(9_900)
    before = len(told(world, State))
    world.press("door", True)
    world.advance(1_000)
    assert [state.channels["lamp"].on for state in told(world, State)[before:]] == [False]


def test_what_was_refused_is_no_news_for_the_state():
    world = online(LAMP)
    before = len(told(world, State))
    world.switch("nowhere", True)
    world.advance(1_000)
    assert len(told(world, State)) == before


def test_a_contact_and_a_button_are_part_of_the_state():
    world = online(DOOR, PUMP, BUTTON)
    world.press("door", True)
    world.press("button", False)
    world.advance(100)
    assert world.server.state.channels["door"].on is True
    assert world.server.state.channels["button"].on is False
    world.press("door", True)
    assert records(world) == ["started boot", "switched door on input"]
    proven(world)


def test_what_was_not_read_yet_is_unknown_in_the_state():
    world = online(DOOR)
    assert world.server.state.channels["door"] == ChannelState(on=None)


def test_waking_for_nothing_does_nothing():
    world = online(LAMP)
    said = len(world.log)
    world.tick()
    assert len(world.log) == said


def test_a_state_that_was_due_is_not_told_to_nobody():
    world = online(LAMP)
    world.switch("lamp", True)
    world.link_down()
    before = len(told(world, State))
    world.advance(1_000)
    assert len(told(world, State)) == before


def test_a_state_tells_since_when():
    world = online(LAMP)
    world.advance(5_000)
    at_ms = world.server_ms
    world.switch("lamp", True)
    world.advance(10_000)
    world.switch("lamp", True, for_s=60)
    world.advance(100)
    assert world.server.state.channels["lamp"].since_ms == at_ms


def test_no_state_is_due_without_a_link():
    world = World(wires(LAMP, PUMP, BUTTON))
    world.press("button", False)
    world.press("button")
    world.link_up()
    world.switch("lamp", True)
    world.link_down()
    said = len(told(world, State))
    world.advance(1_000)
    assert len(told(world, State)) == said


def test_a_state_never_tells_what_was_before_a_change_that_was_told():
    world = online(LAMP, VALVE)
    world.switch("valve", True)
    world.link_down()
    world.deaf = True
    world.advance(59_900)
    world.link_up()
    world.switch("lamp", True)
    world.advance(100)  # the state settles as the lost link switches the valve off
    for state in told(world, State):
        known = [record for number, record in world.card.history.items() if number <= state.seq and record.TOPIC.name == "EVENT"]
        last = {event.channel: event.on for event in known if event.channel}
        assert {channel: on for channel, on in last.items() if state.channels[channel].on is not on} == {}
    assert not world.pins["valve"].level
    world.advance(100)
    assert told(world, State)[-1].channels["valve"].on is False


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
