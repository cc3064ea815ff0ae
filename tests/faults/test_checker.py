"""The checker catches what must never be: each rule is fed a history that breaks it, and only it."""

from collections.abc import Callable

import pytest

from protocol.messages import Cause, EventKind, Fate, Reason
from tests.faults.checker import RULES, align, check
from tests.faults.histories import Asked, FinalChannel, Life, Spell, Told
from tests.faults.stories import DEVICE, Story, a_morning


def test_a_history_in_which_every_promise_was_kept_has_no_violation():
    assert check(a_morning().ends(20_000)) == []


def a_pin_moves_by_itself(story: Story) -> None:
    story.moves("den", True, 19_000)


def an_event_without_a_move(story: Story) -> None:
    story.switched("den", True, 19_000, Cause.COMMAND, story.command(20, "den", True, 18_900).id)


def a_link_loss_where_it_has_no_consequence(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000), 18_020)
    story.moves("den", False, 19_000)
    story.switched("den", False, 19_001, Cause.LINK_LOSS)


def a_restart_that_switches_on(story: Story) -> None:
    story.dies(18_000)
    story.begins(18_500, "boot-2")
    story.moves("den", True, 18_501)
    story.switched("den", True, 18_502, Cause.RESTART)


def a_command_that_nobody_gave(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.obeys(given, 18_020)
    del story.history.commands[given.id]


def a_command_for_another_channel(story: Story) -> None:
    given = story.command(20, "cong", True, 18_000)
    story.moves("den", True, 18_020)
    story.switched("den", True, 18_021, Cause.COMMAND, given.id)
    story.receipt(given, 18_022, Fate.APPLIED, changed=True)


def a_cut_short_command_whose_agent_never_died(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.moves("den", True, 18_020)
    story.receipt(given, 18_022, Fate.REJECTED, reason=Reason.INTERRUPTED)
    story.moves("den", False, 18_030)


def a_command_acts_twice(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.obeys(given, 18_020)
    story.obeys(story.command(21, "den", False, 18_100), 18_120)
    story.moves("den", True, 18_200)
    story.switched("den", True, 18_201, Cause.COMMAND, given.id)


def a_command_acts_after_its_expiry(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000), 28_200)


def a_command_acts_before_it_was_made(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000), 17_500)


def applied_without_a_move(story: Story) -> None:
    story.receipt(story.command(20, "cong", True, 18_000), 18_020, Fate.APPLIED, changed=True)
    story.settle(story.history.commands[f"{20:032x}"], "applied", changed=True, read_back=True)


def already_so_and_it_was_not(story: Story) -> None:
    story.receipt(story.command(20, "cong", True, 18_000), 18_020, Fate.APPLIED, changed=False)
    story.settle(story.history.commands[f"{20:032x}"], "applied", changed=False, read_back=True)


def rejected_and_the_pin_moved(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.moves("den", True, 18_020)
    story.switched("den", True, 18_021, Cause.COMMAND, given.id)
    story.receipt(given, 18_022, Fate.REJECTED, reason=Reason.LOCKED)


def applied_and_read_back_otherwise(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.obeys(given, 18_020)
    story.settle(given, "applied", changed=True, read_back=False)


def an_older_command_acts_after_a_newer_one(story: Story) -> None:
    older = story.command(20, "den", False, 18_000)
    story.obeys(story.command(21, "den", True, 18_100), 18_120)
    story.obeys(older, 18_200)


def a_lease_that_does_not_end(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)
    story.obeys(story.command(21, "den", False, 20_200), 20_220)


def a_lease_that_has_not_ended_at_the_end(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)


def longer_than_the_longest_on_time(story: Story) -> None:
    story.obeys(story.command(20, "may-bom", True, 18_000), 18_020)
    story.obeys(story.command(21, "may-bom", False, 22_100), 22_120)


def asked_again_and_longer_than_the_longest_on_time(story: Story) -> None:
    story.obeys(story.command(20, "may-bom", True, 18_000), 18_020)
    story.obeys(story.command(21, "may-bom", True, 20_000), 20_020)
    story.obeys(story.command(22, "may-bom", False, 22_500), 22_520)


def a_lease_that_ends_too_soon(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000, for_s=5), 18_020)
    story.moves("den", False, 20_000)
    story.switched("den", False, 20_001, Cause.LEASE)


def a_lease_of_an_output_that_has_none(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000), 18_020)
    story.moves("den", False, 20_000)
    story.switched("den", False, 20_001, Cause.LEASE)


def a_lease_missed_while_dead_and_not_made_good(story: Story) -> None:
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)
    story.dies(18_500)
    story.begins(25_000, "boot-2")
    story.moves("den", False, 27_100)
    story.switched("den", False, 27_101, Cause.LEASE)


