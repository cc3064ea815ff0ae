"""Silences of a device as sentences, in both languages."""

import pytest

from server.history.outages import Kind, Outage
from server.web.i18n import words_in
from server.web.story import length, sentence
from tests.server.web.world import MINUTE_MS, NOW_MS

ZONE = "Asia/Ho_Chi_Minh"
NAMES = {"den": "Đèn", "bom": "Máy bơm"}
HOUR = 60 * MINUTE_MS
FROM, TO = NOW_MS - 8 * MINUTE_MS - 3 * HOUR, NOW_MS - 8 * MINUTE_MS  # 11:02 and 14:02
DAY = 24 * HOUR

SAID = [
    (Outage(Kind.POWER, FROM, TO), "Mất điện 11:02–14:02, khởi động lại, rơ-le TẮT"),
    (Outage(Kind.POWER, TO, TO), "Mất điện trong chốc lát lúc 14:02, khởi động lại, rơ-le TẮT"),
    (
        Outage(Kind.POWER, FROM, TO, on=("den",), in_doubt=("bom",)),
        "Mất điện 11:02–14:02, khởi động lại, Đèn tự BẬT lại, Máy bơm không rõ, còn lại TẮT",
    ),
    (
        Outage(Kind.POWER, FROM, TO, started_ms=FROM + HOUR),
        "Mất điện 11:02–14:02, khởi động lại, rơ-le TẮT, có điện lại từ 12:02 nhưng chưa có mạng",
    ),
    (Outage(Kind.LINK, FROM, TO), "Mất mạng 11:02–14:02, vẫn chạy"),
    (Outage(Kind.LINK, FROM, TO, by_itself=(("bom", False),)), "Mất mạng 11:02–14:02, vẫn chạy, tự TẮT Máy bơm vì mất mạng"),
    (Outage(Kind.RESTART, TO, TO), "Chương trình trên thiết bị khởi động lại lúc 14:02, máy không mất điện"),
    (Outage(Kind.SERVER, FROM, TO), "Máy chủ mất liên lạc với thiết bị 11:02–14:02"),
    (Outage(Kind.AWAY, TO, None), "Mất kết nối từ 14:02, không rõ mất điện hay mất mạng vì thiết bị chưa trở lại"),
    (Outage(Kind.UNKNOWN, FROM, TO), "Mất kết nối 11:02–14:02, không rõ vì sao vì thiếu nhật ký"),
    (Outage(Kind.NEW_MEMORY, FROM, TO), "Mất kết nối 11:02–14:02, trở lại với bộ nhớ mới nên không rõ vì sao"),
    (Outage(Kind.LINK, FROM - DAY, TO - DAY), "Mất mạng 11:02–14:02 27/07/2026, vẫn chạy"),
    (Outage(Kind.LINK, FROM - DAY, TO), "Mất mạng 11:02 27/07/2026 – 14:02, vẫn chạy"),
]


@pytest.mark.parametrize(("outage", "said"), SAID)
def test_a_silence_is_told_in_one_sentence(outage: Outage, said: str) -> None:
    assert sentence(outage, NAMES, NOW_MS, ZONE, words_in("vi")) == said


def test_every_kind_has_a_sentence_in_english_too() -> None:
    t = words_in("en")
    assert sentence(Outage(Kind.POWER, FROM, TO), NAMES, NOW_MS, ZONE, t) == "Lost power 11:02–14:02, started again, relays OFF"
    assert all(sentence(Outage(kind, FROM, TO), NAMES, NOW_MS, ZONE, t) for kind in Kind)


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0, "dưới 1 phút"),
        (59_999, "dưới 1 phút"),
        (MINUTE_MS, "1 phút"),
        (HOUR - 1, "59 phút"),
        (2 * HOUR, "2 giờ"),
        (158 * MINUTE_MS, "2 giờ 38 phút"),
        (DAY - 1, "23 giờ 59 phút"),
        (76 * HOUR, "3 ngày 4 giờ"),
    ],
)
def test_how_long_it_lasted(ms: int, said: str) -> None:
    assert length(ms, words_in("vi")) == said
