"""From what was typed to a rule and back, and what is wrong beside each field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.schedules.form import KINDS, Typed, read, typed_from, typed_of
from tests.protocol.schedules.moments import rule, weekly

DEVICE = "d" * 16
BLANK = Typed(thing=f"{DEVICE}/may-bom", date="2026-11-23")


def typed(**fields) -> Typed:
    return typed_of({name: [text] if isinstance(text, str) else list(text) for name, text in fields.items()}, BLANK, sent=True)


def wrong(**fields) -> dict[str, str]:
    found = read(typed(**{"days": "1", **fields}))
    assert found.deed is None
    return dict(found.wrong)


RULES = [
    weekly("06:00", 1, 3, 5, for_s=1800),
    weekly("06:00", on=False, missed="late", late_s=3600),
    weekly("06:00", 7, missed="restore"),
    rule(when={"kind": "sun", "event": "sunset", "offset_s": 900}, for_s=45),
    rule(when={"kind": "sun", "event": "sunrise", "offset_s": -14_400, "days": [2]}),
    rule(when={"kind": "sun", "event": "sunrise", "offset_s": 0}),
    rule(when={"kind": "loop", "start": "22:00", "end": "02:00", "every_s": 5400}, for_s=5399),
    rule(when={"kind": "once", "date": "2026-11-23", "at": "23:59"}, for_s=604_800),
]


@pytest.mark.parametrize("which", RULES, ids=lambda which: which.when.kind)
def test_a_rule_comes_back_from_its_own_form_as_it_was(which):
    found = read(typed_from(which, DEVICE, "Tưới", BLANK))
    assert dict(found.wrong) == {}
    assert found.deed is not None
    assert (found.deed.model_dump(), found.name) == (which.model_dump(exclude={"id"}), "Tưới")


def test_a_form_that_only_begins_is_filled_with_what_is_usual():
    assert typed_of({}, BLANK, sent=False) == BLANK
    assert read(BLANK).deed is not None


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"days": ()}, {"days": "days"}),
        ({"at": ""}, {"at": "time"}),
        ({"at": "25:00"}, {"at": "time"}),
        ({"at": "٠٦:٠٠"}, {"at": "time"}),
        ({"n": ""}, {"n": "number"}),
        ({"n": "-5"}, {"n": "number"}),
        ({"n": "1.5"}, {"n": "number"}),
        ({"n": "0"}, {"n": "n_range"}),
        ({"n": "169", "unit": "h"}, {"n": "n_range"}),
        ({"do": "toggle"}, {"do": "choose"}),
        ({"missed": "late", "late": "0"}, {"late": "late_range"}),
        ({"missed": "late", "late": "soon"}, {"late": "number"}),
        ({"missed": "never"}, {"missed": "choose"}),
        ({"kind": "sun", "event": "noon"}, {"event": "choose"}),
        ({"kind": "sun", "side": "before", "offset": "241"}, {"offset": "offset_range"}),
        ({"kind": "loop", "start": "x", "end": "y"}, {"start": "time", "end": "time"}),
        ({"kind": "loop", "every": "0"}, {"every": "every_range", "n": "too_long_for_loop"}),
        ({"kind": "loop", "every": "30", "every_unit": "min", "n": "30"}, {"n": "too_long_for_loop"}),
        ({"kind": "once", "date": "2026-02-29"}, {"date": "date"}),
        ({"kind": "once", "date": "1999-01-01"}, {"date": "date"}),
        ({"name": "a\u202eb"}, {"name": "name"}),
        ({"name": "x" * 81}, {"name": "name"}),
        ({"thing": f"{DEVICE}/Máy bơm"}, {"thing": "other"}),
        ({"thing": ""}, {"thing": "other"}),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(fields, faults):
    assert wrong(**fields) == faults


def test_what_another_kind_asks_for_does_not_matter():
    assert read(typed(kind="weekly", days="1", start="nonsense", every="nonsense", date="nonsense", offset="nonsense")).deed


def test_a_kind_that_there_is_not_is_the_usual_one():
    assert typed(kind="monthly").kind == "weekly"


@given(
    st.dictionaries(st.sampled_from(sorted(Typed.__dataclass_fields__)), st.lists(st.text(max_size=12), max_size=3)),
    st.booleans(),
)
def test_whatever_is_typed_is_read_or_refused_and_kept_as_it_was(values, sent):
    found = read(typed_of(values, BLANK, sent=sent))
    assert (found.deed is None) == bool(found.wrong)
    assert found.typed.kind in KINDS
