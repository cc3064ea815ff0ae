"""A card that is full: nothing is switched on that it could not take, nothing is lost that it can take later."""

import pytest

from device.rules import InputRule, OutputRule
from protocol.messages import ChannelKind, Event, Fate, Hello, Reason, State
from tests.device.checker import Checker
from tests.device.histories import BUTTON, DOOR, LAMP, OPEN, PUMP, SHUT, drives, fates, moves, online, proven, records, told
from tests.device.parts import CardFault, Failed, Heard, PinFault, Wrote, failing
from tests.device.world import World


def test_nothing_is_switched_on_that_could_not_be_written_down():
    world = online(LAMP)
    with failing(world.card):
        command = world.switch("lamp", True)
        (receipt,) = world.server.receipts(command.jti)
    assert (receipt.seq, receipt.fate, receipt.reason) == (None, Fate.REJECTED, Reason.STORAGE)
    assert moves(world, "lamp") == []
    world.advance(1_000)
    assert fates(world) == ["lamp off #1 rejected storage"]
    proven(world)


def test_a_full_card_keeps_no_pump_on():
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card):
        command = world.switch("lamp", False)
        (receipt,) = world.server.receipts(command.jti)
    assert (receipt.seq, receipt.fate) == (None, Fate.APPLIED)
    assert moves(world, "lamp") == [(0, True), (0, False)]
    world.advance(1_000)
    assert records(world)[3:] == ["switched lamp off command #2 by lan", "lamp off #2 applied changed"]
    proven(world)


def test_a_full_card_ends_leases_in_time_and_tells_them_later():
    world = online(LAMP, PUMP)
    world.switch("lamp", True, for_s=60)
    world.switch("pump", True, for_s=60)
    with failing(world.card):
        world.advance(120_000)
    world.advance(1_000)
    assert moves(world, "lamp") == moves(world, "pump") == [(0, True), (60_000, False)]
    assert records(world)[5:] == ["switched lamp off lease", "switched pump off lease"]
    proven(world)


def test_a_full_card_switches_nothing_off_that_runs():
    world = online(LAMP, DOOR)
    world.switch("lamp", True)
    with failing(world.card):
        world.press("door", True)
        world.advance(600_000)
    assert moves(world, "lamp") == [(0, True)]
    proven(world)


def test_an_off_that_is_late_on_a_full_card_does_not_act():
    world = online(LAMP)
    world.switch("lamp", True)
    late = world.command("lamp", False, lives_ms=100)
    world.journal_takes_ms = 100
    with failing(world.card):
        world.hear(late)
    assert moves(world, "lamp") == [(0, True)]
    world.advance(1_000)
    assert fates(world)[-1] == "lamp on #2 expired"


def test_a_full_card_is_tried_again_each_second_and_not_more():
    world = online(LAMP, DOOR)
    with failing(world.card):
        world.press("door", True)
        before = len(world.log)
        world.advance(10_000)
        assert len([entry for entry in world.log[before:] if isinstance(entry, Failed)]) == 10
    world.advance(1_000)
    written = [entry for entry in world.log if isinstance(entry, Wrote)]
    assert [record.seq for record in written[-1].write.records] == [2]
    world.advance(10_000)
    assert [entry for entry in world.log if isinstance(entry, Wrote)] == written


def test_what_waits_to_be_written_is_not_written_twice_when_a_command_takes_it_along():
    world = online(LAMP, DOOR)
    with failing(world.card):
        world.press("door", True)
    world.switch("lamp", True)
    written = len([entry for entry in world.log if isinstance(entry, Wrote)])
    world.advance(10_000)
    assert len([entry for entry in world.log if isinstance(entry, Wrote)]) == written
    assert records(world)[1:] == ["switched door on input", "switched lamp on command #1 by lan", "lamp on #1 applied changed"]
    proven(world)


def test_what_a_full_card_kept_off_stands_in_nobody_s_way():
    world = online(OutputRule("open", interlock="gate"), OutputRule("shut", interlock="gate"))
    with failing(world.card):
        world.switch("open", True)
    world.switch("shut", True)
    assert fates(world)[1:] == ["shut on #2 applied changed"]
    assert moves(world, "open") == []
    proven(world)


def test_a_card_that_wrote_and_denied_it_gets_each_number_once():
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card, CardFault.UNSURE):
        world.switch("lamp", False)
        world.switch("lamp", True)
    world.advance(60_000)
    assert fates(world)[1:] == ["lamp off #2 applied changed", "lamp off #3 rejected storage"]
    Checker(world).settle()


def test_the_answers_of_a_full_card_are_told_once_each():
    world = online(LAMP)
    with failing(world.card):
        for _ in range(3):
            world.switch("lamp", True)
        world.advance(10_000)
    assert [int(receipt.command, 16) for receipt in world.server.unnumbered] == [1, 2, 3]


