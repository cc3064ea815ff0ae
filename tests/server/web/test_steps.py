"""The steps of a command say what each party confirmed, and nothing that nobody did."""

from typing import Any, cast

import pytest

from server.web.i18n import words_in
from server.web.shapes import Command
from server.web.steps import steps_of
from tests.server.web.world import MINUTE_MS, NOW_MS, applied, command

ASKED_AT = "14:08:00"


def told(language: str = "vi", **fields: Any) -> list[str]:
    wish = cast("Command", fields.pop("whole", None) or command("den", **fields))
    return steps_of(wish, NOW_MS, "Asia/Ho_Chi_Minh", words_in(language))


def test_a_command_that_was_done_has_four_steps_in_plain_words() -> None:
    assert told(whole=applied("den")) == [
        "14:08:00 Lan yêu cầu bật",
        "14:09:00 Đã gửi đi",
        "14:09:00 Thiết bị đã nhận",
        "14:09:00 Đã bật, đã kiểm tra chân ra",
    ]


def test_the_same_in_english() -> None:
    assert told("en", whole=applied("den"))[-1] == "14:09:00 Switched on, pin checked"


def test_what_was_so_already_is_not_called_switched() -> None:
    assert told(whole=applied("den", changed=False))[-1] == "14:09:00 Vốn đang bật, đã kiểm tra chân ra"


def test_a_command_on_its_way_ends_with_what_is_confirmed() -> None:
    assert told(fate="accepted") == ["14:08:00 Lan yêu cầu bật"]
    assert told(fate="published", published_ms=NOW_MS - MINUTE_MS) == ["14:08:00 Lan yêu cầu bật", "14:09:00 Đã gửi đi"]


def test_a_rejected_command_says_why() -> None:
    last = told(fate="rejected", reason="interlock", answered_ms=NOW_MS)[-1]
    assert last == "14:09:00 Thiết bị không làm: một kênh khác đang bật nên không được phép. Tắt kênh kia trước."


@pytest.mark.parametrize("fate", ["expired", "unconfirmed", "waiting", "cancelled"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_other_end_has_words_and_claims_no_device(fate: str, language: str) -> None:
    steps = told(language, fate=fate)
    assert len(steps) == 2
    assert "step." not in steps[1]
    assert words_in(language)("step.received") not in " ".join(steps)