def both_of_an_interlock_on(story: Story) -> None:
    story.obeys(story.command(20, "len", True, 18_000), 18_020)
    story.obeys(story.command(21, "xuong", True, 18_100), 18_120)


def no_pause_in_an_interlock(story: Story) -> None:
    story.obeys(story.command(20, "len", True, 18_000), 18_020)
    story.obeys(story.command(21, "len", False, 18_500), 18_520)
    story.obeys(story.command(22, "xuong", True, 18_600), 18_620)


def no_rest(story: Story) -> None:
    story.obeys(story.command(20, "may-bom", True, 18_000), 18_020)
    story.obeys(story.command(21, "may-bom", False, 18_500), 18_520)
    story.obeys(story.command(22, "may-bom", True, 19_500), 19_520)


def a_lost_link_without_consequence(story: Story) -> None:
    story.obeys(story.command(20, "cong", True, 18_000), 18_020)
    story.device.away.append(Spell(19_000, 40_000))


def an_event_that_is_not_kept(story: Story) -> None:
    del story.device.kept[2]


def an_event_that_was_never_told(story: Story) -> None:
    story.device.kept[99] = {**story.device.kept[2], "seq": 99}


def an_event_kept_otherwise(story: Story) -> None:
    story.device.kept[2] = {**story.device.kept[2], "cause": "lease"}


def a_number_left_out(story: Story) -> None:
    story.device.last_seq += 1


def a_number_given_twice(story: Story) -> None:
    first, second = list(story.device.events())[:2]
    story.device.records[first.seq].append(second)


def a_record_beyond_the_journals_end(story: Story) -> None:
    story.device.last_seq -= 1


def an_event_of_a_journal_that_never_was(story: Story) -> None:
    story.device.kept_elsewhere = 1


def a_command_left_open(story: Story) -> None:
    story.command(20, "den", True, 18_000)


def a_command_left_unconfirmed(story: Story) -> None:
    story.settle(story.command(20, "den", True, 18_000), "unconfirmed")


def the_database_contradicts_the_device(story: Story) -> None:
    story.settle(story.history.commands[f"{5:032x}"], "expired")
    story.history.told = [told for told in story.history.told if told.command != f"{5:032x}"]


def rejected_for_another_reason(story: Story) -> None:
    story.settle(story.history.commands[f"{5:032x}"], "rejected", reason="locked")


def applied_and_the_device_never_said_so(story: Story) -> None:
    given = story.command(20, "den", False, 18_000)
    story.settle(given, "applied", changed=False, read_back=False)


def an_answer_to_what_was_never_accepted(story: Story) -> None:
    given = story.command(20, "den", True, 18_000)
    story.receipt(given, 18_020, Fate.REJECTED, reason=Reason.LOCKED)
    del story.history.commands[given.id]
    story.history.told = [told for told in story.history.told if told.command != given.id]


def two_receipts_for_one_command(story: Story) -> None:
    given = story.command(20, "den", False, 18_000)
    story.obeys(given, 18_020)
    story.obeys(given, 18_030)


def told_applied_and_later_expired(story: Story) -> None:
    story.history.told.append(Told(f"{11:032x}", "applied", 17_500, "page"))


def told_of_a_command_that_is_not_there(story: Story) -> None:
    story.history.told.append(Told("f" * 32, "accepted", 17_500, "client"))


def refused_and_made_nevertheless(story: Story) -> None:
    story.history.asked.append(Asked(DEVICE, "den", 409, None, "key-1", "device_offline"))


