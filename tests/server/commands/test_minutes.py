"""Minutes that people type, and the times that they may choose from."""

import pytest

from protocol.messages import LONGEST_LEASE_S
from server.commands.minutes import WrongMinutes, choices_s, longest_s, read_minutes
from tests.server.web.typed_minutes import MOST_S, TYPED


@pytest.mark.parametrize(("typed", "read"), TYPED.items())
def test_minutes_are_read_as_people_write_them(typed: str, read: int | str):
    assert read_minutes(typed, MOST_S) == read


def test_the_words_for_what_is_wrong_are_all_tried():
    assert set(WrongMinutes) <= set(TYPED.values())


@pytest.mark.parametrize(
    ("device", "guest", "most"), [(None, None, LONGEST_LEASE_S), (600, None, 600), (600, 60, 60), (None, 60, 60), (60, 600, 60)]
)
def test_the_shorter_of_the_device_s_limit_and_the_guest_s_holds(device: int | None, guest: int | None, most: int):
    assert longest_s(device, guest) == most


@pytest.mark.parametrize(
    ("most", "choices"), [(LONGEST_LEASE_S, [300, 600, 900, 1800, 3600, 7200]), (900, [300, 600, 900]), (299, [299]), (20, [20])]
)
def test_no_time_is_offered_that_is_too_long_and_one_always_is(most: int, choices: list[int]):
    assert choices_s(most) == choices
