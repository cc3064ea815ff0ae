"""When it is told that a device is away and that it is back: whole histories, and however a link flaps."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.devices.state import DevicePresence
from server.notify.kinds import Message, What
from server.notify.outages import Outage, Outages

AWAY_MS, BACK_MS = 120_000, 60_000
DEVICE = "d" * 16
ON, OFF, UNKNOWN = DevicePresence.ONLINE, DevicePresence.OFFLINE, DevicePresence.UNKNOWN
Step = tuple[int, DevicePresence]


def told(*steps: Step, until_s: int = 100_000, outages: Outages | None = None) -> list[tuple[int, str, int]]:
    """The history: at which second what is told, and since when the device was away."""
    outages = outages or Outages(AWAY_MS, BACK_MS)
    messages: list[Message] = []
    at_s = 0
    for after_s, presence in steps:
        for second in range(at_s + 1, at_s + after_s):
            messages += outages.advance(second * 1000)
        at_s += after_s
        messages += outages.hear(DEVICE, presence, at_s * 1000)
    messages += outages.advance(until_s * 1000)
    return [(it.at_ms // 1000, str(it.what), it.facts["since_ms"] // 1000) for it in messages]


@pytest.mark.parametrize(
    ("steps", "history"),
    [
        ([(10, OFF)], [(130, "away", 10)]),
        ([(10, OFF), (119, ON)], []),
        ([(10, OFF), (300, ON)], [(130, "away", 10), (310, "back", 10)]),
        ([(10, OFF), (300, ON), (59, OFF), (10, ON)], [(130, "away", 10), (379, "back", 10)]),
        ([(10, OFF), (300, ON), (60, OFF), (10, ON)], [(130, "away", 10), (310, "back", 10)]),
        ([(10, OFF), (70, ON), (5, OFF), (70, ON)], [(135, "away", 10), (155, "back", 10)]),
        ([(10, OFF), (5, ON), (50, OFF), (5, ON), (50, OFF), (5, ON)], []),
        ([(10, OFF), (60, UNKNOWN), (9_000, OFF), (30, ON)], []),
        ([(10, OFF), (60, UNKNOWN), (9_000, OFF), (60, ON)], [(9_130, "away", 10), (9_130, "back", 10)]),
        ([(10, ON), (10, UNKNOWN), (10, OFF), (10, ON)], []),
    ],
    ids=[
        *(
            "told once it was away for long",
            "too short to tell",
            "away and back",
            "a short return is none",
            "a second, short one",
        ),
        *(
            "short returns are left out",
            "each too short and all together too",
            "what nobody knows does not count",
            "but what was before",
        ),
        "well all the time",
    ],
)
def test_the_history_of_a_link_is_told_so(steps: list[Step], history: list[tuple[int, str, int]]) -> None:
    assert told(*steps) == history


def test_what_was_told_before_a_restart_is_not_told_again_and_its_end_is() -> None:
    outages = Outages(AWAY_MS, BACK_MS)
    outages.resume(DEVICE, Outage(5_000, gone_ms=50_000, told=True))
    assert told((1_000, ON), outages=outages) == [(1_000, "back", 5)]


def test_an_outage_that_began_before_a_restart_is_told_from_when_it_began() -> None:
    outages = Outages(AWAY_MS, BACK_MS)
    outages.resume(DEVICE, Outage(5_000, gone_ms=50_000))
    assert told(outages=outages) == [(170, "away", 5)]


def test_each_device_is_told_of_for_itself() -> None:
    outages = Outages(AWAY_MS, BACK_MS)
    assert outages.hear("a" * 16, OFF, 0) == outages.hear("b" * 16, OFF, 60_000) == []
    assert [it.device_id for it in outages.advance(130_000)] == ["a" * 16]
    assert [it.device_id for it in outages.advance(190_000)] == ["b" * 16]


STEPS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([ON, OFF, UNKNOWN])), max_size=40)


def stays(steps: list[Step]) -> int:
    """How often the device stayed for BACK_MS in a row after it had been away: real ends of outages."""
    count, away, at_s = 0, False, 0
    times: list[tuple[int, DevicePresence]] = []
    for after_s, presence in steps:
        at_s += after_s
        if not times or times[-1][1] is not presence:
            times.append((at_s, presence))
    for (start_s, presence), (end_s, _) in pairwise([*times, (100_000, OFF)]):
        away = away or presence is OFF
        if presence is ON and away and (end_s - start_s) * 1000 >= BACK_MS:
            count, away = count + 1, False
    return count


@given(STEPS)
def test_however_a_link_flaps_each_real_outage_is_told_at_most_once_and_ends_at_most_once(steps: list[Step]) -> None:
    history = told(*steps)
    whats = [what for _, what, _ in history]
    assert all(pair == (What.AWAY, What.BACK) or pair == (What.BACK, What.AWAY) for pair in pairwise(whats))
    assert whats[:1] in ([], [What.AWAY])
    assert whats.count("back") <= stays(steps)
    assert whats.count("away") <= stays(steps) + 1
    assert len({since for _, what, since in history if what == "away"}) == whats.count("away")


@given(STEPS)
def test_nothing_is_told_of_a_device_that_was_never_away_for_long_in_all(steps: list[Step]) -> None:
    at_s, away_s, gone = 0, 0, None
    for after_s, presence in [*steps, (1, ON)]:
        at_s += after_s
        if gone is not None:
            away_s += at_s - gone
        gone = at_s if presence is OFF else None
    if away_s * 1000 < AWAY_MS:
        assert told(*steps, (1, ON)) == []
