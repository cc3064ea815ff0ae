"""A rule is one plain sentence in both languages, and fits what was meant."""

from zoneinfo import ZoneInfo

import pytest

from protocol.schedules.preview import Finding, Trouble
from server.schedules import words
from server.web.i18n import words_in
from tests.protocol.schedules.moments import ms, rule, weekly

VI, EN = words_in("vi"), words_in("en")
SUNSET = {"kind": "sun", "event": "sunset"}
LOOP = {"kind": "loop", "start": "06:00", "end": "18:00", "every_s": 7200}


@pytest.mark.parametrize(
    ("which", "vi", "en"),
    [
        (weekly("06:00", 1, 3, 5, for_s=1800), "Thứ 2, 4, 6 lúc 06:00: bật 30 phút", "Mon, Wed, Fri at 06:00: on for 30 min"),
        (weekly("18:00", on=False), "Hằng ngày lúc 18:00: tắt", "Every day at 18:00: off"),
        (weekly("18:00", 1, 2, 3, 4, 5), "Thứ 2 đến thứ 6 lúc 18:00: bật", "Monday to Friday at 18:00: on"),
        (weekly("18:00", 7), "Chủ nhật lúc 18:00: bật", "Sunday at 18:00: on"),
        (weekly("18:00", 6, 7), "Thứ 7, Chủ nhật lúc 18:00: bật", "Sat, Sun at 18:00: on"),
        (rule(when={**SUNSET, "offset_s": 900}), "Mặt trời lặn + 15 phút: bật", "Sunset + 15 min: on"),
        (
            rule(when={"kind": "sun", "event": "sunrise", "offset_s": -3600, "days": [1]}),
            "Mặt trời mọc − 1 giờ vào thứ 2: bật",
            "Sunrise − 1 h, Monday: on",
        ),
        (
            rule(when=LOOP, for_s=600),
            "Hằng ngày từ 06:00 đến 18:00, cứ 2 giờ một lần: bật 10 phút",
            "Every day from 06:00 to 18:00, every 2 h: on for 10 min",
        ),
        (
            rule(when={**LOOP, "start": "22:00", "end": "02:00"}, for_s=90),
            "Hằng ngày từ 22:00 đến 02:00 hôm sau, cứ 2 giờ một lần: bật 1 phút 30 giây",
            "Every day from 22:00 to 02:00 the day after, every 2 h: on for 1 min 30 s",
        ),
        (
            rule(when={**LOOP, "end": "06:00"}, for_s=600),
            "Hằng ngày suốt 24 giờ từ 06:00, cứ 2 giờ một lần: bật 10 phút",
            "Every day for 24 hours from 06:00, every 2 h: on for 10 min",
        ),
        (
            rule(when={"kind": "once", "date": "2026-11-03", "at": "06:00"}, for_s=90_000),
            "Ngày 03/11/2026 lúc 06:00: bật 1 ngày 1 giờ",
            "On 03/11/2026 at 06:00: on for 1 d 1 h",
        ),
    ],
)
def test_a_rule_is_one_sentence(which, vi, en):
    assert (words.sentence(which, VI), words.sentence(which, EN)) == (vi, en)


def test_what_is_done_about_a_missed_run_is_told():
    late = weekly("06:00", missed="late", late_s=1800)
    assert words.missed(late, VI) == "Lỡ giờ thì chạy muộn, tối đa 30 phút"
    assert words.missed(weekly("06:00"), EN) == "If missed: skip it"


ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-23 18:00", "hôm nay lúc 18:00"),
        ("2026-11-24 06:00", "ngày mai lúc 06:00"),
        ("2026-11-29 06:00", "Chủ nhật, 29/11 lúc 06:00"),
        ("2027-01-01 06:00", "thứ 6, 01/01/2027 lúc 06:00"),
    ],
)
def test_a_moment_to_come_is_told_as_people_say_it(at, told):
    assert words.soon(ms(at), ms("2026-11-23 17:59"), ZONE, VI) == told


@pytest.mark.parametrize("t", [VI, EN], ids=["vi", "en"])
@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_words_that_name_what_it_is_about(trouble, t):
    found = Finding(trouble, 0, 3, ("a", "b"), ("may-bom", "den"), 600)
    told = words.trouble(found, "xx", {"a": "AAA", "b": "BBB"}, {"may-bom": "Máy bơm", "den": "Đèn"}, t)
    assert told.startswith("Xx: ")
    assert any(name in told for name in ("AAA", "Đèn"))
    assert "2" in told
