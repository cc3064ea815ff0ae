"""The reader that finds words of another language on a page finds them."""

import pytest

from tests.end_to_end.screens.wording import Wording

NAMES = {"Lan", "Trạm bơm", "Máy bơm", "Tư", "nha"}
VI, EN = Wording("vi", NAMES), Wording("en", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  14:02 · 28/07/2026 ",
        "Bật",
        "24,3 °C",
        "· lần cuối -56,3\xa0dBm, 5 phút trước",
        "từ 14:02 · Lan · còn 9:12",
        "từ 14:02 · khách Tư · còn 9:12",
        "lần cuối BẬT, 5 phút trước · thiết bị tự tắt lúc 14:02",
        "Đang dùng với tên Lan",
        "Lan yêu cầu bật",
        "Máy bơm · Trạm bơm",
        ": bật",
        "Không bật được: thiết bị đang mất kết nối.",
        "Mất kết nối máy chủ · tin cuối 3 giờ trước",
        "Để chắc chắn, hãy gõ tên của bạn: Lan",
    ],
)
def test_what_is_made_of_the_catalogue_and_of_the_world_s_names_is_of_the_language(text: str):
    assert VI.holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "On",
        "may_only_look",
        "Bật on",
        "Lan switched on",
        "Trạm bơm lớn",
        "Lan yêu cầu stop",
        "từ 14:02 · command",
        "Bậtt",
        "Đang dùng với tên Nobody",
        "Không bật được: interlock",
        "GET /activity",
        "C",
        "dBm",
    ],
)
def test_a_word_of_another_language_or_of_nowhere_is_found(text: str):
    assert not VI.holds(text)
    assert VI.foreign([text, "Bật"]) == [text]


def test_days_and_months_are_words_of_their_language():
    assert VI.holds("Th 7 21/11")
    assert EN.holds("Saturday 21 November")
    assert not VI.holds("Saturday 21 November")


def test_each_language_is_foreign_to_the_other():
    assert EN.holds("Could not switch on: the device is offline.")
    assert not VI.holds("Could not switch on: the device is offline.")
    assert EN.holds("since 14:02 · guest Tư")
    assert not EN.holds("since 14:02 · khách Tư")
    assert not EN.holds("Không bật được: thiết bị đang mất kết nối.")
