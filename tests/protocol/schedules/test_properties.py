"""What must hold of any rule, in zones with every kind of summer time."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.schedules.local import day_of, moment_ms
from protocol.schedules.rules import LANG_SON, Loop, Once, Rule, Sun, Weekly
from protocol.schedules.runs import Run, last_run, next_run, runs
from tests.protocol.schedules.moments import APIA, BERLIN, SAIGON, SAO_PAULO, rule

ZONES = st.sampled_from([SAIGON, BERLIN, SAO_PAULO, APIA])
DAY_MS = 86_400_000
TIMES = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
DAYS = st.sets(st.integers(1, 7), min_size=1).map(lambda days: tuple(sorted(days)))
# all changes of these zones that are odd lie between these: Samoa's lost day, São Paulo's midnights
MOMENTS = st.integers(1_199_145_600, 1_577_836_800).map(lambda at_s: at_s * 1000)
NEAR_ODD = st.sampled_from(["2011-12-30", "2018-11-04", "2018-02-17", "2016-03-27", "2016-10-30"]).map(
    lambda day: int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) * 1000
)
SINCE = st.one_of(MOMENTS, st.tuples(NEAR_ODD, st.integers(-3 * DAY_MS, DAY_MS)).map(sum))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    kind = draw(st.sampled_from(["weekly", "sun", "loop", "once"]))
    days = {"days": draw(DAYS)}
    match kind:
        case "weekly":
            return rule(when={"kind": kind, "at": draw(TIMES), **days})
        case "sun":
            event, offset_s = draw(st.sampled_from(["sunrise", "sunset"])), draw(st.integers(-240, 240)) * 60
            return rule(when={"kind": kind, "event": event, "offset_s": offset_s, **days})
        case "loop":
            every_s = draw(st.integers(20, 1440)) * 60
            when = {"kind": kind, "start": draw(TIMES), "end": draw(TIMES), "every_s": every_s, **days}
            return rule(when=when, for_s=draw(st.integers(1, every_s - 1)))
        case _:
            day = date(2008, 1, 1) + timedelta(days=draw(st.integers(0, 4383)))
            return rule(when={"kind": "once", "date": day.isoformat(), "at": draw(TIMES)})


def found(which: Rule, zone, since: int, until: int) -> list[Run]:
    return list(runs(which, zone, LANG_SON, since, until))


@given(rules(), ZONES, SINCE, st.integers(0, 15 * DAY_MS))
@settings(max_examples=150, deadline=None)
def test_runs_ascend_and_lie_in_their_interval(which: Rule, zone, since: int, length: int):
    at = [run.at_ms for run in found(which, zone, since, since + length)]
    assert at == sorted(set(at))
    assert all(since <= it < since + length for it in at)


@given(rules(), ZONES, SINCE, st.integers(0, 15 * DAY_MS), st.integers(0, 15 * DAY_MS))
@settings(max_examples=150, deadline=None)
def test_an_interval_in_two_parts_has_the_same_runs(which: Rule, zone, since: int, first: int, second: int):
    middle, until = since + first, since + first + second
    assert found(which, zone, since, middle) + found(which, zone, middle, until) == found(which, zone, since, until)


@given(rules(), ZONES, SINCE)
@settings(max_examples=150, deadline=None)
def test_every_run_lies_on_its_day_and_in_its_window(which: Rule, zone, since: int):
    """Or at the moment when the clock jumped over where it should have been."""
    for run in found(which, zone, since, since + 10 * DAY_MS):
        day, when = day_of(run.at_ms, zone), which.when
        match when:
            case Weekly():
                assert day.isoweekday() in when.days
                assert run.at_ms == moment_ms(day, when.at, zone)
            case Once():
                assert (day.isoformat(), run.at_ms) == (when.date, moment_ms(day, when.at, zone))
            case Sun():
                assert day_of(run.at_ms - when.offset_s * 1000, zone).isoweekday() in when.days
            case Loop():
                assert any(in_window(run, when, begun, zone) for begun in (day, day - timedelta(days=1)))


def in_window(run: Run, loop: Loop, begun: date, zone) -> bool:
    last = begun if loop.end > loop.start else begun + timedelta(days=1)
    start, end = moment_ms(begun, loop.start, zone), moment_ms(last, loop.end, zone)
    assert run.for_s is not None
    inside = start <= run.at_ms and run.at_ms + run.for_s * 1000 <= end and (run.at_ms - start) % (loop.every_s * 1000) == 0
    return inside and begun.isoweekday() in loop.days


@given(rules(), ZONES, SINCE)
@settings(max_examples=100, deadline=None)
def test_the_next_and_the_last_run_are_those_of_the_list(which: Rule, zone, now: int):
    further = found(which, zone, now, now + 20 * DAY_MS)
    before = found(which, zone, now - 20 * DAY_MS, now + 1)
    after, last = next_run(which, zone, LANG_SON, now), last_run(which, zone, LANG_SON, now)
    if not isinstance(which.when, Once):
        assert after == further[0]
        assert last == before[-1]
    else:
        assert [run for run in (after, last) if run] == [*further, *before][:1] or not (further or before)


@given(TIMES, ZONES, SINCE)
@settings(max_examples=150, deadline=None)
def test_a_daily_rule_acts_once_a_day_however_the_clock_is_changed(at: str, zone, since: int):
    first = moment_ms(day_of(since, zone), "00:00", zone)
    last = moment_ms(day_of(since + 10 * DAY_MS, zone), "00:00", zone)
    run_days = [day_of(run.at_ms, zone) for run in found(rule(when={"kind": "weekly", "at": at}), zone, first, last)]
    lived = {day_of(first + hour * 3_600_000, zone) for hour in range((last - first) // 3_600_000)}
    assert run_days == sorted(lived)
