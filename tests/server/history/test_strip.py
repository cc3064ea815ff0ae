"""What is drawn of a day is what was: however short, and never more certain than it is."""

import pytest

from server.history.strip import SLOTS, Mark, Run, Strip
from server.history.timeline import Was

SLOT = 1 / SLOTS


def drawn(*times: tuple[float, float, Was]) -> list[tuple[int, int, Mark]]:
    strip = Strip()
    for begin, end, was in times:
        strip.mark(begin * SLOT, end * SLOT, was)
    return [(run.at, run.length, run.mark) for run in strip.runs()]


@pytest.mark.parametrize("was", [Was.ON, Was.UNKNOWN])
def test_a_moment_is_seen(was: Was):
    assert drawn((10.2, 10.3, was)) == [(10, 1, Mark[was.name])]


def test_what_was_off_is_not_drawn():
    assert drawn((0, SLOTS, Was.OFF)) == []


def test_a_time_fills_its_slots():
    assert drawn((10, 20, Was.ON), (20, 30, Was.OFF)) == [(10, 10, Mark.ON)]


def test_two_times_on_in_one_slot_are_shown_as_switching_often():
    assert drawn((10, 12.3, Was.ON), (12.3, 12.6, Was.OFF), (12.6, 15, Was.ON)) == [
        (10, 2, Mark.ON),
        (12, 1, Mark.OFTEN),
        (13, 2, Mark.ON),
    ]


@pytest.mark.parametrize("times", [((10, 12.5, Was.ON), (12.5, 14, Was.UNKNOWN)), ((10, 12.5, Was.UNKNOWN), (12.5, 14, Was.ON))])
def test_a_slot_with_anything_unknown_is_unknown(times):
    assert (12, Mark.UNKNOWN) in [(at, mark) for first, length, mark in drawn(*times) for at in range(first, first + length)]


def test_the_end_of_the_day_stays_inside():
    assert drawn((SLOTS, SLOTS, Was.ON)) == [(SLOTS - 1, 1, Mark.ON)]


def test_a_channel_that_switches_all_day_draws_one_run():
    strip = Strip()
    for nth in range(8640):
        strip.mark(nth / 8640, (nth + 0.5) / 8640, Was.ON)
    assert strip.runs() == [Run(0, SLOTS, Mark.OFTEN)]
