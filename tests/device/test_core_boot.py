"""After a restart only what is still valid goes on; after a power cut only what the wiring file restores."""

import pytest

from device.rules import InputRule, LinkLoss, OutputRule
from protocol.messages import ChannelKind
from tests.device.histories import LAMP, PUMP, fates, moves, online, proven, records
from tests.device.parts import Drove, PinFault, failing
from tests.device.world import World, wires

PLAIN = OutputRule("plain")


def test_the_first_start_is_a_power_on_with_everything_off():
    world = World(wires(LAMP, PUMP))
    assert records(world) == ["started boot"]
    assert {channel: output.on for channel, output in world.core.outputs.items()} == {"lamp": False, "pump": False}
    assert world.card.boot_id == "boot-1"


def test_a_restart_is_not_a_power_on():
    world = online(PLAIN)
    world.switch("plain", True)
    world.restart()
    assert moves(world, "plain") == [(0, True)]
    assert records(world)[3:] == ["started restart"]
    assert world.core.outputs["plain"].actor == "lan"
    proven(world)


def test_a_power_cut_leaves_everything_off_that_is_not_restored():
    world = online(PLAIN, LAMP)
    world.switch("plain", True)
    world.switch("lamp", True)
    world.reboot(off_for_ms=3_600_000)
    assert {channel: pin.level for channel, pin in world.pins.items()} == {"plain": False, "lamp": True}
    assert records(world)[5:] == ["started boot", "switched plain off boot", "switched lamp on boot"]
    proven(world)


def test_what_is_restored_says_so_each_time_and_since_when():
    world = online(LAMP)
    world.switch("lamp", True)
    for _ in range(2):
        world.reboot(off_for_ms=60_000)
    assert records(world)[3:] == ["started boot", "switched lamp on boot"] * 2
    assert world.core.outputs["lamp"].since_ms == world.true_ms


def test_what_was_on_for_a_time_is_not_restored():
    world = online(LAMP)
    world.switch("lamp", True, for_s=3600)
    world.reboot()
    assert not world.pins["lamp"].level


def test_an_output_with_a_longest_on_time_is_not_restored():
    world = online(LAMP)
    world.switch("lamp", True)
    world.reboot(wires(OutputRule("lamp", boot=LAMP.boot, max_on_ms=60_000)))
    assert not world.pins["lamp"].level


def test_what_is_restored_goes_off_again_when_a_later_wiring_file_limits_it():
    world = online(LAMP)
    world.switch("lamp", True)
    world.reboot(off_for_ms=60_000)
    world.restart(wires(OutputRule("lamp", max_on_ms=30_000)))
    world.advance(30_000)
    assert not world.pins["lamp"].level
    proven(world)


def test_a_second_restart_reads_the_same_lease():
    world = online(LAMP)
    world.switch("lamp", True, for_s=60)
    for _ in range(3):
        world.restart(after_ms=10_000)
    world.advance(60_000)
    assert moves(world, "lamp") == [(0, True), (60_000, False)]


@pytest.mark.parametrize("boundary", range(3))
@pytest.mark.parametrize("on", [True, False])
def test_a_command_cut_short_is_off_after_the_restart_and_told_as_interrupted(boundary, on):
    world = online(PLAIN)
    if not on:
        world.switch("plain", True)
    world.dies_after = 2 + boundary  # the intent is on the card; before the pin moves, after it, before the receipt is written
    world.switch("plain", on)
    assert not world.alive
    world.restart()
    world.link_up()
    assert not world.pins["plain"].level
    assert fates(world)[-1].endswith("rejected interrupted")
    moved = 0 if boundary == 0 else 1
    assert len(moves(world, "plain")) == moved + (0 if on else 1)
    assert not world.card.intents
    proven(world)


def test_a_command_that_died_before_it_was_written_down_may_still_act():
    world = online(PLAIN)
    world.dies_after = 0
    command = world.switch("plain", True)
    world.restart()
    world.link_up()
    world.hear(command)
    assert fates(world) == ["plain on #1 applied changed"]
    proven(world)


def test_an_interrupted_command_for_a_channel_that_is_gone_is_answered_too():
    world = online(PLAIN)
    world.dies_after = 2
    world.switch("plain", True)
    world.restart(wires(LAMP))
    assert fates(world) == ["plain ? #1 rejected interrupted"]


def test_the_pin_of_an_output_that_no_longer_obeys_is_not_resumed():
    world = online(PLAIN)
    world.switch("plain", True)
    world.pins["plain"].fault = PinFault.STUCK
    world.switch("plain", False)
    world.restart()
    world.mend("plain")
    world.advance(1_000)
    assert not world.pins["plain"].level
    proven(world)


def test_an_output_that_is_stuck_past_its_lease_is_not_resumed_by_a_second_restart():
    world = online(PLAIN)
    world.switch("plain", True, for_s=60)
    world.pins["plain"].fault = PinFault.STUCK
    world.dies_after = None
    world.kill()
    world.true_ms += 60_000
    world.start()
    world.restart()
    world.mend("plain")
    world.restart()
    assert not world.pins["plain"].level
    proven(world)


def test_a_pin_that_starts_on_against_the_plan_is_told_and_switched_off():
    world = World(wires(PLAIN), start=False)
    world.pins["plain"].level, world.pins["plain"].fault = True, PinFault.STUCK
    world.start()
    assert records(world) == ["started boot", "switched plain on fault"]
    world.mend("plain")
    world.advance(1_000)
    assert not world.pins["plain"].level
    assert records(world)[2:] == ["switched plain off fault"]


