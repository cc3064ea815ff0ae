"""A preview drawn."""

from protocol.schedules.preview import Limits, preview
from protocol.schedules.rules import LANG_SON, Rule
from server.schedules.planning import UNKEPT
from server.schedules.schedules import Where
from server.schedules.week import Bar, Mark, week
from tests.protocol.schedules.moments import BERLIN, PUMP, SAIGON, ms, weekly

WHERE = Where("Asia/Ho_Chi_Minh", LANG_SON)


def unkept(which: Rule) -> Rule:
    return which.model_copy(update={"id": UNKEPT})


def drawn(*rules: Rule, since: str = "2026-11-23 12:00", **limits: Limits):
    return week(preview(rules, SAIGON, LANG_SON, limits, ms(since), 2), PUMP, WHERE)


def test_a_day_shows_its_times_on_and_how_much_of_it_is_over():
    today, tomorrow = drawn(unkept(weekly("18:00", for_s=10_800)))
    assert (today.gone, today.bars, today.told) == (50.0, [Bar(75.0, 12.5, own=True)], ["18:00"])
    assert (tomorrow.gone, tomorrow.bars) == (0.0, [Bar(75.0, 12.5, own=True)])


def test_what_goes_over_midnight_is_on_both_days():
    today, tomorrow = drawn(unkept(weekly("18:00", 1, for_s=43_200)))
    assert (today.bars, tomorrow.bars) == ([Bar(75.0, 25.0, own=True)], [Bar(0.0, 25.0, own=True)])


def test_other_rules_are_told_apart():
    today, _ = drawn(unkept(weekly("18:00", for_s=3600)), weekly("20:24", for_s=3600))
    assert [bar.own for bar in today.bars] == [True, False]
    assert today.told == ["18:00"]


def test_switching_off_and_trouble_are_marked():
    today, _ = drawn(weekly("18:00", for_s=3600), unkept(weekly("18:30", on=False)))
    assert today.marks == [Mark(77.08, "off"), Mark(77.08, "trouble")]


def test_a_short_time_can_be_seen():
    today, _ = drawn(unkept(weekly("18:00", for_s=1)))
    assert today.bars == [Bar(75.0, 0.6, own=True)]


def test_many_times_are_counted():
    rules = [unkept(weekly(f"{hour}:00", for_s=60)) for hour in range(13, 20)]
    today, _ = drawn(*rules)
    assert (today.told, today.more) == (["13:00", "14:00", "15:00", "16:00"], 3)


def test_a_day_of_twenty_five_hours_is_as_wide_as_others():
    found = preview([unkept(weekly("23:00", for_s=3600))], BERLIN, LANG_SON, {}, ms("2026-10-25", BERLIN), 1)
    [day] = week(found, PUMP, Where("Europe/Berlin", LANG_SON))
    assert day.bars == [Bar(96.0, 4.0, own=True)]
