"""A command has one fate; it moves a pin once, in time, and never unwritten."""

import pytest

from device.rules import OutputRule
from device.words import CommandCame, CommandRefused, Journal, SendAgain
from protocol.messages import Reason
from tests.device.histories import BUTTON, DOOR, LAMP, PUMP, fates, moves, online, proven, records
from tests.device.parts import Drove, Heard, Wrote
from tests.device.world import MINH, World, wires


def test_a_command_moves_its_pin_once_and_is_told_as_applied():
    world = online(LAMP)
    world.switch("lamp", True)
    assert moves(world, "lamp") == [(0, True)]
    assert records(world) == ["started boot", "switched lamp on command #1 by lan", "lamp on #1 applied changed"]
    proven(world)


def test_a_command_is_written_down_before_the_pin_moves():
    world = online(LAMP)
    world.switch("lamp", True)
    heard = next(place for place, entry in enumerate(world.log) if isinstance(entry, Heard))
    after = world.log[heard + 1 : heard + 4]
    assert [type(entry) for entry in after] == [Wrote, Drove, Wrote]
    assert after[0].write.intent.command == world.log[heard].command.jti
    assert after[2].write.settled == (world.log[heard].command.jti,)
    assert not world.card.intents


def test_a_command_that_changes_nothing_gets_its_receipt_and_no_event():
    world = online(LAMP)
    world.switch("lamp", False)
    assert records(world) == ["started boot", "lamp off #1 applied"]


def test_an_off_is_never_too_soon():
    world = online(OutputRule("cooler", min_off_ms=180_000))
    world.switch("cooler", False)
    assert fates(world) == ["cooler off #1 applied"]


def test_the_receipt_of_a_replayed_command_is_asked_for_by_its_number():
    world = online(LAMP)
    first = world.switch("lamp", True)
    effects = world.core.handle(CommandCame(first), world.moment)
    assert effects[0] == SendAgain(3)
    assert [type(effect) for effect in effects] == [SendAgain, Journal]


def test_a_replayed_command_for_no_channel_at_all_is_only_refused():
    world = online(LAMP)
    odd = world.switch("Không có <b>", True)
    world.hear(odd)
    assert records(world)[1:] == ["Không có <b> ? #1 rejected unknown_channel", "refused replayed #1"]


def test_a_replayed_command_for_an_input_names_it():
    world = online(DOOR)
    world.hear(world.switch("door", True))
    assert records(world)[1:] == ["door ? #1 rejected not_an_output", "refused door ? replayed #1"]


def test_a_replayed_command_moves_nothing_and_its_receipt_is_sent_again():
    world = online(LAMP)
    first = world.switch("lamp", True)
    world.switch("lamp", False)
    world.deaf = True
    world.hear(first)
    world.deaf = False
    assert moves(world, "lamp") == [(0, True), (0, False)]
    assert records(world)[-1] == "refused lamp ? replayed #1"
    assert [words for words in fates(world) if "#1 " in words] == ["lamp on #1 applied changed"]
    proven(world)


@pytest.mark.parametrize("how", [World.restart, World.reboot])
def test_a_command_is_known_again_after_a_restart_and_after_a_power_cut(how):
    world = online(LAMP)
    first = world.switch("lamp", True)
    how(world)
    world.link_up()
    world.switch("lamp", False)
    world.hear(first)
    assert [on for _, on in moves(world, "lamp")] == [True, False]
    proven(world)


def test_an_expired_command_never_moves_a_relay():
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=5_000)
    world.advance(5_000)
    world.hear(late)
    assert moves(world, "lamp") == []
    assert fates(world) == ["lamp off #1 expired"]
    assert not [entry for entry in world.log if isinstance(entry, Wrote) and entry.write.intent]


def test_a_command_acts_until_the_last_millisecond_of_its_time():
    world = online(LAMP)
    just = world.command("lamp", True, lives_ms=5_000)
    world.advance(4_999)
    world.hear(just)
    assert moves(world, "lamp") == [(4_999, True)]
    proven(world)


