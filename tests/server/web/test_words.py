"""Channels in words."""

from dataclasses import replace
from typing import Any, cast

import pytest

from server.web.i18n import words_in
from server.web.shapes import Channel
from server.web.times import age, clock_time, left
from server.web.words import GRACE_MS, MEASURED_MS, Around, Look, View, measure, view
from tests.server.web.world import MINUTE_MS, NOW_MS, channel, command, leased

VI = words_in("vi")
HERE = Around(NOW_MS, "up", "online", "operator", "Asia/Ho_Chi_Minh")


def seen(around: Around = HERE, *, language: str = "vi", **other: Any) -> View:
    return view(cast("Channel", channel("may-bom", "Máy bơm", "pump", **other)), around, words_in(language))


def sentence(shown: View) -> str:
    return f"{shown.word} {shown.told}".replace("\u00a0", " ").strip()


def test_an_output_that_is_off_offers_on() -> None:
    shown = seen()
    assert (shown.look, shown.asks, shown.checked) == (Look.OFF, True, False)
    assert sentence(shown) == "Tắt từ 14:02 · Lan"


def test_an_output_that_is_on_offers_off_and_tells_what_is_left() -> None:
    shown = seen(**leased())
    assert (shown.look, shown.asks, shown.checked, shown.lease) == (Look.ON, False, True, (552, 1032))
    assert sentence(shown) == "Bật từ 14:02 · Lan · còn 9:12"


def test_a_lease_that_has_run_out_waits_for_the_devices_word() -> None:
    shown = seen(**leased(NOW_MS))
    assert (shown.look, shown.lease) == (Look.ON, None)
    assert sentence(shown) == "Bật từ 14:02 · Lan · hết giờ, chờ thiết bị báo"


@pytest.mark.parametrize("fate", ["accepted", "published"])
def test_an_open_command_is_pending_and_moves_nothing(fate: str) -> None:
    shown = seen(command=command("may-bom", fate))
    assert (shown.look, shown.checked, shown.wanted, shown.asks) == (Look.PENDING, False, True, None)
    assert sentence(shown).startswith("Đang gửi… lệnh bật")


def test_an_open_command_long_past_its_time_is_no_longer_pending() -> None:
    late = replace(HERE, now_ms=NOW_MS + 30_000 + GRACE_MS)
    assert seen(late, command=command("may-bom", "published")).look is Look.UNKNOWN


def test_an_unconfirmed_command_makes_the_state_unknown_until_the_device_tells() -> None:
    given_up = command("may-bom", "unconfirmed", settled_ms=NOW_MS - MINUTE_MS)
    doubt = seen(command=given_up)
    assert (doubt.look, doubt.asks) == (Look.UNKNOWN, False)
    assert doubt.notice.startswith("Chưa rõ đã bật hay chưa")
    told = seen(command=given_up, told_ms=NOW_MS)
    assert (told.look, told.notice) == (Look.OFF, "")


def test_nothing_is_known_while_the_server_has_no_line_to_the_devices() -> None:
    shown = seen(replace(HERE, link="down"), on=True)
    assert (shown.look, shown.asks) == (Look.UNKNOWN, None)
    assert sentence(shown) == "Không rõ · lần cuối BẬT, 8 phút trước"


def test_an_offline_device_shows_its_last_word_and_when_it_ends_by_itself() -> None:
    shown = seen(replace(HERE, presence="offline"), command=command("may-bom", "published"), **leased())
    assert (shown.look, shown.asks, shown.lease) == (Look.OFFLINE, None, None)
    assert sentence(shown) == "Mất kết nối · lần cuối BẬT, 8 phút trước · thiết bị tự tắt lúc 14:19"


def test_what_was_revoked_does_not_look_as_if_it_came_back() -> None:
    shown = seen(replace(HERE, presence="revoked"), on=True)
    assert sentence(shown) == "Đã thu hồi · lần cuối BẬT, 8 phút trước"


def test_an_unread_pin_is_unknown_and_offers_the_safe_side() -> None:
    shown = seen(on=None)
    assert (shown.look, shown.asks) == (Look.UNKNOWN, False)
    assert sentence(shown) == "Không rõ · thiết bị không đọc được chân ra · chạm để tắt"


def test_a_presence_never_told_is_unknown() -> None:
    shown = seen(replace(HERE, presence="unknown"), on=None, told_ms=None)
    assert (shown.look, sentence(shown)) == (Look.UNKNOWN, "Không rõ · chưa từng báo trạng thái")


@pytest.mark.parametrize(("role", "other"), [("viewer", {}), ("operator", {"locked": True}), ("operator", {"kind": "contact"})])
def test_what_may_not_be_switched_offers_nothing(role: Any, other: dict[str, Any]) -> None:
    assert seen(replace(HERE, role=role), **other).asks is None


@pytest.mark.parametrize(
    ("cause", "actor", "by"),
    [
        ("command", "Minh", "Minh"),
        ("command", "guest:Tư", "khách Tư"),
        ("command", None, "lệnh từ xa"),
        ("lease", "Minh", "hết giờ hẹn"),
        ("a_new_one", None, "lý do khác"),
    ],
)
def test_the_sentence_names_the_actor_of_a_command_and_else_the_cause(cause: str, actor: str | None, by: str) -> None:
    assert sentence(seen(cause=cause, actor=actor)) == f"Tắt từ 14:02 · {by}"


