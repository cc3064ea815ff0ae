"""When rules act, by hand."""

from zoneinfo import ZoneInfo

import pytest

from protocol.schedules.rules import LANG_SON, Place
from protocol.schedules.runs import last_run, next_run, runs
from tests.protocol.schedules.moments import APIA, BERLIN, SAIGON, SAO_PAULO, ms, rule, said, times, utc, weekly

WEEK = "2026-11-23", "2026-11-30"  # from a Monday on


def test_a_weekly_rule_acts_on_its_days_at_its_time():
    assert times(weekly("06:00", 1, 3, 5), *WEEK) == ["Mon 2026-11-23 06:00", "Wed 2026-11-25 06:00", "Fri 2026-11-27 06:00"]


def test_a_one_off_acts_once_and_never_again():
    once = rule(when={"kind": "once", "date": "2026-11-25", "at": "23:59"})
    assert times(once, "2000-01-01", "2090-01-01") == ["Wed 2026-11-25 23:59"]
    assert next_run(once, SAIGON, LANG_SON, ms("2026-11-25 23:59")) is not None
    assert next_run(once, SAIGON, LANG_SON, ms("2026-11-26 00:00")) is None


def test_a_loop_acts_from_its_beginning_until_before_its_end():
    loop = rule(when={"kind": "loop", "days": [1], "start": "06:00", "end": "18:00", "every_s": 7200}, for_s=600)
    assert [time[-5:] for time in times(loop, *WEEK)] == ["06:00", "08:00", "10:00", "12:00", "14:00", "16:00"]


def test_a_loop_over_midnight_belongs_to_the_day_on_which_it_begins():
    loop = rule(when={"kind": "loop", "days": [1], "start": "22:00", "end": "02:00", "every_s": 5400}, for_s=600)
    assert times(loop, *WEEK) == ["Mon 2026-11-23 22:00", "Mon 2026-11-23 23:30", "Tue 2026-11-24 01:00"]


def test_a_loop_whose_end_is_its_beginning_goes_round_the_clock():
    loop = rule(when={"kind": "loop", "days": [1, 2], "start": "06:00", "end": "06:00", "every_s": 28_800}, for_s=600)
    assert [time[4:] for time in times(loop, *WEEK)] == [
        *("2026-11-23 06:00", "2026-11-23 14:00", "2026-11-23 22:00"),
        *("2026-11-24 06:00", "2026-11-24 14:00", "2026-11-24 22:00"),
    ]


def test_what_a_loop_switched_on_goes_off_when_its_window_ends():
    loop = rule(when={"kind": "loop", "days": [1], "start": "06:00", "end": "07:00", "every_s": 2700}, for_s=1800)
    found = list(runs(loop, SAIGON, LANG_SON, ms(WEEK[0]), ms(WEEK[1])))
    assert [(said(run.at_ms)[-5:], run.for_s) for run in found] == [("06:00", 1800), ("06:45", 900)]


def test_the_interval_holds_its_beginning_and_not_its_end():
    assert times(weekly("06:00"), "2026-11-23 06:00", "2026-11-24 06:00") == ["Mon 2026-11-23 06:00"]


def test_the_next_run_may_be_now_and_the_last_one_too():
    daily, six = weekly("06:00"), ms("2026-11-23 06:00")
    assert [run.at_ms for run in (next_run(daily, SAIGON, LANG_SON, six), last_run(daily, SAIGON, LANG_SON, six)) if run] == [
        six,
        six,
    ]
    earlier = last_run(daily, SAIGON, LANG_SON, six - 1)
    assert earlier is not None
    assert said(earlier.at_ms) == "Sun 2026-11-22 06:00"


def test_there_was_no_last_run_before_a_one_off():
    assert last_run(rule(when={"kind": "once", "date": "2026-11-25", "at": "06:00"}), SAIGON, LANG_SON, ms("2026-11-25")) is None


def test_a_time_that_summer_time_jumps_over_runs_at_the_jump():
    """In Berlin on 2026-03-29 the clock goes from 02:00 to 03:00, at 01:00 UTC."""
    [run] = runs(weekly("02:30"), BERLIN, LANG_SON, ms("2026-03-29", BERLIN), ms("2026-03-30", BERLIN))
    assert utc(run.at_ms) == "2026-03-29 01:00"


def test_a_time_that_comes_twice_runs_once_at_the_first():
    """In Berlin on 2026-10-25 the clock goes from 03:00 back to 02:00, at 01:00 UTC: 02:30 is at 00:30 and at 01:30 UTC."""
    [run] = runs(weekly("02:30"), BERLIN, LANG_SON, ms("2026-10-25", BERLIN), ms("2026-10-26", BERLIN))
    assert utc(run.at_ms) == "2026-10-25 00:30"


