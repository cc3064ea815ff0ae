"""A lost link has its consequence with no server to say so, once for each loss."""

import pytest

from device.rules import LinkLoss, OutputRule
from protocol.messages import Call, Hello, State
from tests.device.histories import BUTTON, FAN, LAMP, MINUTE, PUMP, VALVE, moves, online, proven, records, told
from tests.device.world import World, wires


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


def test_a_server_that_is_gone_is_a_lost_link_also_while_the_broker_is_there():
    world = online(VALVE, LAMP)
    world.switch("valve", True)
    world.switch("lamp", True)
    world.advance(5 * MINUTE)
    world.deaf = True
    world.advance(10 * MINUTE)
    (_, on), (at, off) = moves(world, "valve")
    assert (on, off) == (True, False)
    assert 6 * MINUTE < at <= 8 * MINUTE  # asked within a minute, given up after another, and one that the wiring file allows
    assert moves(world, "lamp") == [(0, True)]
    proven(world)


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


def test_neither_a_foreign_welcome_nor_a_roll_call_ends_the_loss_of_the_link():
    world = World(wires(FAN))
    world.deaf = True
    world.link_up()
    world.deliver(world.server.welcome(told(world, Hello)[0].model_copy(update={"session": "f" * 16}), world.true_ms))
    world.deliver(Call(within_ms=600_000))
    assert told(world, State) == []
    world.advance(MINUTE)
    assert moves(world, "fan") == [(MINUTE, True)]
