"""The chain: whoever changes a row, takes one away or moves one is found, and none who lacks the key can make one that fits."""

from dataclasses import replace

import pytest

from server.audit.chain import START, Entry, Fault, Link, faults, link_after, row_of
from server.audit.models import AuditRow

KEY = b"k" * 32
OTHER_KEY = b"o" * 32


def told(number: int) -> Entry:
    return Entry(1000 + number, "user:lan", "192.0.2.1", "POST /x/{x_id}", 200, None, "s1", f'{{"x_id":"{number}"}}')


def chain(length: int, key: bytes = KEY, after: Link = START) -> list[AuditRow]:
    rows = []
    for number in range(after.seq + 1, after.seq + length + 1):
        after = link_after(key, after, told(number))
        rows.append(AuditRow(**row_of(after, told(number))))
    return rows


def found(rows: list[AuditRow], *known: Link, after: Link = START) -> list[Fault]:
    return list(faults(KEY, after, rows, known))


def end(rows: list[AuditRow]) -> Link:
    return Link(rows[-1].seq, rows[-1].hash)


def test_a_chain_that_nobody_touched_has_no_fault():
    assert found(chain(5)) == found([]) == found(chain(5), end(chain(5)), end(chain(2))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"at_ms": 0},
        {"actor": "user:minh"},
        {"address": None},
        {"what": "POST /y"},
        {"status": 403},
        {"reason": "x"},
        {"site_id": None},
        {"facts": "{}"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_row_is_found_and_is_the_only_one_that_is_blamed(change: dict[str, object]):
    """Checklist 26."""
    rows = chain(5)
    for name, value in change.items():
        setattr(rows[2], name, value)
    assert found(rows) == [Fault(3, 3, "altered")]


@pytest.mark.parametrize(("gone", "fault"), [((0, 1), (1, 1)), ((1, 2), (2, 2)), ((1, 4), (2, 4))])
def test_removed_rows_are_found_and_named(gone: tuple[int, int], fault: tuple[int, int]):
    """Checklist 26."""
    rows = chain(5)
    del rows[slice(*gone)]
    assert found(rows) == [Fault(*fault, "removed")]


def test_rows_that_were_moved_up_into_a_gap_are_found():
    rows = chain(5)
    del rows[1]
    for number, row in enumerate(rows, 1):
        row.seq = number
    assert found(rows) == [Fault(2, 4, "altered")]


def test_rows_that_changed_places_are_found():
    """Checklist 26."""
    rows = chain(5)
    rows[1].seq, rows[2].seq = 3, 2
    rows[1], rows[2] = rows[2], rows[1]
    assert found(rows) == [Fault(2, 4, "altered")]


def test_a_row_put_in_between_is_found():
    rows = chain(3)
    extra = AuditRow(**row_of(link_after(OTHER_KEY, end(rows), told(9)), told(9)))
    assert found([*rows, extra]) == [Fault(4, 4, "altered")]


def test_a_chain_rewritten_without_the_key_fits_nowhere():
    assert found(chain(4, OTHER_KEY)) == [Fault(1, 4, "altered")]


def test_rows_cut_off_the_end_are_found_by_an_end_that_was_noted_elsewhere():
    """Checklist 26."""
    rows = chain(5)
    assert found(rows[:3], end(rows)) == [Fault(4, 5, "removed from the end")]
    assert found([], end(rows)) == [Fault(1, 5, "removed from the end")]


def test_another_chain_with_the_same_key_is_found_by_an_end_that_was_noted_elsewhere():
    rows = chain(5)
    assert found(rows, replace(end(rows), hash="f" * 64)) == [Fault(5, 5, "altered")]


def test_what_was_noted_of_rows_that_went_with_their_age_is_no_fault():
    rows = chain(5)
    assert found(rows[3:], Link(2, "whatever"), after=Link(3, rows[2].hash)) == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [(Fault(3, 3, "altered"), "row 3 was altered"), (Fault(3, 5, "removed"), "rows 3 to 5 were removed")],
)
def test_a_fault_is_told_in_words(fault: Fault, text: str):
    assert str(fault) == text