def test_a_change_of_unknown_time_still_makes_a_sentence() -> None:
    assert sentence(seen(since_ms=None)) == "Tắt · Lan"
    assert sentence(seen(since_ms=None, cause=None, actor=None)) == "Tắt"


def test_inputs_have_words_of_their_own() -> None:
    words = [seen(kind=kind, on=on).word for kind in ("contact", "button") for on in (False, True)]
    assert words == ["Mở", "Đóng", "Không nhấn", "Đang nhấn"]
    assert sentence(seen(kind="sensor", on=None)) == "Chưa có số đo"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (62.25, "%", "62,3%"),
        (24.0, "°C", "24,0\u00a0°C"),
        (-0.04, "°C", "0,0\u00a0°C"),
        (-12.34, "°C", "-12,3\u00a0°C"),
        (1013.5, "hPa", "1014\u00a0hPa"),
        (99.96, "lx", "100,0\u00a0lx"),
    ],
)
def test_a_measure_is_told_as_people_write_it(value: float, unit: str, said: str) -> None:
    assert measure(value, unit, VI) == said


def test_a_sensor_tells_its_value_and_its_age_and_an_old_one_says_nothing_of_now() -> None:
    told = {"kind": "sensor", "on": None, "value": 24.25, "unit": "°C", "value_ms": NOW_MS - MINUTE_MS}
    now = seen(**told)
    assert (now.look, now.word, now.told.replace("\u00a0", " "), now.asks) == (Look.READING, "24,3\u00a0°C", "1 phút trước", None)
    old = seen(**{**told, "value_ms": NOW_MS - MEASURED_MS})
    assert (old.look, old.word, old.told.replace("\u00a0", " ")) == (
        Look.UNKNOWN,
        VI("look.unknown"),
        "· lần cuối 24,3 °C, 15 phút trước",
    )


@pytest.mark.parametrize(
    ("fate", "more", "said", "failed"),
    [
        ("rejected", {"reason": "pin_fault"}, "Không bật được: chân ra không làm theo. Kiểm tra dây và rơ-le.", True),
        ("rejected", {"reason": "too_soon", "retry_after_ms": 11_001}, "Không bật được: vừa mới tắt, đợi 12 giây nữa.", True),
        ("rejected", {"reason": "of_a_newer_device"}, "Không bật được: thiết bị không nhận lệnh.", True),
        ("rejected", {}, "Không bật được: thiết bị không nhận lệnh.", True),
        ("expired", {"on": False}, "Không tắt được: lệnh tới quá muộn nên đã bỏ. Thử lại.", True),
        ("cancelled", {}, "Lệnh đã được huỷ.", False),
        ("waiting", {}, "Sẽ bật khi thiết bị kết nối lại, chậm nhất 14:10.", False),
        ("applied", {}, "", False),
    ],
)
def test_what_went_otherwise_than_asked_is_said_by_its_reason(fate: str, more: dict[str, Any], said: str, failed: bool) -> None:
    shown = seen(command=command("may-bom", fate, **more))
    assert (shown.notice, shown.failed) == (said, failed)


def test_a_shortened_lease_is_said_while_it_runs() -> None:
    clamped = command("may-bom", "applied", clamped=True)
    assert seen(command=clamped, **leased()).notice == VI("notice.clamped")
    assert seen(command=clamped).notice == ""


def test_an_old_failure_and_one_that_was_overtaken_are_not_said() -> None:
    assert seen(command=command("may-bom", "rejected", settled_ms=NOW_MS - 10 * MINUTE_MS)).notice == ""
    assert seen(command=command("may-bom", "rejected"), since_ms=NOW_MS).notice == ""


def test_both_languages_say_the_same() -> None:
    assert sentence(seen(language="en", **leased())) == "On since 14:02 · Lan · 9:12 left"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "vừa xong"),
        (9, "vừa xong"),
        (10, "10 giây trước"),
        (60, "1 phút trước"),
        (7200, "2 giờ trước"),
        (172_800, "2 ngày trước"),
    ],
)
def test_an_age_is_in_its_largest_unit(seconds: int, text: str) -> None:
    assert age(NOW_MS - seconds * 1000, NOW_MS, VI).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("after_ms", "text"), [(1, "0:01"), (552_000, "9:12"), (3_900_000, "1:05:00"), (100_000_000, "1 ngày 3 giờ")]
)
def test_a_remaining_time_never_rounds_down(after_ms: int, text: str) -> None:
    assert left(NOW_MS + after_ms, NOW_MS, VI) == text


def test_a_time_has_its_day_when_that_is_another() -> None:
    assert clock_time(NOW_MS, NOW_MS, "Asia/Ho_Chi_Minh") == "14:10"
    assert clock_time(NOW_MS, NOW_MS + 86_400_000, "Asia/Ho_Chi_Minh") == "14:10 28/07/2026"
    assert clock_time(NOW_MS, NOW_MS, "Nowhere/../etc") == "07:10"
