"""An output goes off when its time is over, with or without a server."""

import pytest

from device.rules import OutputRule
from protocol.messages import Event
from tests.device.histories import LAMP, MINUTE, PUMP, fates, moves, online, proven, records
from tests.device.world import World, wires


def test_a_lease_ends_without_a_server():
    world = online(LAMP)
    world.switch("lamp", True, for_s=90)
    world.link_down()
    world.advance(10 * MINUTE)
    assert moves(world, "lamp") == [(0, True), (90_000, False)]
    assert records(world)[-1] == "switched lamp off lease"
    proven(world)


def test_without_a_wish_the_longest_on_time_holds():
    world = online(PUMP)
    world.switch("pump", True)
    world.advance(20 * MINUTE)
    assert moves(world, "pump") == [(0, True), (10 * MINUTE, False)]
    assert fates(world) == ["pump on #1 applied changed"]


def test_a_wish_over_the_longest_on_time_is_cut_to_it_and_says_so():
    world = online(PUMP)
    world.switch("pump", True, for_s=3600)
    world.advance(20 * MINUTE)
    assert moves(world, "pump") == [(0, True), (10 * MINUTE, False)]
    assert fates(world) == ["pump on #1 applied changed clamped"]


def test_an_off_has_no_lease_however_long_its_channel_may_be_on():
    world = online(PUMP)
    world.switch("pump", True)
    off = world.switch("pump", False)
    (receipt,) = world.server.receipts(off.jti)
    assert receipt.lease_until_ms is None
    world.advance(1_000)
    assert world.core.outputs["pump"].lease_until is None
    assert world.server.state.channels["pump"].lease_until_ms is None


def test_a_second_on_moves_the_lease_and_is_told():
    world = online(PUMP)
    world.switch("pump", True, for_s=60)
    world.advance(30_000)
    world.switch("pump", True, for_s=60)
    world.advance(10 * MINUTE)
    assert moves(world, "pump") == [(0, True), (90_000, False)]
    assert records(world)[3:] == ["leased pump on command #2 by lan", "pump on #2 applied", "switched pump off lease"]
    proven(world)


def test_the_longest_on_time_is_not_lifted_by_asking_again():
    world = online(PUMP)
    world.switch("pump", True)
    world.advance(9 * MINUTE)
    world.switch("pump", True)
    world.advance(9 * MINUTE)
    assert moves(world, "pump") == [(0, True), (10 * MINUTE, False)]
    assert fates(world)[1] == "pump on #2 applied"
    proven(world)


def test_a_wish_that_reaches_past_the_longest_on_time_is_clamped_to_what_is_left():
    world = online(PUMP)
    world.switch("pump", True, for_s=60)
    world.advance(59_000)
    world.switch("pump", True, for_s=600)
    world.advance(20 * MINUTE)
    assert moves(world, "pump") == [(0, True), (10 * MINUTE, False)]
    assert fates(world)[1] == "pump on #2 applied clamped"


def test_an_off_before_its_time_ends_the_lease():
    world = online(LAMP)
    world.switch("lamp", True, for_s=60)
    world.switch("lamp", False)
    world.switch("lamp", True)
    world.advance(10 * MINUTE)
    assert moves(world, "lamp") == [(0, True), (0, False), (0, True)]
    assert world.core.outputs["lamp"].lease_until is None


def test_the_lease_is_told_in_the_servers_time():
    world = online(LAMP)
    world.system_skew_ms = -3_600_000
    world.switch("lamp", True, for_s=60)
    receipt = world.server.receipts(f"{1:032x}")[0]
    (event,) = (record for record in world.server.records.values() if isinstance(record, Event) and record.channel == "lamp")
    assert event.lease_until_ms == receipt.lease_until_ms == world.server_ms + 60_000
    world.advance(100)
    assert world.server.state.channels["lamp"].lease_until_ms == receipt.lease_until_ms


def test_a_lease_counts_from_when_the_command_came():
    world = online(LAMP)
    world.journal_takes_ms = 300
    world.switch("lamp", True, for_s=1)
    world.advance(5_000)
    assert moves(world, "lamp") == [(300, True), (1_000, False)]


def test_a_restart_in_mid_lease_goes_on_and_ends_it_in_time():
    world = online(LAMP)
    world.switch("lamp", True, for_s=60)
    world.advance(20_000)
    world.restart(after_ms=5_000)
    world.advance(10 * MINUTE)
    assert moves(world, "lamp") == [(0, True), (60_000, False)]
    assert records(world)[3:] == ["started restart", "switched lamp off lease"]
    proven(world)


def test_a_lease_that_ended_while_the_agent_was_away_starts_off():
    world = online(LAMP)
    world.switch("lamp", True, for_s=60)
    world.restart(after_ms=60_000)
    assert not world.pins["lamp"].level
    assert records(world)[3:] == ["started restart", "switched lamp off lease"]
    proven(world)


@pytest.mark.parametrize(("longest_ms", "off_at"), [(None, None), (300_000, 300_000), (30_000, None), (60_001, 60_001)])
def test_a_limit_that_comes_with_a_new_wiring_file_holds_from_when_the_output_went_on(longest_ms, off_at):
    world = online(LAMP)
    world.switch("lamp", True)
    world.advance(60_000)
    world.restart(wires(OutputRule("lamp", max_on_ms=longest_ms)))
    assert world.pins["lamp"].level is (longest_ms is None or off_at is not None)
    world.advance(10 * MINUTE)
    assert [at for at, on in moves(world, "lamp") if not on] == ([off_at] if off_at else [])
    proven(world)


def test_a_lease_shorter_than_its_writing_moves_the_pin_and_takes_it_back_at_once():
    world = online(LAMP)
    world.journal_takes_ms = 1_500
    world.switch("lamp", True, for_s=1)
    world.advance(10_000)
    assert moves(world, "lamp") == [(1_500, True), (3_000, False)]
    proven(world)


def test_there_is_nothing_to_wake_for_when_all_is_off():
    world = World(wires(PUMP, LAMP))
    assert world.core.next_wake is None
