"""A file that a spreadsheet opens right and does not calculate with."""

import csv
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from server.history.export import BEGIN, ENCODING, cells, encoded, harmless
from server.history.timeline import Segment, Was


def test_rows_are_read_as_they_were_written():
    rows = [["Từ", 'a "b"', "c\td"], ["Đèn", "", "1"]]
    text = (BEGIN.encode(ENCODING) + encoded(rows)).decode("utf-16")
    assert list(csv.reader(StringIO(text), dialect="excel-tab")) == rows


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_name_that_begins_as_a_formula_is_text(text: str):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Lan", "a=b", "'=1"])
def test_what_is_harmless_stays(text: str):
    assert harmless(text) == text


def test_times_have_the_zone_of_the_place():
    row = cells(Segment(1_785_222_600_000, 1_785_222_690_400, Was.ON), "bật", "theo lịch", "Lan", ZoneInfo("Asia/Ho_Chi_Minh"))
    assert row == ["2026-07-28T14:10:00+07:00", "2026-07-28T14:11:30+07:00", "90", "bật", "theo lịch", "Lan"]
