"""The sun's times against the almanac's."""

from datetime import date, timedelta

import pytest

from protocol.schedules.rules import LANG_SON
from protocol.schedules.sun import sun_ms
from tests.protocol.schedules.almanac import almanac
from tests.protocol.schedules.moments import SAIGON, ms, said


def test_the_almanac_here_gives_its_own_worked_example():
    """Wayne, New Jersey, on 1990-06-25: the sun rises at 5:26 of a clock four hours behind UTC."""
    at = almanac("sunrise", date(1990, 6, 25), 40.9, -74.3, -4)
    assert (at - timedelta(hours=4)).strftime("%H:%M") == "05:26"


@pytest.mark.parametrize(
    ("day", "sunrise", "sunset"),
    [
        ("2026-03-20", "05:58", "18:04"),
        ("2026-06-21", "05:10", "18:39"),
        ("2026-09-23", "05:42", "17:49"),
        ("2026-12-22", "06:27", "17:15"),
    ],
)
def test_at_the_turns_of_the_year_lang_son_agrees_with_the_almanac_within_two_minutes(day, sunrise, sunset):
    """Worked out by the almanac's method, for 21.85 N, 106.76 E, at the clock of Vietnam."""
    for event, time in (("sunrise", sunrise), ("sunset", sunset)):
        at_ms = sun_ms(event, date.fromisoformat(day), SAIGON, LANG_SON)
        assert at_ms is not None
        assert abs(at_ms - ms(f"{day} {time}")) <= 120_000


@pytest.mark.parametrize("event", ["sunrise", "sunset"])
def test_on_every_day_of_a_year_lang_son_agrees_with_the_almanac_within_two_minutes(event):
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    far = []
    for day in days:
        at_ms = sun_ms(event, day, SAIGON, LANG_SON)
        expected = almanac(event, day, LANG_SON.latitude, LANG_SON.longitude, 7)
        if at_ms is None or abs(at_ms / 1000 - expected.timestamp()) > 120:
            far.append((day, at_ms, expected))
    assert far == []


@pytest.mark.parametrize("event", ["sunrise", "sunset"])
def test_each_day_has_its_own(event):
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    found = [sun_ms(event, day, SAIGON, LANG_SON) for day in days]
    assert [said(at_ms)[4:14] for at_ms in found if at_ms] == [day.isoformat() for day in days]
