"""A channel's time is on, off or unknown; it is unknown exactly where nobody can vouch for it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from protocol.messages import EventKind
from server.history.timeline import Heard, Segment, Told, Was, timeline

ON, OFF, UNKNOWN = Was.ON, Was.OFF, Was.UNKNOWN


def switched(at_ms: int, on: bool | None) -> Told:
    return Told(at_ms, EventKind.SWITCHED, mine=True, on=on)


def started(at_ms: int) -> Told:
    return Told(at_ms, EventKind.STARTED, mine=False)


def shape(segments: list[Segment]) -> list[tuple[int, int, Was]]:
    return [(segment.from_ms, segment.to_ms, segment.was) for segment in segments]


def test_switching_divides_the_time():
    found = timeline([switched(10, True), switched(40, False)], [Heard(0, True)], 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 40, ON), (40, 100, OFF)]


def test_a_lost_link_hides_nothing_once_the_journal_is_there():
    heard = [Heard(0, True), Heard(20, False), Heard(80, True)]
    found = timeline([switched(10, True), switched(50, False)], heard, 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 50, ON), (50, 100, OFF)]


def test_a_device_that_is_away_is_unknown_since_it_was_last_heard():
    found = timeline([switched(10, True)], [Heard(0, True), Heard(30, False)], 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 30, ON), (30, 100, UNKNOWN)]


def test_a_power_cut_is_unknown_from_the_last_sign_of_life_until_the_start():
    heard = [Heard(0, True), Heard(30, False), Heard(70, True)]
    found = timeline([switched(10, True), started(69), switched(69, False)], heard, 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 30, ON), (30, 69, UNKNOWN), (69, 100, OFF)]


def test_that_a_device_is_gone_is_noticed_late_and_nobody_vouches_for_it_meanwhile():
    heard = [Heard(0, True), Heard(30, False, last_ms=22), Heard(70, True)]
    found = timeline([switched(10, True), started(69), switched(69, False)], heard, 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 22, ON), (22, 69, UNKNOWN), (69, 100, OFF)]
    assert shape(timeline([switched(10, True)], heard[:2], 0, 100, first=OFF)) == [(0, 10, OFF), (10, 22, ON), (22, 100, UNKNOWN)]


def test_a_lost_link_takes_nothing_away_from_before_it_was_noticed():
    heard = [Heard(0, True), Heard(30, False, last_ms=22), Heard(70, True)]
    assert shape(timeline([switched(10, True), switched(80, False)], heard, 0, 100)) == [
        (0, 10, UNKNOWN),
        (10, 80, ON),
        (80, 100, OFF),
    ]


def test_what_did_not_change_over_a_restart_goes_on_as_it_was():
    heard = [Heard(0, True), Heard(30, False), Heard(40, True)]
    found = timeline([switched(10, True), started(39)], heard, 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 30, ON), (30, 39, UNKNOWN), (39, 100, ON)]


def test_an_event_while_away_is_a_sign_of_life():
    heard = [Heard(0, True), Heard(20, False), Heard(90, True)]
    found = timeline([switched(50, True), started(80), switched(80, False)], heard, 0, 100, first=OFF)
    assert shape(found) == [(0, 50, OFF), (50, 80, UNKNOWN), (80, 100, OFF)]


def test_lost_records_leave_the_time_before_them_unknown():
    lost = Told(60, EventKind.SWITCHED, mine=True, on=False, gap=True)
    found = timeline([switched(10, True), lost], [Heard(0, True)], 0, 100, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 60, UNKNOWN), (60, 100, OFF)]


def test_a_channel_nobody_ever_spoke_of_is_unknown():
    assert shape(timeline([], [], 0, 100)) == [(0, 100, UNKNOWN)]


def test_a_pin_that_cannot_be_read_is_unknown():
    found = timeline([switched(10, True), switched(20, None), switched(30, False)], [Heard(0, True)], 0, 40, first=OFF)
    assert shape(found) == [(0, 10, OFF), (10, 20, ON), (20, 30, UNKNOWN), (30, 40, OFF)]


NEWS = st.one_of(
    st.builds(switched, st.integers(-50, 150), st.sampled_from([True, False, None])),
    st.builds(started, st.integers(-50, 150)),
    st.builds(Heard, st.integers(-50, 150), st.booleans(), st.none() | st.integers(-50, 150)),
)


@given(st.lists(NEWS, max_size=20), st.sampled_from(Was))
def test_segments_cover_the_time_without_gap_or_overlap_whatever_was_told(news, first):
    told = [one for one in news if isinstance(one, Told)]
    heard = [one for one in news if isinstance(one, Heard)]
    segments = timeline(told, heard, 0, 100, first=first)
    assert [segments[0].from_ms, segments[-1].to_ms] == [0, 100]
    assert all(one.to_ms == then.from_ms and one.was is not then.was for one, then in pairwise(segments))
    assert all(segment.from_ms < segment.to_ms for segment in segments)
