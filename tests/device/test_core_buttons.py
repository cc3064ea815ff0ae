"""A button on the device: off whatever happens, on under the rules of a command."""

from device.rules import OutputRule
from tests.device.histories import BUTTON, LAMP, PUMP, drives, moves, online, proven, records
from tests.device.parts import PinFault
from tests.device.world import wires


def test_a_button_toggles_its_output():
    world = online(PUMP, BUTTON)
    for on in (False, True, False, True, False):
        world.press("button", on)
        world.advance(1_000)
    assert moves(world, "pump") == [(1_000, True), (3_000, False)]
    assert records(world)[1:] == ["switched pump on button", "switched pump off button"]
    proven(world)


def test_what_a_button_switched_on_has_the_longest_on_time():
    world = online(PUMP, BUTTON)
    world.press("button", False)
    world.press("button")
    world.advance(3_600_000)
    assert moves(world, "pump") == [(0, True), (600_000, False)]


def test_a_button_on_an_output_of_unknown_level_switches_it_off():
    world = online(PUMP, BUTTON)
    world.press("button", False)
    world.pins["pump"].fault = PinFault.BLIND
    world.switch("pump", True)
    world.advance(500)
    world.press("button")
    assert drives(world, "pump")[-1] == (500, False)


def test_a_button_does_not_switch_on_what_is_locked_and_switches_it_off():
    world = online(OutputRule("pump"), BUTTON)
    world.switch("pump", True)
    world.restart(wires(OutputRule("pump", locked=True), BUTTON))
    for on in (False, True, False, True):
        world.press("button", on)
    assert [on for _, on in moves(world, "pump")] == [True, False]
    assert records(world)[-1] == "refused pump ? locked"


def test_a_button_that_switches_nothing_is_only_shown():
    from device.rules import InputRule
    from protocol.messages import ChannelKind

    world = online(LAMP, InputRule("bell", ChannelKind.BUTTON))
    world.press("bell", False)
    world.press("bell", True)
    world.advance(100)
    assert records(world) == ["started boot"]
    assert world.server.state.channels["bell"].on is True
