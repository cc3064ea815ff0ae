"""What may stand in a rule."""

import pytest
from pydantic import ValidationError

from protocol.schedules.rules import EVERY_DAY, Deed, Place
from tests.protocol.schedules.moments import rule, weekly

AT_SIX = {"kind": "weekly", "at": "06:00"}
LOOP = {"kind": "loop", "start": "06:00", "end": "18:00", "every_s": 7200}


def test_a_rule_without_days_holds_every_day():
    assert weekly("06:00").when.days == EVERY_DAY  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fields",
    [
        {"when": AT_SIX, "on": False, "for_s": 60},
        {"when": AT_SIX, "for_s": 0},
        {"when": AT_SIX, "for_s": 7 * 86_400 + 1},
        {"when": AT_SIX, "for_s": 1.5},
        {"when": AT_SIX, "on": "true"},
        {"when": AT_SIX, "missed": "late"},
        {"when": AT_SIX, "missed": "skip", "late_s": 60},
        {"when": AT_SIX, "missed": "later"},
        {"when": AT_SIX, "channel": "Máy bơm"},
        {"when": AT_SIX, "unheard_of": 1},
        {"when": {**AT_SIX, "except": "2026-12-25"}},
        {"when": {**AT_SIX, "days": []}},
        {"when": {**AT_SIX, "days": [0]}},
        {"when": {**AT_SIX, "days": [8]}},
        {"when": {**AT_SIX, "days": [2, 1]}},
        {"when": {**AT_SIX, "days": [1, 1]}},
        {"when": {**AT_SIX, "days": [True]}},
        {"when": {**AT_SIX, "at": "6:00"}},
        {"when": {**AT_SIX, "at": "24:00"}},
        {"when": {**AT_SIX, "at": "06:60"}},
        {"when": {**AT_SIX, "at": "06:00\n"}},
        {"when": {"kind": "monthly"}},
        {"when": {"kind": "sun", "event": "noon"}},
        {"when": {"kind": "sun", "event": "sunset", "offset_s": 90}},
        {"when": {"kind": "sun", "event": "sunset", "offset_s": 14_460}},
        {"when": {"kind": "once", "date": "2026-02-29", "at": "06:00"}},
        {"when": {"kind": "once", "date": "1999-12-31", "at": "06:00"}},
        {"when": {"kind": "once", "date": "20261123", "at": "06:00"}},
        {"when": LOOP},
        {"when": LOOP, "for_s": 7200},
        {"when": LOOP, "on": False},
        {"when": {**LOOP, "every_s": 59}, "for_s": 1},
        {"when": {**LOOP, "every_s": 90}, "for_s": 1},
        {"when": {**LOOP, "every_s": 86_460}, "for_s": 1},
    ],
)
def test_what_makes_no_sense_is_refused(fields):
    with pytest.raises(ValidationError):
        rule(**fields)


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0.0), (0.0, -180.1), (float("nan"), 0.0), ("1", 0.0)])
def test_a_place_is_on_earth(latitude, longitude):
    with pytest.raises(ValidationError):
        Place(latitude=latitude, longitude=longitude)


def test_a_rule_is_read_as_it_was_written():
    told = rule(when=LOOP, for_s=600, missed="late", late_s=1200)
    assert type(told).model_validate_json(told.model_dump_json(exclude_none=True)) == told
    assert "id" not in Deed.model_fields
