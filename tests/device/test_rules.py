"""The limits of the wiring file, asked one by one."""

import pytest

from device.rules import Output, OutputRule, Refusal, earliest, interlocked, lease, refusal_to_switch_on
from protocol.messages import Reason


@pytest.mark.parametrize(
    ("max_on_ms", "for_s", "on_since", "until", "clamped"),
    [
        (None, None, None, None, False),
        (None, 5, None, 6_000, False),
        (9_000, None, None, 10_000, False),
        (9_000, 5, None, 6_000, False),
        (9_000, 9, None, 10_000, False),
        (9_000, 10, None, 10_000, True),
        (9_000, None, 400, 9_400, False),
        (9_000, 9, 400, 9_400, True),
        (9_000, 1, 0, 2_000, False),
        (None, 5, 0, 6_000, False),
    ],
)
def test_a_lease_is_the_wish_within_the_longest_on_time(max_on_ms, for_s, on_since, until, clamped):
    assert lease(OutputRule("a", max_on_ms=max_on_ms), for_s, 1_000, on_since) == (until, clamped)


def test_the_earliest_of_no_moments_is_never():
    assert earliest(None, None) is None
    assert earliest(3, None, 2) == 2


def test_an_interlock_group_is_the_others_with_its_name():
    a, b, c, d = (OutputRule(name, interlock=group) for name, group in [("a", "x"), ("b", "x"), ("c", "y"), ("d", None)])
    assert interlocked(a, [a, b, c, d]) == [b]
    assert interlocked(c, [a, b, c, d]) == []
    assert interlocked(d, [a, b, c, d, OutputRule("e")]) == []


RULES = {
    "a": OutputRule("a", interlock="x", interlock_pause_ms=300, min_off_ms=1_000),
    "b": OutputRule("b", interlock="x", interlock_pause_ms=500),
    "c": OutputRule("c", interlock="x"),
}
OFF = Output(on=False)


@pytest.mark.parametrize(
    ("a", "b", "c", "refusal"),
    [
        (OFF, OFF, OFF, None),
        (Output(on=True, off_since=2_000), Output(on=True), OFF, None),
        (Output(on=False, off_since=1_001), OFF, OFF, Refusal(Reason.TOO_SOON, 1)),
        (Output(on=False, off_since=1_000), OFF, OFF, None),
        (Output(on=None, off_since=1_500), OFF, OFF, Refusal(Reason.TOO_SOON, 500)),
        (OFF, Output(on=True), OFF, Refusal(Reason.INTERLOCK)),
        (OFF, OFF, Output(on=None), Refusal(Reason.INTERLOCK)),
        (OFF, Output(on=False, off_since=1_501), OFF, Refusal(Reason.INTERLOCK, 1)),
        (OFF, Output(on=False, off_since=1_500), OFF, None),
        (OFF, Output(on=False, off_since=1_600), Output(on=False, off_since=1_900), Refusal(Reason.INTERLOCK, 200)),
        (OFF, Output(on=False, off_since=1_900), Output(on=False, off_since=1_900), Refusal(Reason.INTERLOCK, 400)),
    ],
)
def test_what_speaks_against_switching_on(a, b, c, refusal):
    assert refusal_to_switch_on("a", RULES, {"a": a, "b": b, "c": c}, 2_000) == refusal