def test_a_pin_that_cannot_be_read_at_the_start_is_unknown_until_it_can():
    world = World(wires(PLAIN), start=False)
    world.pins["plain"].fault = PinFault.BLIND
    world.start()
    assert world.core.outputs["plain"].on is None
    world.mend("plain")
    world.advance(1_000)
    assert world.core.outputs["plain"].on is False
    assert records(world) == ["started boot", "switched plain ? fault", "switched plain off fault"]


def test_a_start_that_cannot_be_written_down_switches_off_what_it_resumed():
    world = online(PLAIN)
    world.switch("plain", True)
    with failing(world.card):
        world.restart()
        world.advance(5_000)
        assert not world.pins["plain"].level
    world.advance(1_000)
    assert records(world)[3:] == ["started restart", "switched plain off fault"]
    proven(world)


def test_off_is_off_after_a_restart_even_when_it_could_not_be_written_down():
    world = online(PLAIN)
    world.switch("plain", True)
    with failing(world.card):
        world.switch("plain", False)
        world.restart()
        world.advance(1_000)
        assert not world.pins["plain"].level


@pytest.mark.parametrize("how", [World.restart, World.reboot])
def test_a_shortest_off_time_begins_anew_with_each_start(how):
    world = online(OutputRule("cooler", min_off_ms=180_000))
    world.advance(180_000)
    world.switch("cooler", True)
    world.switch("cooler", False)
    world.advance(100_000)
    how(world)
    world.link_up()
    world.switch("cooler", True)
    assert world.server.receipts(f"{3:032x}")[0].retry_after_ms == 180_000


def test_an_interlock_waits_its_pause_after_an_on_that_was_cut_short():
    world = online(OutputRule("open", interlock="gate", interlock_pause_ms=2_000), OutputRule("shut", interlock="gate"))
    world.advance(2_000)
    world.dies_after = 4
    world.switch("open", True)
    assert world.pins["open"].level
    assert not world.alive
    world.restart()
    world.link_up()
    world.switch("shut", True)
    assert fates(world) == ["open off #1 rejected interrupted", "shut off #2 rejected interlock"]
    proven(world)


def test_an_output_that_is_new_in_the_wiring_file_rests_first():
    world = online(PLAIN)
    world.restart(wires(PLAIN, OutputRule("cooler", min_off_ms=180_000)))
    world.link_up()
    world.switch("cooler", True)
    assert fates(world) == ["cooler off #1 rejected too_soon"]


@pytest.mark.parametrize("how", [World.restart, World.reboot])
def test_an_output_that_was_away_from_the_wiring_file_starts_off(how):
    world = online(PLAIN, LAMP)
    world.switch("plain", True)
    how(world, wires(LAMP))
    world.restart(wires(PLAIN, LAMP))
    assert not world.pins["plain"].level
    assert records(world)[-1] == "switched plain off restart"
    proven(world)


def test_two_outputs_that_a_new_wiring_file_interlocks_start_off():
    world = online(OutputRule("a"), OutputRule("b"), OutputRule("c"))
    for channel in "abc":
        world.switch(channel, True)
    world.restart(wires(OutputRule("a", interlock="x"), OutputRule("b", interlock="x"), OutputRule("c", interlock="y")))
    assert {channel: pin.level for channel, pin in world.pins.items()} == {"a": False, "b": False, "c": True}
    assert records(world)[-3:] == ["started restart", "switched a off interlock", "switched b off interlock"]
    proven(world)


def test_of_two_that_a_new_wiring_file_interlocks_the_one_whose_time_is_over_is_told_so_and_the_other_goes_on():
    world = online(OutputRule("a"), OutputRule("b"))
    world.switch("a", True, for_s=60)
    world.switch("b", True)
    limited = OutputRule("a", interlock="x", max_on_ms=10_000)
    world.advance(20_000)
    world.restart(wires(limited, OutputRule("b", interlock="x")))
    assert {channel: pin.level for channel, pin in world.pins.items()} == {"a": False, "b": True}
    assert records(world)[-2:] == ["started restart", "switched a off lease"]
    proven(world)


def test_an_output_does_not_go_on_beside_one_of_its_group_that_is_stuck_on():
    world = online(OutputRule("a", interlock="x"), OutputRule("b"))
    world.switch("a", True)
    world.switch("b", True)
    world.pins["b"].fault = PinFault.STUCK
    world.switch("b", False)
    world.restart(wires(OutputRule("a", interlock="x"), OutputRule("b", interlock="x")))
    world.advance(1_000)
    assert not world.pins["a"].level
    proven(world)


def test_a_restart_drives_nothing_of_a_group_in_which_one_is_on():
    world = online(OutputRule("a", interlock="x"), OutputRule("b", interlock="x"))
    world.switch("a", True)
    world.restart()
    world.advance(1_000)
    assert [(drove.channel, drove.wanted) for drove in world.log if isinstance(drove, Drove)] == [("a", True)]


def test_what_an_earlier_run_of_the_machine_knew_of_the_link_means_nothing_now():
    valve = OutputRule("valve", link_loss=LinkLoss.OFF)
    world = online(valve)
    world.advance(3_600_000)
    world.link_down()
    world.reboot()
    world.restart()
    world.link_up()
    world.link_down()
    world.restart()
    world.deaf = True
    world.link_up()
    assert world.core.next_wake - world.mono <= 60_000
    proven(world)


def test_a_button_found_pressed_at_the_start_was_not_pressed_now():
    world = World(wires(PUMP, InputRule("button", ChannelKind.BUTTON, "pump")))
    world.press("button", True)
    assert moves(world, "pump") == []
