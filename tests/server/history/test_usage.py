"""A place's days, and what a channel did on each of them: on, off and unknown make up the whole day."""

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.history.strip import SLOTS
from server.history.timeline import Segment, Was
from server.history.usage import Day, Tally, cost_vnd, days_until, energy_wh, midnight_ms, total

HOUR_MS = 3_600_000
NOW_MS = st.integers(978_307_200_000, 2_114_380_800_000)  # from 2001 to 2037
ON, OFF, UNKNOWN = Was.ON, Was.OFF, Was.UNKNOWN
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
ZONES = [
    "Asia/Ho_Chi_Minh",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
]


def ms(*when: int, zone: ZoneInfo = VIETNAM) -> int:
    return round(datetime(*when, tzinfo=zone).timestamp() * 1000)  # type: ignore[arg-type, misc]


def tally(days: list[Day], until_ms: int, *segments: tuple[int, int, Was]) -> Tally:
    counted = Tally(days, until_ms)
    counted.add(Segment(*it) for it in segments)
    return counted


def hours(counted: Tally) -> list[tuple[float, float, float, int]]:
    return [(it.on_ms / HOUR_MS, it.off_ms / HOUR_MS, it.unknown_ms / HOUR_MS, it.switchings) for it in counted.uses]


def test_days_are_those_of_the_place():
    days = days_until(ms(2026, 7, 28, 0, 30), 2, VIETNAM)
    assert [it.date for it in days] == [date(2026, 7, 27), date(2026, 7, 28)]
    assert days[0].from_ms == ms(2026, 7, 26, 17, zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 28), 24)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(day: date, length: int):
    berlin = ZoneInfo("Europe/Berlin")
    [found] = days_until(ms(day.year, day.month, day.day, 12, zone=berlin), 1, berlin)
    assert (found.to_ms - found.from_ms) / HOUR_MS == length


def test_where_clocks_are_put_forward_over_midnight_the_day_begins_at_that_moment():
    beirut = ZoneInfo("Asia/Beirut")
    assert midnight_ms(date(2026, 3, 29), beirut) == ms(2026, 3, 28, 22, zone=ZoneInfo("UTC"))


def test_a_day_that_a_place_left_out_is_left_out():
    apia = ZoneInfo("Pacific/Apia")
    assert [it.date.day for it in days_until(ms(2011, 12, 31, 12, zone=apia), 3, apia)] == [29, 31]


@given(
    NOW_MS,
    st.integers(1, 31),
    st.sampled_from(ZONES),
)
def test_days_follow_each_other_and_the_last_holds_now(now_ms, count, zone):
    days = days_until(now_ms, count, ZoneInfo(zone))
    assert len(days) == count
    assert days[-1].from_ms <= now_ms < days[-1].to_ms
    assert all(one.to_ms == then.from_ms for one, then in pairwise(days))
    assert all(23 * HOUR_MS <= it.to_ms - it.from_ms <= 25 * HOUR_MS for it in days)


LENGTHS = st.lists(st.tuples(st.integers(1, 40 * HOUR_MS), st.sampled_from(Was)), min_size=1, max_size=60)


@given(LENGTHS, st.sampled_from(ZONES), NOW_MS)
def test_on_off_and_unknown_make_up_each_day_as_far_as_it_has_come(lengths, zone, now_ms):
    days = days_until(now_ms, 7, ZoneInfo(zone))
    segments, at_ms = [], days[0].from_ms
    for length_ms, was in lengths:
        to_ms = min(at_ms + length_ms, now_ms)
        segments.append(Segment(at_ms, to_ms, was))
        at_ms = to_ms
    segments.append(Segment(at_ms, now_ms, UNKNOWN))
    counted = Tally(days, now_ms)
    counted.add(it for it in segments if it.from_ms < it.to_ms)
    for use in counted.uses:
        assert use.on_ms + use.off_ms + use.unknown_ms == min(use.day.to_ms, now_ms) - use.day.from_ms
        assert all(0 <= run.at < run.at + run.length <= SLOTS for run in use.strip.runs())
    sums = total(counted.uses)
    assert sums.on_ms + sums.off_ms + sums.unknown_ms == now_ms - days[0].from_ms


@given(LENGTHS, st.integers(1, 30))
def test_it_does_not_matter_in_which_pieces_segments_come(lengths, size):
    days = days_until(ms(2026, 7, 28, 12), 7, VIETNAM)
    segments, at_ms = [], days[0].from_ms
    for length_ms, was in lengths:
        segments.append(Segment(at_ms, at_ms + length_ms, was))
        at_ms += length_ms
    whole, pieces = Tally(days, at_ms), Tally(days, at_ms)
    whole.add(segments)
    for begin in range(0, len(segments), size):
        pieces.add(segments[begin : begin + size])
    assert hours(whole) == hours(pieces)
    assert [it.strip.runs() for it in whole.uses] == [it.strip.runs() for it in pieces.uses]


def test_a_time_over_midnight_is_divided_and_its_switching_counts_where_it_began():
    days = days_until(ms(2026, 7, 28, 12), 2, VIETNAM)
    midnight = days[1].from_ms
    began, ended = midnight - 2 * HOUR_MS, midnight + HOUR_MS
    counted = tally(
        days, midnight + 12 * HOUR_MS, (days[0].from_ms, began, OFF), (began, ended, ON), (ended, midnight + 12 * HOUR_MS, OFF)
    )
    assert hours(counted) == [(2, 22, 0, 1), (1, 11, 0, 1)]


def test_a_change_is_counted_through_a_time_that_nobody_knows_and_none_without_a_known_other_side():
    days = days_until(ms(2026, 7, 28, 12), 1, VIETNAM)
    at = days[0].from_ms
    segments = [(UNKNOWN, 1), (ON, 1), (UNKNOWN, 1), (ON, 1), (UNKNOWN, 1), (OFF, 1)]
    counted = Tally(days, at + 6 * HOUR_MS)
    counted.add(Segment(at + nth * HOUR_MS, at + (nth + 1) * HOUR_MS, was) for nth, (was, _) in enumerate(segments))
    assert hours(counted) == [(2, 1, 3, 1)]


def test_energy_and_cost_are_told_where_power_and_price_are_known():
    assert (energy_wh(90 * 60_000, 750), cost_vnd(90 * 60_000, 750, 2200)) == (1125.0, 2475)
    assert (energy_wh(HOUR_MS, None), cost_vnd(HOUR_MS, 750, None), cost_vnd(HOUR_MS, None, 2200)) == (None, None, None)
