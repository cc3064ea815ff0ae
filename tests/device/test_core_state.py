"""The state that is told: late enough to be one for many changes, and never of what was before."""

from protocol.messages import ChannelState, State
from tests.device.histories import BUTTON, DOOR, LAMP, PUMP, VALVE, online, proven, records, told
from tests.device.world import World, wires


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
