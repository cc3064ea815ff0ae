"""A pin that does not obey: said as it is, tried again without haste, and never failing open."""

import pytest

from device.rules import OutputRule
from device.words import Driven
from tests.device.histories import DOOR, LAMP, PUMP, VALVE, drives, fates, moves, online, proven, records
from tests.device.parts import PinFault, Wrote
from tests.device.world import World, wires


@pytest.mark.parametrize("fault", PinFault)
def test_a_pin_that_does_not_obey_is_never_told_as_applied(fault):
    world = online(LAMP)
    world.pins["lamp"].fault = fault
    world.switch("lamp", True)
    assert fates(world)[0].split(" ", 2)[2].startswith("#1 rejected pin_fault")
    proven(world)


def test_a_pin_that_did_not_go_on_is_switched_off_at_once():
    world = online(LAMP)
    world.pins["lamp"].fault = PinFault.BLIND
    world.switch("lamp", True)
    assert world.pins["lamp"].level
    world.advance(1)
    assert not world.pins["lamp"].level
    proven(world)


def test_a_pin_that_is_stuck_on_is_switched_off_again_each_second_until_it_obeys():
    world = online(LAMP)
    world.switch("lamp", True, for_s=10)
    world.pins["lamp"].fault = PinFault.STUCK
    world.advance(13_500)
    assert drives(world, "lamp")[1:] == [(10_000, False), (11_000, False), (12_000, False), (13_000, False)]
    world.mend("lamp")
    world.advance(100_000)
    assert drives(world, "lamp")[5:] == [(14_000, False)]
    assert records(world)[3:] == ["switched lamp on fault", "switched lamp off fault"]
    proven(world)


def test_a_state_that_is_due_as_a_stuck_pin_is_tried_again_is_told_all_the_same():
    world = online(LAMP, DOOR)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", False)
    world.advance(900)
    world.press("door", True)
    world.advance(200)
    assert drives(world, "lamp")[-1] == (1_000, False)
    assert world.server.state.channels["door"].on is True


def test_a_fault_that_lasts_is_written_down_once():
    world = online(LAMP)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.DEAD
    world.switch("lamp", False)
    written = len([entry for entry in world.log if isinstance(entry, Wrote)])
    world.advance(3_600_000)
    assert len([entry for entry in world.log if isinstance(entry, Wrote)]) == written
    assert records(world)[3:] == ["switched lamp ? fault #2", "lamp ? #2 rejected pin_fault changed"]


def test_a_pin_that_dropped_off_by_itself_has_no_lease_to_wake_for():
    world = online(LAMP)
    world.switch("lamp", True, for_s=60)
    world.pins["lamp"].level, world.pins["lamp"].fault = False, PinFault.STUCK
    world.switch("lamp", True, for_s=60)
    world.mend("lamp")
    world.advance(3_600_000)
    assert world.core.outputs["lamp"].lease_until is None
    assert [on for _, on in drives(world, "lamp")] == [True, True, False]


def test_a_pin_that_was_stuck_on_may_be_wanted_on():
    world = online(LAMP)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", False)
    world.switch("lamp", True, for_s=5)
    world.advance(4_000)
    assert [on for _, on in drives(world, "lamp")] == [True, False, True]
    assert fates(world)[-1] == "lamp on #3 applied"


def test_what_was_not_seen_to_go_off_has_been_on_since_it_went_on():
    world = online(PUMP)
    world.switch("pump", True)
    world.advance(60_000)
    world.pins["pump"].fault = PinFault.DEAD
    world.switch("pump", False)
    world.mend("pump")
    for _ in range(2):
        world.advance(500)
        world.switch("pump", True)
    world.advance(3_600_000)
    assert moves(world, "pump") == [(0, True), (600_000, False)]
    proven(world)


def test_a_fault_long_past_its_lease_is_told_by_a_device_whose_clock_was_never_set():
    world = World(wires(LAMP))
    world.link_up()
    world.switch("lamp", True, for_s=10)
    world.pins["lamp"].fault = PinFault.STUCK
    world.advance(9_000_000)
    world.kill()
    world.system_skew_ms = -world.true_ms
    world.start()
    world.advance(1_000)
    assert records(world)[-1] == "switched lamp on fault"


def test_a_fault_as_the_link_is_lost_makes_no_haste():
    world = online(VALVE)
    world.switch("valve", True, for_s=59)
    world.pins["valve"].fault = PinFault.STUCK
    world.link_down()
    world.advance(62_500)
    assert [at for at, _ in drives(world, "valve")] == [0, 59_000, 60_000, 61_000, 62_000]


def test_a_lost_link_does_not_switch_on_what_does_not_obey():
    from device.rules import LinkLoss

    world = online(OutputRule("fan", link_loss=LinkLoss.ON))
    world.pins["fan"].fault = PinFault.BLIND
    world.switch("fan", True)
    world.link_down()
    world.advance(120_000)
    assert all(not on for _, on in drives(world, "fan")[1:])
    world.mend("fan")
    world.advance(2_000)
    assert world.pins["fan"].level
    proven(world)


def test_a_drive_that_nobody_asked_for_is_a_fault_of_the_program():
    world = online(LAMP)
    with pytest.raises(KeyError):
        world.core.handle(Driven("lamp", True), world.moment)
