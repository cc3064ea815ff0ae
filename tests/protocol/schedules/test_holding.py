"""What should hold now, and what is done about what was missed."""

from protocol.schedules.holding import Held, catch_up, should_hold
from protocol.schedules.rules import LANG_SON
from protocol.schedules.runs import Run
from tests.protocol.schedules.moments import LAMP, PUMP, SAIGON, ms, rule, weekly

MORNING, EVENING = weekly("06:00", on=True, number=1), weekly("18:00", on=False, number=2)


def held(now: str, *rules):
    return should_hold(rules, SAIGON, LANG_SON, ms(now))


def missed(since: str, now: str, *rules):
    return catch_up(rules, SAIGON, LANG_SON, ms(since), ms(now))


def test_the_latest_run_holds():
    assert held("2026-11-23 12:00", MORNING, EVENING) == {PUMP: Held(True, ms("2026-11-23 06:00"), None, MORNING.id)}
    assert held("2026-11-23 20:00", MORNING, EVENING) == {PUMP: Held(False, ms("2026-11-23 18:00"), None, EVENING.id)}


def test_what_was_on_for_a_time_is_off_once_that_is_over():
    half_hour = weekly("06:00", for_s=1800)
    assert held("2026-11-23 06:29", half_hour)[PUMP] == Held(True, ms("2026-11-23 06:00"), ms("2026-11-23 06:30"), half_hour.id)
    assert held("2026-11-23 06:30", half_hour)[PUMP] == Held(False, ms("2026-11-23 06:30"), None, half_hour.id)


def test_of_two_at_one_moment_off_prevails():
    off = weekly("06:00", on=False, number=2)
    assert not held("2026-11-23 07:00", MORNING, off)[PUMP].on
    assert not held("2026-11-23 07:00", off, MORNING)[PUMP].on


def test_of_two_that_switch_on_at_one_moment_the_shorter_prevails():
    short, long = weekly("06:00", for_s=60, number=1), weekly("06:00", for_s=600, number=2)
    assert not held("2026-11-23 06:05", short, long)[PUMP].on
    assert not held("2026-11-23 06:05", long, short)[PUMP].on


def test_a_channel_of_which_no_rule_has_spoken_is_left_alone():
    assert held("2026-11-23", rule(when={"kind": "once", "date": "2030-01-01", "at": "06:00"})) == {}


def test_each_channel_has_its_own():
    lamp = weekly("18:00", number=3, channel=LAMP)
    assert held("2026-11-23 20:00", EVENING, lamp).keys() == {PUMP, LAMP}


SINCE, NOW = "2026-11-23 05:00", "2026-11-23 06:20"


def test_what_is_to_be_skipped_is_skipped():
    assert missed(SINCE, NOW, weekly("06:00", for_s=1800, missed="skip")) == {}


def test_what_may_be_late_runs_whole_if_it_is_not_too_late():
    late = weekly("06:00", for_s=1800, missed="late", late_s=1200)
    assert missed(SINCE, NOW, late) == {PUMP: Run(ms(NOW), late.id, PUMP, True, 1800)}
    assert missed(SINCE, "2026-11-23 06:21", late) == {}


def test_what_is_to_be_restored_runs_for_what_is_left():
    restored = weekly("06:00", for_s=1800, missed="restore")
    assert missed(SINCE, NOW, restored) == {PUMP: Run(ms(NOW), restored.id, PUMP, True, 600)}
    assert missed(SINCE, "2026-11-23 07:00", restored) == {PUMP: Run(ms("2026-11-23 07:00"), restored.id, PUMP, False, None)}


def test_what_is_late_in_a_loop_is_off_at_the_end_of_its_window_too():
    loop = {"kind": "loop", "start": "05:00", "end": "06:15", "every_s": 1800}
    late = rule(when=loop, for_s=1200, missed="late", late_s=3600)
    assert missed(SINCE, "2026-11-23 06:10", late) == {PUMP: Run(ms("2026-11-23 06:10"), late.id, PUMP, True, 300)}
    assert missed(SINCE, "2026-11-23 06:20", late) == {}


def test_the_latest_that_was_missed_decides():
    on, off = weekly("05:30", missed="restore", number=1), weekly("06:00", on=False, missed="restore", number=2)
    assert missed(SINCE, NOW, on, off) == {PUMP: Run(ms(NOW), off.id, PUMP, False, None)}


def test_what_was_not_missed_is_not_done_again():
    assert missed("2026-11-23 06:01", NOW, weekly("06:00", missed="restore")) == {}
