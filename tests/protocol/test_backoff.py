"""How long to wait before the next try: full jitter, a cap, and no haste after a short connection."""

import random

from hypothesis import given
from hypothesis import strategies as st

from protocol.backoff import Backoff


def highest(_low: float, high: float) -> float:
    return high


def test_the_ceiling_doubles_up_to_the_cap():
    backoff = Backoff(highest, first_s=1, cap_s=60)
    assert [backoff.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_the_jitter_is_full():
    asked: list[tuple[float, float]] = []
    backoff = Backoff(lambda low, high: asked.append((low, high)) or low)
    assert [backoff.next_s() for _ in range(3)] == [0, 0, 0]
    assert asked == [(0, 1), (0, 2), (0, 4)]


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_a_delay_is_never_negative_and_never_over_the_cap(seed: int, tries: int):
    backoff = Backoff(random.Random(seed).uniform, first_s=0.5, cap_s=30)
    assert all(0 <= backoff.next_s() <= 30 for _ in range(tries))


def test_it_stays_at_the_cap_after_any_number_of_failures():
    backoff = Backoff(highest, cap_s=60, failures=100_000)
    assert backoff.next_s() == 60


def test_a_short_connection_does_not_make_the_next_try_sooner():
    backoff = Backoff(highest, stable_s=120)
    for _ in range(3):
        backoff.next_s()
    backoff.was_up(for_s=119.9)
    assert backoff.next_s() == 8


def test_after_a_stable_connection_it_begins_anew():
    backoff = Backoff(highest, stable_s=120)
    for _ in range(3):
        backoff.next_s()
    backoff.was_up(for_s=120)
    assert [backoff.next_s(), backoff.next_s()] == [1, 2]


def test_a_village_that_comes_back_at_once_is_spread():
    delays = sorted(Backoff(random.Random(seed).uniform, first_s=8).next_s() for seed in range(1_000))
    seconds = [sum(second <= delay < second + 1 for delay in delays) for second in range(8)]
    assert sum(seconds) == 1_000
    assert max(seconds) < 2 * min(seconds)
