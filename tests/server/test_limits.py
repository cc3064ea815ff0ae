"""Too much of one caller is refused with when to come back, and touches nobody else."""

import pytest

from server.errors import Problem
from server.limits import MOST_REMEMBERED, Buckets, Places


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def outcomes(buckets: Buckets, caller: str, times: int) -> list[str | None]:
    """For each try None, or in how many seconds to come back."""
    told: list[str | None] = []
    for _ in range(times):
        try:
            buckets.take(caller)
            told.append(None)
        except Problem as refused:
            told.append(refused.headers["Retry-After"])
    return told


def test_so_many_at_once_and_then_so_many_a_minute() -> None:
    clock = Seconds()
    buckets = Buckets(6, clock)
    assert outcomes(buckets, "lan", 8) == [None] * 6 + ["10", "10"]
    clock.now = 4
    assert outcomes(buckets, "lan", 1) == ["6"]
    clock.now = 10
    assert outcomes(buckets, "lan", 2) == [None, "10"]
    clock.now = 1000
    assert outcomes(buckets, "lan", 7) == [None] * 6 + ["10"]


def test_what_was_begun_is_not_refused_half_way_and_uses_up_all_that_there_is() -> None:
    clock = Seconds()
    buckets = Buckets(6, clock)
    buckets.take("lan", 100)
    assert outcomes(buckets, "lan", 1) == ["10"]
    clock.now = 20
    buckets.take("lan", 1)
    assert outcomes(buckets, "lan", 2) == [None, "10"]


def test_one_who_taps_too_fast_holds_up_nobody_else() -> None:
    buckets = Buckets(2, Seconds())
    assert outcomes(buckets, "lan", 3)[-1] is not None
    assert outcomes(buckets, "minh", 2) == [None, None]


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    clock = Seconds()
    buckets = Buckets(2, clock)
    assert outcomes(buckets, "lan", 1) == [None]
    clock.now = -100
    assert outcomes(buckets, "lan", 2) == [None, "30"]


def test_only_the_callers_of_late_are_remembered() -> None:
    buckets = Buckets(1, Seconds())
    for number in range(MOST_REMEMBERED + 1):
        buckets.take(f"user:{number}")
    assert len(buckets._left) == MOST_REMEMBERED
    assert outcomes(buckets, "user:1", 1) == ["60"]


def test_the_answer_is_a_429_with_a_word() -> None:
    buckets = Buckets(1, Seconds())
    buckets.take("lan")
    with pytest.raises(Problem) as refused:
        buckets.take("lan")
    assert (refused.value.status, refused.value.code, refused.value.headers) == (429, "too_fast", {"Retry-After": "60"})


def test_a_place_that_was_left_is_free_again() -> None:
    places = Places(2)
    with places.taken("lan"), places.taken("lan"), places.taken("minh"):
        with pytest.raises(Problem) as refused:
            places.check("lan")
        assert (refused.value.status, refused.value.code) == (429, "too_many_streams")
    places.check("lan")
    assert not places._taken
