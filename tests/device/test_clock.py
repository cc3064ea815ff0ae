"""The device's idea of the time is the server's, and errs to the safe side."""

from datetime import UTC, datetime

import pytest

from device.clock import FIRST_SANE_MS, LAST_SANE_MS, LearntClock, Moment
from protocol.messages import ClockTrust

NOON = 1_790_000_000_000


def test_what_makes_sense_begins_with_2025_and_ends_with_2099():
    assert [datetime.fromtimestamp(ms / 1000, UTC).isoformat() for ms in (FIRST_SANE_MS, LAST_SANE_MS)] == [
        "2025-01-01T00:00:00+00:00",
        "2100-01-01T00:00:00+00:00",
    ]


def test_nothing_is_known_before_a_welcome():
    clock = LearntClock()
    assert clock.latest_ms(Moment(5, NOON)) is None
    assert clock.surely_ms(Moment(5, NOON)) is None
    assert clock.wall_of(None, Moment(5, NOON)) is None


def test_for_stamps_the_middle_of_the_round_trip_is_taken_and_for_expiry_the_latest_it_can_be():
    clock = LearntClock().learn(NOON, said=1_000, received=1_200)
    now = Moment(1_200, 0)
    assert clock.stamp(now) == (NOON + 100, ClockTrust.SERVER)
    assert clock.latest_ms(now) == NOON + 200
    assert clock.surely_ms(now) == NOON
    assert clock.wall_of(2_200, now) == NOON + 1_100


@pytest.mark.parametrize("trip", [0, 30_000])
def test_a_round_trip_that_is_not_too_long_is_learnt_from(trip):
    assert LearntClock().learn(NOON, 1_000, 1_000 + trip).latest == NOON - 1_000


@pytest.mark.parametrize("trip", [-1, 30_001])
def test_a_round_trip_that_cannot_be_or_is_too_long_teaches_nothing(trip):
    known = LearntClock(1, 2, 2)
    assert known.learn(NOON, 100_000, 100_000 + trip) is known


def test_a_time_past_the_year_2100_teaches_nothing():
    assert LearntClock().learn(LAST_SANE_MS, 0, 0).latest == LAST_SANE_MS
    assert LearntClock().learn(LAST_SANE_MS + 1, 0, 0) == LearntClock()


def test_what_is_surely_past_is_past_by_every_clock_that_the_server_had():
    day = 86_400_000
    clock = LearntClock().learn(NOON, 0, 0).learn(NOON + day, 0, 0)
    assert clock.latest_ms(Moment(7, 0)) == NOON + day + 7
    assert clock.surely_ms(Moment(7, 0)) == NOON + 7
    assert clock.learn(NOON - day, 0, 0).surely_ms(Moment(7, 0)) == NOON - day + 7


@pytest.mark.parametrize(
    ("system_ms", "stamp"),
    [
        (FIRST_SANE_MS, (FIRST_SANE_MS, ClockTrust.SYSTEM)),
        (LAST_SANE_MS, (LAST_SANE_MS, ClockTrust.SYSTEM)),
        (FIRST_SANE_MS - 1, (FIRST_SANE_MS - 1, ClockTrust.NONE)),
        (LAST_SANE_MS + 1, (LAST_SANE_MS + 1, ClockTrust.NONE)),
        (0, (0, ClockTrust.NONE)),
        (-5, (0, ClockTrust.NONE)),
    ],
)
def test_the_systems_own_clock_is_used_as_far_as_it_makes_sense(system_ms, stamp):
    assert LearntClock().stamp(Moment(3, system_ms)) == stamp


def test_no_stamp_is_before_1970():
    clock = LearntClock(middle=-1_000, latest=0, least=0)
    assert clock.stamp(Moment(400, NOON)) == (0, ClockTrust.SERVER)
    assert LearntClock().wall_of(10, Moment(5_000, 100)) == 0
    assert LearntClock().wall_of(10, Moment(9, 100)) == 101
