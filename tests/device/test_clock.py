"""The device's idea of the time is the server's, and errs to the safe side."""

from datetime import UTC, datetime

import pytest

from device.clock import FIRST_SANE_MS, KEPT_MS, LAST_SANE_MS, Learnt, LearntClock, Moment, Window
from protocol.messages import ClockTrust

NOON = 1_790_000_000_000
QUARTZ = "c" * 16


def told(
    *,
    server_ms: int = NOON,
    name: str | None = QUARTZ,
    said: int,
    received: int,
    slewed: int = 0,
    before: LearntClock | None = None,
):
    return (before or LearntClock()).learn(server_ms, name, said, Moment(received, 0, slewed))


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
    clock = told(said=1_000, received=1_200)
    now = Moment(1_200, 0)
    assert clock.stamp(now) == (NOON + 100, ClockTrust.SERVER)
    assert clock.latest_ms(now) == NOON + 200
    assert clock.surely_ms(now) == NOON
    assert clock.wall_of(2_200, now) == NOON + 1_100


@pytest.mark.parametrize("trip", [0, 30_000])
def test_a_round_trip_that_is_not_too_long_is_learnt_from(trip):
    assert told(said=1_000, received=1_000 + trip).latest == NOON - 1_000


@pytest.mark.parametrize("trip", [-1, 30_001])
def test_a_round_trip_that_cannot_be_or_is_too_long_teaches_nothing(trip):
    known = LearntClock(Learnt(Window(1, 2), QUARTZ, Moment(3, 0)), 1)
    assert told(said=100_000, received=100_000 + trip, before=known) is known


def test_a_time_past_the_year_2100_teaches_nothing():
    assert told(server_ms=LAST_SANE_MS, said=0, received=0).latest == LAST_SANE_MS
    assert told(server_ms=LAST_SANE_MS + 1, said=0, received=0) == LearntClock()


def test_what_is_surely_past_is_past_by_every_clock_that_the_server_had():
    day = 86_400_000
    clock = told(server_ms=NOON + day, said=0, received=0, before=told(said=0, received=0))
    assert clock.latest_ms(Moment(7, 0)) == NOON + day + 7
    assert clock.surely_ms(Moment(7, 0)) == NOON + 7
    assert told(server_ms=NOON - day, said=0, received=0, before=clock).surely_ms(Moment(7, 0)) == NOON - day + 7


QUICK = told(said=1_000, received=1_100)
"""T + 100 ms at most, when it is received; what is told at 10,000 is NOON + 9,000 at the earliest and NOON + 8,900 at the latest."""


@pytest.mark.parametrize(
    ("server_ms", "said", "received"),
    [
        (NOON + 8_950, 9_000, 12_000),  # anywhere between the two
        (NOON + 8_900, 9_900, 10_000),  # as quick, and says the same
        (NOON + 8_900, 9_899, 10_000),
        (NOON + 8_900, 9_900, 10_001),
    ],
)
def test_a_slower_answer_takes_nothing_from_what_is_known_while_nobody_has_set_the_servers_clock(server_ms, said, received):
    assert told(server_ms=server_ms, said=said, received=received, before=QUICK) is QUICK


@pytest.mark.parametrize(
    ("server_ms", "said", "received"),
    [
        (NOON + 8_900, 9_901, 10_001),  # the latest that it can be is sooner
        (NOON + 8_901, 9_901, 10_000),  # the earliest that it can be is later
        (NOON + 60_000, 9_000, 12_000),  # neither can be
    ],
)
def test_an_answer_that_tells_the_time_better_or_otherwise_is_believed(server_ms, said, received):
    clock = told(server_ms=server_ms, said=said, received=received, before=QUICK)
    assert clock.known == Learnt(Window(server_ms - received, server_ms - said), QUARTZ, Moment(received, 0))


@pytest.mark.parametrize(("before", "now"), [(QUARTZ, "d" * 16), (None, None), (QUARTZ, None), (None, QUARTZ)])
def test_a_clock_that_was_set_or_has_no_name_is_learnt_anew_from_each_answer(before, now):
    quick = told(name=before, said=1_000, received=1_100)
    clock = told(server_ms=NOON + 8_950, name=now, said=9_000, received=12_000, before=quick)
    assert clock == LearntClock(Learnt(Window(NOON - 3_050, NOON - 50), now, Moment(12_000, 0)), NOON - 3_050)


@pytest.mark.parametrize(("after_ms", "kept"), [(KEPT_MS - 1, True), (KEPT_MS, False)])
def test_what_was_learnt_is_kept_for_less_than_half_an_hour(after_ms, kept):
    received = 1_100 + after_ms
    clock = told(server_ms=NOON + after_ms, said=received - 5_000, received=received, before=QUICK)
    assert (clock is QUICK) is kept


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


@pytest.mark.parametrize(("slewed", "kept"), [(50, True), (51, False), (-50, True), (-51, False)])
def test_what_was_learnt_is_kept_while_nobody_has_slewed_the_machines_own_clock(slewed, kept):
    quick = told(said=1_000, received=1_100, slewed=700)
    clock = told(server_ms=NOON + 8_950, said=9_000, received=12_000, slewed=700 + slewed, before=quick)
    assert (clock is quick) is kept


def test_half_an_hour_is_how_long_a_time_is_kept():
    assert KEPT_MS == 1_800_000


def test_no_stamp_is_before_1970():
    clock = LearntClock(Learnt(Window(-1_500, -500), QUARTZ, Moment(0, 0)), -1_500)
    assert clock.stamp(Moment(400, NOON)) == (0, ClockTrust.SERVER)
    assert LearntClock().wall_of(10, Moment(5_000, 100)) == 0
    assert LearntClock().wall_of(10, Moment(9, 100)) == 101