def test_a_midnight_that_there_was_not_runs_at_the_jump_of_its_day():
    """In São Paulo summer time began at midnight of 2018-11-04: the day began at 01:00, which is 03:00 UTC."""
    [run] = runs(weekly("00:00", 7), SAO_PAULO, LANG_SON, ms("2018-11-03", SAO_PAULO), ms("2018-11-06", SAO_PAULO))
    assert (utc(run.at_ms), said(run.at_ms, SAO_PAULO)) == ("2018-11-04 03:00", "Sun 2018-11-04 01:00")


def test_a_day_that_there_was_not_has_no_runs():
    """Samoa went from Thursday 2011-12-29 to Saturday 2011-12-31."""
    assert times(weekly("06:00"), "2011-12-28", "2012-01-01", APIA) == [
        *("Wed 2011-12-28 06:00", "Thu 2011-12-29 06:00", "Sat 2011-12-31 06:00"),
    ]


def test_a_window_into_a_day_that_there_was_not_ends_where_the_day_after_begins():
    loop = rule(when={"kind": "loop", "days": [4], "start": "22:00", "end": "06:00", "every_s": 3600}, for_s=600)
    assert times(loop, "2011-12-29", "2012-01-01", APIA) == ["Thu 2011-12-29 22:00", "Thu 2011-12-29 23:00"]


def test_a_loop_goes_on_in_real_time_through_a_change_of_the_clock():
    loop = rule(when={"kind": "loop", "start": "00:00", "end": "06:00", "every_s": 7200}, for_s=600)
    spring = [utc(run.at_ms)[-5:] for run in runs(loop, BERLIN, LANG_SON, ms("2026-03-29", BERLIN), ms("2026-03-30", BERLIN))]
    assert spring == ["23:00", "01:00", "03:00"], "five hours long"
    autumn = [utc(run.at_ms)[-5:] for run in runs(loop, BERLIN, LANG_SON, ms("2026-10-25", BERLIN), ms("2026-10-26", BERLIN))]
    assert autumn == ["22:00", "00:00", "02:00", "04:00"], "seven hours long"


def test_a_window_that_the_clock_jumps_over_has_no_runs():
    loop = rule(when={"kind": "loop", "start": "02:00", "end": "03:00", "every_s": 600}, for_s=60)
    assert times(loop, "2026-03-29", "2026-03-30", BERLIN) == []


TROMSO, ZONE = Place(latitude=69.65, longitude=18.96), ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize("event", ["sunrise", "sunset"])
@pytest.mark.parametrize(("since", "until"), [("2026-06-01", "2026-07-10"), ("2026-12-05", "2027-01-05")])
def test_where_the_sun_stays_up_or_down_there_is_no_run(event: str, since: str, until: str):
    sun = rule(when={"kind": "sun", "event": event, "offset_s": 0})
    assert list(runs(sun, ZONE, TROMSO, ms(since, ZONE), ms(until, ZONE))) == []


def test_the_next_sunrise_is_found_across_a_polar_night():
    sun = rule(when={"kind": "sun", "event": "sunrise", "offset_s": 0})
    run = next_run(sun, ZONE, TROMSO, ms("2026-12-05", ZONE))
    assert run is not None
    assert said(run.at_ms, ZONE)[4:11] == "2027-01"


@pytest.mark.parametrize("latitude", [-90.0, 90.0, 0.0])
@pytest.mark.parametrize("longitude", [-180.0, 180.0, 0.0])
def test_there_is_an_answer_wherever_on_earth(latitude: float, longitude: float):
    sun = rule(when={"kind": "sun", "event": "sunset", "offset_s": -14_400})
    found = [
        run.at_ms for run in runs(sun, SAIGON, Place(latitude=latitude, longitude=longitude), ms("2026-01-01"), ms("2027-01-01"))
    ]
    assert found == sorted(set(found))
    assert len(found) <= 366


def test_the_sun_with_an_offset_belongs_to_the_day_of_the_sun():
    late = rule(when={"kind": "sun", "days": [1], "event": "sunset", "offset_s": 14_400})
    north = list(runs(late, ZONE, Place(latitude=62, longitude=18.96), ms("2026-06-22", ZONE), ms("2026-06-24", ZONE)))
    assert [said(run.at_ms, ZONE)[:14] for run in north] == ["Tue 2026-06-23"], "Monday's sunset is at half past ten"