def test_a_command_that_expires_while_it_is_written_down_does_not_act():
    world = online(LAMP)
    just = world.command("lamp", True, lives_ms=5_000)
    world.advance(4_990)
    world.journal_takes_ms = 10
    world.hear(just)
    assert moves(world, "lamp") == []
    assert fates(world) == ["lamp off #1 expired"]
    assert not world.card.intents


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_systems_clock_an_hour_off_revives_no_command_and_refuses_none(hours):
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=5_000)
    world.advance(6_000)
    world.system_skew_ms = hours * 3_600_000
    world.hear(late)
    world.switch("lamp", True)
    assert moves(world, "lamp") == [(6_000, True)]
    assert fates(world) == ["lamp off #1 expired", "lamp on #2 applied changed"]


def test_no_command_acts_before_the_servers_time_is_known():
    world = World(wires(LAMP))
    command = world.switch("lamp", True)
    assert records(world)[1:] == ["refused lamp ? clock_unknown #1"]
    assert moves(world, "lamp") == []
    world.link_up()
    world.hear(command)
    assert fates(world) == ["lamp on #1 applied changed"]
    proven(world)


def test_a_command_that_came_never_and_then_before_the_time_is_known_gets_no_second_fate():
    world = online(LAMP)
    command = world.command("lamp", True)
    world.advance(61_000)  # a hello has said that nothing of it is in the journal, and that its time is over
    world.restart()
    world.hear(command)
    assert fates(world) == []
    world.link_up()
    world.hear(command)
    assert fates(world) == ["lamp off #1 expired"]
    proven(world)


@pytest.mark.parametrize(
    ("rule", "channel", "reason"),
    [
        (LAMP, "nothing", "unknown_channel"),
        (DOOR, "door", "not_an_output"),
        (OutputRule("lamp", locked=True), "lamp", "locked"),
    ],
)
def test_what_cannot_be_switched_says_why(rule, channel, reason):
    world = online(rule)
    world.switch(channel, True)
    assert fates(world)[0].endswith(f"#1 rejected {reason}")


def test_what_the_door_turned_away_is_written_down():
    world = online(LAMP)
    world.feed(CommandRefused(Reason.RETAINED, f"{7:032x}"))
    world.feed(CommandRefused(Reason.BAD_SIGNATURE, None))
    assert records(world)[1:] == ["refused retained #7", "refused bad_signature"]


def test_an_unverified_id_that_is_no_id_is_not_repeated():
    world = online(LAMP)
    world.feed(CommandRefused(Reason.BAD_SIGNATURE, "<script>alert('xin chào')</script>"[:32]))
    world.feed(CommandRefused(Reason.BAD_SIGNATURE, "f" * 32 + "\n"))
    assert records(world)[1:] == ["refused bad_signature", "refused bad_signature"]


def test_a_flood_of_refusals_is_written_down_twenty_times_a_minute():
    world = online(LAMP)
    for _ in range(50):
        world.feed(CommandRefused(Reason.BAD_SIGNATURE, None))
        world.advance(100)
    assert len(records(world)) == 1 + 20
    world.advance(60_000 - 5_000 - 1)
    world.feed(CommandRefused(Reason.BAD_SIGNATURE, None))
    assert len(records(world)) == 21
    world.advance(1)
    for _ in range(3):
        world.feed(CommandRefused(Reason.BAD_SIGNATURE, None))
    assert len(records(world)) == 22


def test_a_device_that_remembers_all_it_can_obeys_nothing_new_and_gives_no_second_fate(monkeypatch):
    monkeypatch.setattr("device.ledger.MOST_REMEMBERED", 3)
    world = online(LAMP)
    done = [world.switch("lamp", on) for on in (True, False, True)]
    refused = world.switch("lamp", False)
    assert moves(world, "lamp")[-1] == (0, True)
    assert records(world)[-1] == "refused lamp ? busy #4"
    world.advance(3_700_000)  # what expired an hour ago makes room
    assert refused.jti not in world.card.answered
    world.switch("lamp", False)
    assert moves(world, "lamp")[-1] == (3_700_000, False)
    assert set(world.card.answered) == {f"{5:032x}"}
    assert done[0].jti not in world.card.answered
    proven(world)


def test_the_actor_of_a_command_comes_back_in_its_event_and_in_the_state():
    world = online(LAMP)
    world.switch("lamp", True, actor=MINH)
    world.advance(100)
    assert records(world)[1] == "switched lamp on command #1 by minh"
    assert world.server.state.channels["lamp"].actor == MINH


def test_a_button_and_a_contact_are_no_outputs():
    world = online(PUMP, BUTTON)
    world.switch("button", True)
    assert fates(world) == ["button ? #1 rejected not_an_output"]