def test_a_card_that_is_full_for_long_leaves_no_gap_and_fills_no_memory(monkeypatch):
    monkeypatch.setattr("device.ledger.MOST_UNWRITTEN", 5)
    world = online(LAMP, DOOR)
    with failing(world.card):
        for on in (True, False) * 20:
            world.press("door", on)
            world.switch("lamp", on)
        world.advance(5_000)
        answered = [entry.command for entry in world.log if isinstance(entry, Heard)][-1]
        world.hear(answered)  # of which no number is known that could be sent again
    assert len(world.server.unnumbered) == 40
    world.advance(60_000)
    assert len(world.card.history) <= 1 + 5 + 1
    world.switch("lamp", True)
    world.advance(60_000)
    Checker(world).settle()


def test_a_number_is_on_the_card_before_the_next_one_is():
    world = online(LAMP, DOOR)
    world.switch("lamp", True, for_s=1)
    with failing(world.card):
        world.press("door", True)  # to be written again in a second, just as the lease ends
    world.dies_after = 3
    world.advance(1_000)
    world.restart()
    world.link_up()
    assert sorted(world.card.history) == list(range(1, world.card.last_seq + 1))
    proven(world)


@pytest.mark.parametrize("again", [World.restart, World.reboot])
def test_what_was_switched_off_on_a_full_card_does_not_go_on_with_the_next_start(again):
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card):
        world.switch("lamp", False)
        assert world.server.unnumbered[-1].on is False
        world.kill()
    again(world)
    assert not world.pins["lamp"].level
    world.link_up()
    world.advance(60_000)
    assert world.server.state.channels["lamp"].on is False
    proven(world)


def test_what_ran_before_a_card_was_full_does_not_go_on_beside_what_runs_since():
    world = online(OPEN, SHUT, InputRule("button", ChannelKind.BUTTON, switches="shut"))
    world.press("button", False)
    world.advance(3_000)
    world.switch("open", True)
    with failing(world.card):
        world.switch("open", False)
        world.advance(3_000)
        world.press("button")
        assert world.pins["shut"].level
        world.kill()
    world.restart()
    assert not any(pin.level for pin in world.pins.values())
    proven(world)


def test_a_start_on_a_full_card_drives_nothing_that_is_off():
    world = online(PUMP, LAMP)
    world.switch("pump", True)
    with failing(world.card):
        world.restart()
        world.advance(1_000)
    assert [on for _, on in drives(world, "pump")] == [True, False]
    assert drives(world, "lamp") == []


def test_a_start_on_a_full_card_switches_off_once_and_leaves_the_button_its_say():
    world = online(PUMP, BUTTON)
    world.press("button", False)
    world.press("button", True)
    with failing(world.card):
        world.restart()
        world.advance(1_000)
        assert not world.pins["pump"].level
        world.press("button", False)
        world.press("button", True)
        world.advance(10_000)
        assert world.pins["pump"].level
    proven(world)


def test_what_waits_to_be_written_waits_for_the_drives_of_its_moment():
    world = online(LAMP, DOOR)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", False)
    with failing(world.card):
        world.press("door", True)  # to be written again in a second, just as the stuck pin is tried again
    world.advance(1_000)
    assert "switched door on input" not in records(world)
    world.advance(1)
    assert records(world)[-1] == "switched door on input"


def test_an_off_too_many_for_the_memory_is_still_off_after_a_restart(monkeypatch):
    monkeypatch.setattr("device.ledger.MOST_UNWRITTEN", 1)
    world = online(LAMP, DOOR)
    world.switch("lamp", True, for_s=10)
    with failing(world.card):
        world.press("door", True)
        world.advance(10_500)
    world.advance(1_000)
    assert world.card.outputs["lamp"].on is False
    assert records(world)[3:] == ["switched door on input"]


def test_a_start_on_a_full_card_tells_interrupted_commands_when_it_can():
    world = online(LAMP)
    world.dies_after = 2
    world.switch("lamp", True)
    with failing(world.card):
        world.restart()
        world.link_up()
        world.advance(5_000)
    world.advance(60_000)
    assert fates(world) == ["lamp off #1 rejected interrupted"]
    Checker(world).settle()


def test_no_number_is_told_that_a_crash_could_give_anew():
    world = online(LAMP, DOOR)
    with failing(world.card):
        world.press("door", True)
        world.switch("lamp", False)
        world.link_down()
        world.link_up()
        assert (told(world, Hello)[-1].last_seq, told(world, State)[-1].seq) == (1, 1)
        assert told(world, State)[-1].channels["door"].on is True
    world.advance(1_000)
    world.link_down()
    world.link_up()
    assert (told(world, Hello)[-1].last_seq, told(world, State)[-1].seq) == (3, 3)


def test_a_device_vouches_for_no_past_while_something_of_it_is_unwritten():
    world = online(LAMP, DOOR)
    with failing(world.card):
        world.press("door", True)
        world.link_down()
        world.link_up()
        assert told(world, Hello)[-1].surely_ms is None
    world.advance(1_000)
    world.link_down()
    world.link_up()
    assert told(world, Hello)[-1].surely_ms == world.server_ms


def test_only_receipts_are_told_when_the_card_is_full():
    world = online(LAMP, DOOR)
    with failing(world.card):
        world.press("door", True)
        world.switch("lamp", False)
    assert told(world, Event) == []
