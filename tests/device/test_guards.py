"""Each guard of the core, switched off on purpose in the test alone: the checker must notice. Where it could not, it proved nothing.

Every scenario is first played with all guards on, and then must be found without a fault.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.device import days
from tests.device import guards_off as off
from tests.device.checker import Checker
from tests.device.parts import TwoStories
from tests.device.violation import Violation
from tests.device.world import World


@dataclass(frozen=True)
class Guard:
    """A guard: how to switch it off, and a day on which it is needed. `found`: what the checker says then."""

    off: Callable[[pytest.MonkeyPatch], None]
    day: Callable[[], World]
    found: str


def healed(world: World) -> World:
    """All works again, and there was time to tell everything."""
    world.deaf = world.welcomes_held = world.answers_held = False
    world.journal_takes_ms, world.dies_after, world.card.fault = 0, None, None
    for channel, pin in world.pins.items():
        if pin.fault is not None:
            world.mend(channel)
    if not world.alive:
        world.start()
    world.link_up()
    world.advance(61_000)
    return world


def live_through(day: Callable[[], World]) -> None:
    world = day()
    checker = Checker(world)
    checker.look()
    healed(world)
    checker.settle()


GUARDS = {
    "ids are remembered": Guard(off.no_ids, days.a_replay, "moves a pin twice|second receipt"),
    "ids are remembered on the card": Guard(
        off.ids_in_memory_only, days.a_replay_after_a_crash, "moves a pin twice|second receipt"
    ),
    "expired commands are refused": Guard(off.no_expiry, days.a_late_command, "acts after"),
    "what expires while it is written is refused": Guard(
        off.no_not_after, days.a_command_that_is_late_once_written, "acts after"
    ),
    "only an answer to this session's hello is believed": Guard(off.any_welcome, days.a_welcome_from_elsewhere, "acts after"),
    "the device's own clock is not": Guard(off.the_systems_clock, days.a_command_before_any_welcome, "time was not known"),
    "the journal comes before the pin": Guard(off.pin_before_journal, days.a_plain_command, "not written down before"),
    "a command is journaled at all": Guard(off.no_journal, days.a_plain_command, "not written down before"),
    "nothing goes on that could not be written": Guard(off.on_without_a_card, days.a_full_card, "not written down before"),
    "a lease ends": Guard(off.no_lease_end, days.a_lease, "is on at"),
    "the longest on-time bounds a wish": Guard(off.no_longest, days.a_long_wish, "another lease|is on at"),
    "the longest on-time is not lifted": Guard(off.longest_from_each_command, days.asked_again_and_again, "is on at"),
    "an interlock holds": Guard(off.no_interlock, days.both_ways_at_once, "while the interlocked"),
    "an interlock waits its pause": Guard(off.no_interlock, days.there_and_back, "interlock's pause"),
    "what is under way counts as on": Guard(off.nothing_under_way, days.two_that_a_lost_link_wants_on, "while the interlocked"),
    "a shortest off-time is kept": Guard(off.no_interlock, days.a_short_rest, "shortest off-time"),
    "applied is said of what was read": Guard(off.belief_without_reading, days.a_pin_that_does_not_go_on, "without read-back"),
    "a pin that does not obey is tried again": Guard(off.no_second_try, days.a_pin_that_sticks_past_its_lease, "is on at"),
    "a lost link has its consequence": Guard(off.no_link_loss, days.a_lost_link, "although the link is lost"),
    "a restart remembers the lost link": Guard(
        off.a_link_that_is_lost_anew, days.a_lost_link_and_a_restart, "although the link is lost"
    ),
    "what was cut short does not go on": Guard(
        off.everything_goes_on, days.a_crash_in_the_middle_of_a_command, "should start False"
    ),
    "a power cut is no restart": Guard(off.everything_goes_on, days.a_power_cut, "should start False"),
    "a lease that ended meanwhile does not go on": Guard(
        off.everything_goes_on, days.a_restart_past_the_lease, "should start False"
    ),
    "a fault is not what was wanted": Guard(off.a_fault_is_a_wish, days.a_restart_with_a_stuck_pin, "should start False"),
    "a start holds the interlocks": Guard(
        off.no_interlock_at_start, days.a_new_wiring_file_with_an_interlock, "should start False"
    ),
    "what was cut short is answered": Guard(off.forgotten_intents, days.a_crash_in_the_middle_of_a_command, "has the fates set"),
    "the device does nothing unasked": Guard(off.every_level_is_a_press, days.a_button_found_pressed, "no command and no cause"),
    "a failed write is kept": Guard(
        off.a_failed_write_is_lost, days.a_full_card_and_then_a_good_one, "before the one that it follows"
    ),
    "what could not be written is written later": Guard(
        off.numbers_come_twice, days.a_full_card_and_then_a_good_one, "was never written"
    ),
    "a number is given once": Guard(off.numbers_come_twice, days.a_card_that_denies_what_it_wrote, "given twice"),
    "what a deaf link swallowed is asked for": Guard(off.silence_after_the_welcome, days.a_deaf_link, "the server has"),
    "what a card lost makes another journal": Guard(off.a_card_is_believed, days.a_card_that_lost_its_tail, "the server has"),
    "a clock that was set is learnt anew": Guard(
        off.a_clock_that_nobody_sets, days.a_slow_answer_of_a_clock_that_was_set, "acts after"
    ),
    "a hello vouches for what is past only": Guard(off.the_latest_is_sure, days.a_slow_answer, "not past"),
    "what never came is answered only by whoever knows the time": Guard(
        off.answers_without_a_clock,
        days.a_command_that_came_never_and_then_before_the_time_is_known,
        "had said that it never came",
    ),
    "a command has one receipt": Guard(off.two_receipts, days.a_plain_command, "second receipt"),
    "a command has a receipt": Guard(off.no_receipt, days.a_plain_command, "has the fates set"),
}


@pytest.mark.parametrize("name", GUARDS)
def test_with_every_guard_on_the_day_passes_without_a_fault(name):
    live_through(GUARDS[name].day)


@pytest.mark.parametrize("name", GUARDS)
def test_without_this_guard_the_checker_finds_the_fault(name, monkeypatch):
    guard = GUARDS[name]
    guard.off(monkeypatch)
    with pytest.raises((Violation, TwoStories), match=guard.found):
        live_through(guard.day)
