"""What a channel was, in words: as much as is known, and no more."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from server.history.pages import Began, Past
from server.history.timeline import Segment, Was
from server.history.usage import Tally, days_until
from server.web.i18n import words_in
from server.web.past import PastView, duration, past_view
from server.web.shapes import Channel, Site
from tests.server.web.world import NOW_MS, channel, snapshot

VI, EN = words_in("vi"), words_in("en")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
MIDNIGHT_MS = NOW_MS - 14 * HOUR_MS - 10 * MINUTE_MS
ON, OFF, UNKNOWN = Was.ON, Was.OFF, Was.UNKNOWN


def shown(
    *segments: tuple[int, int, Was], days: int = 1, language: str = "vi", zone: str = "Asia/Ho_Chi_Minh", **other: Any
) -> PastView:
    tally = Tally(days_until(NOW_MS, days, ZoneInfo(zone)), NOW_MS)
    every = [Segment(MIDNIGHT_MS + begin * MINUTE_MS, MIDNIGHT_MS + end * MINUTE_MS, was) for begin, end, was in segments]
    tally.add(every)
    began = [Began(it, "command", "Lan") if it.was is ON else Began(it, "lease", None) for it in every]
    site = {**snapshot()["sites"][0], "tariff_vnd_kwh": other.pop("tariff", None)}
    lamp = {**channel("den", "Đèn", "lamp"), "power_w": None, **other}
    past = Past(tally.uses, began, other.get("left_out", 0))
    return past_view(past, cast("Channel", lamp), cast("Site", site), NOW_MS, words_in(language))


MORNING = ((0, 360, OFF), (360, 555, ON), (555, 850, OFF))


def test_a_day_says_how_long_how_often_and_when():
    found = shown(*MORNING)
    [row] = found.rows
    assert (row.day, row.was_on, row.more) == ("Hôm nay", "bật 3 giờ 15 phút", "2 lần đổi")
    assert found.figures == [("Thời gian bật", "3 giờ 15 phút"), ("Số lần đổi", "2")]
    assert [(it.time, it.word, it.about) for it in found.listed] == [
        ("00:00–06:00", "Tắt", "6 giờ · hết giờ hẹn"),
        ("06:00–09:15", "Bật", "3 giờ 15 phút · Lan"),
        ("09:15–bây giờ", "Tắt", "4 giờ 55 phút · hết giờ hẹn"),
    ]


def test_what_is_not_known_is_said_drawn_and_makes_every_number_a_least_one():
    found = shown((0, 360, OFF), (360, 420, ON), (420, 850, UNKNOWN), power_w=1500, tariff=2200)
    [row] = found.rows
    assert row.was_on == "bật ít nhất 1 giờ"
    assert row.more == "1 lần đổi · không rõ 7 giờ 10 phút · 1,5\u00a0kWh · 3.300 đ"
    assert found.figures == [
        ("Thời gian bật", "ít nhất 1 giờ"),
        ("Số lần đổi", "ít nhất 1"),
        ("Điện năng", "ít nhất 1,5\u00a0kWh"),
        ("Tiền điện", "ít nhất 3.300 đ"),
        ("Không rõ", "7 giờ 10 phút"),
    ]
    assert found.doubt
    assert [it.mark for it in row.drawn] == ["on", "unknown"]
    assert [mark for mark, _ in found.legend] == ["off", "on", "unknown"]
    assert found.listed[-1].about == "7 giờ 10 phút"


def test_of_a_day_that_nobody_knows_nothing_else_is_said():
    found = shown((0, 850, UNKNOWN), power_w=1500, tariff=2200)
    assert (found.rows[0].was_on, found.rows[0].more) == ("không rõ 14 giờ 10 phút", "")
    assert found.figures == [("Không rõ", "14 giờ 10 phút")]


def test_numbers_stand_as_each_language_writes_them():
    found = shown((0, 600, ON), (600, 850, OFF), language="en", power_w=1234, tariff=2200)
    assert found.figures[2:] == [("Energy", "12.3\u00a0kWh"), ("Cost", "VND 27,148")]


def test_days_have_their_names_and_today_is_drawn_as_far_as_it_has_come():
    found = shown(*MORNING, days=7)
    names = ("Thứ 4 22/07", "Thứ 5 23/07", "Thứ 6 24/07", "Thứ 7 25/07", "Chủ nhật 26/07", "Thứ 2 27/07", "Hôm nay")
    assert tuple(row.day for row in found.rows) == names
    assert [row.until for row in found.rows] == [720] * 6 + [425]
    assert found.listed == []


def test_a_contact_is_closed_not_on():
    assert shown(*MORNING, kind="contact").rows[0].was_on == "đóng 3 giờ 15 phút"


def test_a_duration_never_says_more_than_it_was():
    told = [duration(ms, VI) for ms in (0, 59_999, 60_000, HOUR_MS - 1, HOUR_MS, 26 * HOUR_MS + 61_000)]
    assert told == ["0 giây", "59 giây", "1 phút", "59 phút", "1 giờ", "26 giờ 1 phút"]
    assert duration(26 * HOUR_MS + 61_000, EN) == "26 h 1 min"