def one_key_makes_two_commands(story: Story) -> None:
    for number in (1, 2):
        story.history.asked.append(Asked(DEVICE, "den", 202, f"{number:032x}", "key-1"))


def the_page_lies_at_the_end(story: Story) -> None:
    story.history.final.append(FinalChannel(DEVICE, "den", True, False, False))


def the_database_lies_at_the_end(story: Story) -> None:
    story.history.final.append(FinalChannel(DEVICE, "den", False, True, False))


def a_device_shown_as_away_at_the_end(story: Story) -> None:
    story.history.final.append(FinalChannel(DEVICE, "den", False, False, False, "offline"))


BROKEN: dict[Callable[[Story], None], str] = {
    a_pin_moves_by_itself: "every pin change has its cause",
    an_event_without_a_move: "every pin change has its cause",
    a_link_loss_where_it_has_no_consequence: "every pin change has its cause",
    a_restart_that_switches_on: "every pin change has its cause",
    a_command_that_nobody_gave: "every pin change has its cause",
    a_command_for_another_channel: "every pin change has its cause",
    a_cut_short_command_whose_agent_never_died: "every pin change has its cause",
    a_command_acts_twice: "no command acts twice",
    a_command_acts_after_its_expiry: "no command acts after its time",
    a_command_acts_before_it_was_made: "no command acts after its time",
    applied_without_a_move: "applied means moved, or already so",
    already_so_and_it_was_not: "applied means moved, or already so",
    rejected_and_the_pin_moved: "applied means moved, or already so",
    applied_and_read_back_otherwise: "applied means moved, or already so",
    an_older_command_acts_after_a_newer_one: "commands act in order",
    a_lease_that_does_not_end: "leases hold",
    a_lease_that_has_not_ended_at_the_end: "leases hold",
    longer_than_the_longest_on_time: "leases hold",
    asked_again_and_longer_than_the_longest_on_time: "leases hold",
    a_lease_that_ends_too_soon: "leases hold",
    a_lease_of_an_output_that_has_none: "leases hold",
    a_lease_missed_while_dead_and_not_made_good: "leases hold",
    both_of_an_interlock_on: "interlocks hold",
    no_pause_in_an_interlock: "interlocks hold",
    no_rest: "rests hold",
    a_lost_link_without_consequence: "a lost link has its consequence",
    an_event_that_is_not_kept: "every event is kept once",
    an_event_that_was_never_told: "every event is kept once",
    an_event_kept_otherwise: "every event is kept once",
    a_number_left_out: "every event is kept once",
    a_number_given_twice: "every event is kept once",
    a_record_beyond_the_journals_end: "every event is kept once",
    an_event_of_a_journal_that_never_was: "every event is kept once",
    a_command_left_open: "every command has one fate",
    a_command_left_unconfirmed: "every command has one fate",
    the_database_contradicts_the_device: "every command has one fate",
    rejected_for_another_reason: "every command has one fate",
    applied_and_the_device_never_said_so: "every command has one fate",
    an_answer_to_what_was_never_accepted: "every command has one fate",
    two_receipts_for_one_command: "each command is answered once",
    told_applied_and_later_expired: "what was told holds",
    told_of_a_command_that_is_not_there: "what was told holds",
    refused_and_made_nevertheless: "a refusal leaves nothing",
    one_key_makes_two_commands: "a key makes one command",
    the_page_lies_at_the_end: "the page is true at the end",
    the_database_lies_at_the_end: "the page is true at the end",
    a_device_shown_as_away_at_the_end: "the page is true at the end",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_history_is_caught(broken: Callable[[Story], None]):
    story = a_morning()
    broken(story)
    assert BROKEN[broken] in {violation.rule for violation in check(story.ends(30_000))}


def test_every_rule_is_broken_by_one_of_these_histories():
    idle = set(RULES)
    for broken in BROKEN:
        story = a_morning()
        broken(story)
        history = story.ends(30_000)
        idle -= {rule for rule in idle if any(rule(history, align(history)))}
    assert idle == set()


# ---- what is no violation, although it looks like one


def test_a_lease_that_ran_out_while_the_agent_was_dead_is_made_good_in_time():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)
    story.dies(18_500)
    story.begins(25_000, "boot-2")
    story.moves("den", False, 26_900)
    story.switched("den", False, 26_901, Cause.LEASE)
    assert check(story.ends(30_000)) == []


