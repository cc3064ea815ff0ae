"""Of an interlocked group one output is on, with a pause between; a shortest off-time is kept. Whoever asks."""

from device.rules import InputRule, LinkLoss, OutputRule
from protocol.messages import ChannelKind
from tests.device.histories import COOLER, OPEN, SHUT, fates, moves, online, proven, records
from tests.device.parts import PinFault


def test_the_other_of_a_group_stays_off_while_one_is_on():
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("shut", True)
    assert fates(world) == ["open on #1 applied changed", "shut off #2 rejected interlock"]
    assert moves(world, "shut") == []
    proven(world)


def test_the_longer_pause_of_the_two_holds_in_both_directions():
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("open", False)
    world.advance(1_999)
    world.switch("shut", True)
    assert world.server.receipts(f"{3:032x}")[0].retry_after_ms == 1
    world.advance(1)
    world.switch("shut", True)
    world.switch("shut", False)
    world.advance(1_999)
    world.switch("open", True)
    world.advance(1)
    world.switch("open", True)
    assert moves(world, "shut") == [(4_000, True), (4_000, False)]
    assert moves(world, "open") == [(2_000, True), (2_000, False), (6_000, True)]
    proven(world)


def test_after_a_power_cut_a_group_waits_its_pause():
    world = online(OPEN, SHUT)
    world.switch("open", True)
    assert fates(world) == ["open off #1 rejected interlock"]
    assert world.server.receipts(f"{1:032x}")[0].retry_after_ms == 2_000


def test_one_that_is_on_may_be_told_again():
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("open", True, for_s=60)
    assert fates(world)[1] == "open on #2 applied"


def test_one_that_cannot_be_read_counts_as_on():
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.pins["open"].fault = PinFault.BLIND
    world.switch("open", True)
    world.switch("shut", True)
    assert fates(world)[1] == "shut off #2 rejected interlock"
    proven(world)


def test_a_fault_is_an_off_too_and_the_pause_counts_from_it():
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.pins["open"].level, world.pins["open"].fault = False, PinFault.STUCK  # the fuse blew
    world.switch("open", True)
    world.switch("shut", True)
    assert fates(world)[1:] == ["open off #2 rejected pin_fault changed", "shut off #3 rejected interlock"]
    assert world.server.receipts(f"{3:032x}")[0].retry_after_ms == 2_000


def test_an_output_rests_for_its_shortest_off_time():
    world = online(COOLER)
    world.advance(180_000)
    world.switch("cooler", True)
    world.switch("cooler", False)
    world.advance(179_999)
    world.switch("cooler", True)
    world.advance(1)
    world.switch("cooler", True)
    assert moves(world, "cooler") == [(180_000, True), (180_000, False), (360_000, True)]
    assert fates(world)[2] == "cooler off #3 rejected too_soon"
    assert world.server.receipts(f"{3:032x}")[0].retry_after_ms == 1


def test_a_button_is_held_to_the_same_rules():
    world = online(OPEN, SHUT, InputRule("knob", ChannelKind.BUTTON, "shut"))
    world.advance(2_000)
    world.press("knob", False)
    world.switch("open", True)
    world.press("knob")
    assert moves(world, "shut") == []
    assert records(world)[-1] == "refused shut ? interlock"
    proven(world)


def test_two_of_a_group_that_a_lost_link_switches_on_do_not_both_go_on():
    both = [OutputRule(channel, interlock="x", link_loss=LinkLoss.ON) for channel in "ab"]
    world = online(*both)
    world.link_down()
    world.advance(600_000)
    assert moves(world, "a") == [(60_000, True)]
    assert moves(world, "b") == []
    proven(world)


def test_a_lost_link_waits_for_the_interlock_and_the_pause_and_then_switches_on():
    world = online(
        OutputRule("a", interlock="x", link_loss=LinkLoss.OFF, interlock_pause_ms=5_000),
        OutputRule("b", interlock="x", link_loss=LinkLoss.ON),
    )
    world.advance(5_000)
    world.switch("a", True)
    world.link_down()
    world.advance(600_000)
    assert moves(world, "a") == [(5_000, True), (65_000, False)]
    ((at, on),) = moves(world, "b")
    assert on
    assert 70_000 <= at <= 71_000
    proven(world)
