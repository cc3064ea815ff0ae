"""The clock has a name for as long as nobody sets it."""

from itertools import count

import pytest

from server.clock import SET_MS, ClockName, now_ms, running_ms

DAY = 86_400_000


class Clocks:
    """A wall clock and how long the machine has run, both in ms."""

    def __init__(self) -> None:
        self.wall, self.run = 1_790_000_000_000, 5_000
        numbers = count(1)
        self.name = ClockName(lambda: self.wall, lambda: self.run, lambda: f"{next(numbers):016x}")

    def names_after(self, *, run: int = 0, wall: int = 0) -> int:
        self.run += run
        self.wall += wall
        return int(self.name(), 16)


def test_the_name_lasts_for_as_long_as_both_clocks_go_on_together():
    clocks = Clocks()
    assert [clocks.names_after(run=ms, wall=ms) for ms in (0, 1, DAY, 40 * DAY)] == [1, 1, 1, 1]


@pytest.mark.parametrize("by_ms", [SET_MS + 1, -SET_MS - 1, DAY, -DAY])
def test_a_clock_that_was_set_has_another_name_and_keeps_that(by_ms):
    clocks = Clocks()
    assert [clocks.names_after(run=DAY, wall=DAY + by_ms), clocks.names_after(), clocks.names_after(wall=-by_ms)] == [2, 2, 3]


@pytest.mark.parametrize("by_ms", [SET_MS, -SET_MS])
def test_what_passes_between_two_readings_is_no_setting(by_ms):
    clocks = Clocks()
    assert clocks.names_after(run=DAY, wall=DAY + by_ms) == 1


def test_a_clock_that_is_set_little_by_little_gets_another_name_too():
    clocks = Clocks()
    assert [clocks.names_after(run=1_000, wall=1_000 + 20) for _ in range(6)] == [1, 1, 2, 2, 2, 3]


def test_the_machines_own_clocks_keep_their_name():
    name = ClockName(now_ms)
    assert name() == name()
    assert running_ms() > 0
