"""The coming days, and what speaks against them."""

from protocol.schedules.preview import MOST_RUNS, Finding, Limits, Preview, Span, Trouble, preview
from protocol.schedules.rules import LANG_SON
from tests.protocol.schedules.moments import LAMP, PUMP, SAIGON, ms, rule, weekly

MONDAY = ms("2026-11-23")


def look(*rules, days: int = 1, since: str = "2026-11-23", **limits: Limits) -> Preview:
    named = {name.replace("_", "-"): limit for name, limit in limits.items()}
    return preview(rules, SAIGON, LANG_SON, named, ms(since), days)


def at(time: str) -> int:
    return ms(f"2026-11-23 {time}")


def test_a_preview_ends_with_the_last_of_its_days():
    found = look(weekly("06:00", for_s=1800), days=7, since="2026-11-23 12:00")
    assert (found.since_ms, found.until_ms) == (ms("2026-11-23 12:00"), ms("2026-11-30"))
    assert len(found.runs) == 6


def test_each_time_on_is_a_span():
    found = look(weekly("06:00", for_s=1800), weekly("08:00", number=2), weekly("09:00", number=3, on=False))
    assert found.spans == (
        Span(PUMP, f"{1:016x}", at("06:00"), at("06:30")),
        Span(PUMP, f"{2:016x}", at("08:00"), at("09:00")),
    )
    assert found.findings == ()


def test_what_is_on_already_is_shown_from_the_beginning():
    found = look(weekly("06:00"), weekly("18:00", number=2, on=False), since="2026-11-23 12:00")
    assert found.spans == (Span(PUMP, f"{1:016x}", at("12:00"), at("18:00")),)


def test_what_stays_on_is_shown_until_the_end():
    once = rule(when={"kind": "once", "date": "2026-11-23", "at": "06:00"})
    assert look(once).spans == (Span(PUMP, f"{1:016x}", at("06:00"), ms("2026-11-24")),)


def test_two_rules_that_differ_in_the_same_minute_clash():
    found = look(weekly("06:00", number=1), weekly("06:00", number=2, on=False))
    assert found.findings == (Finding(Trouble.CLASH, at("06:00"), 1, (f"{1:016x}", f"{2:016x}"), (PUMP,)),)


def test_two_rules_that_say_the_same_do_not():
    assert look(weekly("06:00", for_s=60, number=1), weekly("06:00", for_s=60, number=2)).findings == ()


def test_a_rule_that_speaks_into_the_time_of_another_is_told():
    found = look(weekly("06:00", for_s=3600, number=1), weekly("06:30", for_s=3600, number=2), days=3)
    assert found.findings == (Finding(Trouble.OVERLAP, at("06:30"), 3, (f"{1:016x}", f"{2:016x}"), (PUMP,)),)
    assert found.spans[:2] == (
        Span(PUMP, f"{1:016x}", at("06:00"), at("06:30")),
        Span(PUMP, f"{2:016x}", at("06:30"), at("07:30")),
    )


def test_switching_off_what_another_rule_switched_on_for_a_time_is_told():
    found = look(weekly("06:00", for_s=3600, number=1), weekly("06:30", on=False, number=2))
    assert [it.trouble for it in found.findings] == [Trouble.OVERLAP]


def test_switching_off_what_another_rule_switched_on_is_what_pairs_of_rules_are_for():
    assert look(weekly("06:00", number=1), weekly("18:00", on=False, number=2), days=7).findings == ()


def test_a_rule_that_begins_when_another_ends_is_no_trouble():
    assert look(weekly("06:00", for_s=1800, number=1), weekly("06:30", for_s=1800, number=2)).findings == ()


def test_two_of_an_interlock_are_not_on_together():
    both = {PUMP.replace("-", "_"): Limits(interlock="a"), LAMP: Limits(interlock="a")}
    found = look(weekly("06:00", for_s=3600, number=1), weekly("06:30", for_s=3600, number=2, channel=LAMP), **both)
    assert found.findings == (Finding(Trouble.INTERLOCK, at("06:30"), 1, (f"{1:016x}", f"{2:016x}"), (PUMP, LAMP)),)
    assert [span.channel for span in found.spans] == [PUMP]


def test_another_interlock_group_is_another_matter():
    apart = {"may_bom": Limits(interlock="a"), LAMP: Limits(interlock="b")}
    assert look(weekly("06:00", for_s=3600), weekly("06:30", for_s=60, number=2, channel=LAMP), **apart).findings == ()


def test_what_may_not_be_on_for_so_long_is_cut_short():
    found = look(weekly("06:00", for_s=3600), may_bom=Limits(max_on_s=600))
    assert found.findings == (Finding(Trouble.TOO_LONG, at("06:00"), 1, (f"{1:016x}",), (PUMP,), 600),)
    assert found.spans == (Span(PUMP, f"{1:016x}", at("06:00"), at("06:10")),)


def test_what_is_on_without_an_end_is_cut_short_when_its_limit_comes_first():
    pair = weekly("06:00"), weekly("07:00", number=2, on=False)
    assert look(*pair, may_bom=Limits(max_on_s=3600)).findings == (
        Finding(Trouble.TOO_LONG, at("07:00"), 1, (f"{1:016x}",), (PUMP,), 3600),
    )
    assert look(*pair, may_bom=Limits(max_on_s=3601)).findings == ()


def test_the_limit_counts_from_when_it_went_on():
    found = look(weekly("06:00", for_s=600), weekly("06:05", for_s=600, number=2), may_bom=Limits(max_on_s=600))
    assert [span.end_ms for span in found.spans] == [at("06:05"), at("06:10")]


def test_what_has_not_rested_stays_off():
    found = look(weekly("06:00", for_s=600), weekly("06:15", for_s=600, number=2), may_bom=Limits(min_off_s=600))
    assert found.findings == (Finding(Trouble.TOO_SOON, at("06:15"), 1, (f"{2:016x}",), (PUMP,), 600),)
    assert len(found.spans) == 1


def test_troubles_of_the_past_are_not_told():
    assert look(weekly("06:00", for_s=86_399), since="2026-11-23 12:00", may_bom=Limits(max_on_s=600)).findings == ()


def test_very_many_runs_end_a_preview_early_and_it_says_where():
    loop = rule(when={"kind": "loop", "start": "00:00", "end": "00:00", "every_s": 60}, for_s=1)
    found = look(loop, days=7)
    assert len(found.runs) == MOST_RUNS
    assert found.until_ms == MONDAY + MOST_RUNS * 60_000


def test_no_rules_are_no_trouble():
    assert look() == Preview(MONDAY, ms("2026-11-24"), (), (), ())