def test_a_lease_that_ran_out_while_the_agent_was_stopped_is_made_good_in_time():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)
    story.device.stops.append(Spell(18_500, 25_000))
    story.moves("den", False, 25_100)
    story.switched("den", False, 25_101, Cause.LEASE)
    assert check(story.ends(30_000)) == []


def test_a_safety_drive_that_was_killed_before_it_was_written_is_told_after_the_restart():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000, for_s=1), 18_020)
    story.moves("den", False, 19_021)
    story.dies(19_022)
    story.begins(20_000, "boot-2")
    story.switched("den", False, 20_001, Cause.LEASE)
    assert check(story.ends(30_000)) == []


def test_a_command_to_switch_off_that_was_killed_between_pin_and_journal_is_told_after_the_restart():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000), 18_020)
    off = story.command(21, "den", False, 18_500)
    story.moves("den", False, 18_520)
    story.dies(18_521)
    story.begins(20_000, "boot-2")
    story.switched("den", False, 20_001, Cause.RESTART)
    story.receipt(off, 20_002, Fate.REJECTED, reason=Reason.INTERRUPTED)
    assert check(story.ends(30_000)) == []


def test_an_output_that_is_restored_after_a_power_cut_fell_in_between():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000), 18_020)
    story.dies(19_000)
    story.device.lives.append(Life("boot-3", 20_000))
    story.moves("den", False, 19_000, fell=True)
    story.moves("den", True, 20_001)
    story.event(EventKind.STARTED, 20_002, cause=Cause.BOOT)
    story.switched("den", True, 20_002, Cause.BOOT)
    assert check(story.ends(30_000)) == []


def test_what_is_on_at_the_end_may_still_have_time():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 29_000, for_s=3600), 29_020)
    assert check(story.ends(30_000)) == []


def test_a_command_that_was_asked_for_in_one_on_time_and_obeyed_in_the_next_counts_there():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000), 18_020)
    off, on = story.command(21, "den", False, 21_000), story.command(22, "den", True, 21_100, for_s=1)
    story.device.stops.append(Spell(20_900, 25_000))
    story.obeys(off, 25_001)
    story.obeys(on, 25_010)
    story.moves("den", False, 26_020)
    story.switched("den", False, 26_021, Cause.LEASE)
    assert check(story.ends(30_000)) == []


def test_a_second_ask_lengthens_a_lease():
    story = a_morning()
    story.obeys(story.command(20, "den", True, 18_000, for_s=2), 18_020)
    story.obeys(story.command(21, "den", True, 19_000, for_s=4), 19_020)
    story.moves("den", False, 23_030)
    story.switched("den", False, 23_031, Cause.LEASE)
    assert check(story.ends(30_000)) == []


def test_an_unconfirmed_command_that_was_told_may_still_be_settled():
    story = a_morning()
    story.history.told.append(Told(f"{1:032x}", "unconfirmed", 1_500, "page"))
    assert check(story.ends(30_000)) == []


def test_a_request_that_broke_may_have_made_its_command():
    story = a_morning()
    story.history.asked.append(Asked(DEVICE, "den", None, None, "key-1"))
    story.history.asked.append(Asked(DEVICE, "den", 409, None, "key-1", "try_again"))
    assert check(story.ends(30_000)) == []


def test_a_link_that_was_lost_while_the_agent_was_stopped_counts_from_when_it_is_back():
    story = a_morning()
    story.obeys(story.command(20, "cong", True, 18_000), 18_020)
    story.device.away.append(Spell(19_000, 60_000))
    story.device.stops.append(Spell(18_900, 30_000))
    story.moves("cong", False, 35_100)
    story.switched("cong", False, 35_101, Cause.LINK_LOSS)
    assert check(story.ends(60_000)) == []
