"""Channels in every state that there is, each with the sentence that says why, in both languages; scripts are held against the same.

A case: what is other than with a lamp that Lan switched off eight minutes ago; what is around it; since when its device is as it is.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.server.web.world import MINUTE_MS, NOW_MS, command, leased

GONE: Final = {"presence": "offline"}
ZONE: Final = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class Case:
    vi: str
    en: str
    channel: dict[str, Any] = field(default_factory=dict)
    around: dict[str, Any] = field(default_factory=dict)
    presence_ms: int | None = None


def asked(fate: str, **other: Any) -> dict[str, Any]:
    return {"command": command("den", fate, **other)}


CASES: Final = {
    "switched off": Case("Tắt từ 14:02, theo lệnh của Lan.", "Off since 14:02, as Lan asked."),
    "switched on": Case("Bật từ 14:02, theo lệnh của Lan.", "On since 14:02, as Lan asked.", {"on": True}),
    "a lease runs": Case(
        "Bật từ 14:02, theo lệnh của Lan, còn 9:12 nữa thì tự tắt.",
        "On since 14:02, as Lan asked, and switches itself off in 9:12.",
        leased(),
    ),
    "a lease is over": Case(
        "Bật từ 14:02, theo lệnh của Lan, đã hết giờ và đang chờ thiết bị báo tắt.",
        "On since 14:02, as Lan asked, its time is up and the device has yet to say so.",
        leased(NOW_MS),
    ),
    "as a guest is told": Case(
        "Tắt từ 14:02, theo lệnh của một người.", "Off since 14:02, as somebody asked.", {"actor": None}, {"role": "guest"}
    ),
    "switched off by a guest": Case(
        "Tắt từ 14:02, theo lệnh của khách Tư.", "Off since 14:02, as guest Tư asked.", {"actor": "guest:Tư"}
    ),
    "asked for by a guest": Case(
        "khách Tư vừa yêu cầu bật, thiết bị chưa trả lời.",
        "guest Tư asked for on, and the device has not answered yet.",
        asked("published", actor="guest:Tư"),
    ),
    "yesterday": Case(
        "Tắt từ 14:10 27/07/2026, theo lệnh của Lan.",
        "Off since 14:10 27/07/2026, as Lan asked.",
        {"since_ms": NOW_MS - 86_400_000},
    ),
    "lease": Case("Tắt từ 14:02, vì đã hết giờ hẹn.", "Off since 14:02, because its time was up.", {"cause": "lease"}),
    "schedule": Case("Bật từ 14:02, theo lịch.", "On since 14:02, by the schedule.", {"cause": "schedule", "on": True}),
    "button": Case(
        "Tắt từ 14:02, vì có người bấm nút tại chỗ.",
        "Off since 14:02, because somebody pressed the button there.",
        {"cause": "button"},
    ),
    "interlock": Case(
        "Tắt từ 14:02, do khoá liên động với một kênh khác.",
        "Off since 14:02, because of the interlock with another channel.",
        {"cause": "interlock"},
    ),
    "boot": Case("Tắt từ 14:02, khi có điện trở lại.", "Off since 14:02, when the power came back.", {"cause": "boot"}),
    "restart": Case(
        "Tắt từ 14:02, khi thiết bị khởi động lại.", "Off since 14:02, when the device restarted.", {"cause": "restart"}
    ),
    "link_loss": Case(
        "Tắt từ 14:02, vì thiết bị mất mạng.", "Off since 14:02, because the device lost its network.", {"cause": "link_loss"}
    ),
    "input": Case(
        "Đóng từ 14:02, theo tín hiệu ở ngõ vào.",
        "Closed since 14:02, as the signal at its input says.",
        {"cause": "input", "kind": "contact", "on": True, "actor": None},
    ),
    "fault": Case("Tắt từ 14:02, vì ngõ ra gặp sự cố.", "Off since 14:02, because its output failed.", {"cause": "fault"}),
    "a cause of a newer device": Case(
        "Tắt từ 14:02, vì một lý do mà trang này chưa biết.",
        "Off since 14:02, for a reason that this page does not know.",
        {"cause": "comet"},
    ),
    "no cause": Case(
        "Tắt từ 14:02, thiết bị không báo lý do.",
        "Off since 14:02, the device does not say why.",
        {"cause": None, "actor": None},
    ),
    "nobody knows since when": Case(
        "Tắt, theo lệnh của Lan; không rõ từ lúc nào.", "Off, as Lan asked; nobody knows since when.", {"since_ms": None}
    ),
    "asked for": Case(
        "Lan vừa yêu cầu bật, thiết bị chưa trả lời.",
        "Lan asked for on, and the device has not answered yet.",
        asked("published"),
    ),
    "asked for by one whose name is not told": Case(
        "Có người vừa yêu cầu tắt, thiết bị chưa trả lời.",
        "Somebody asked for off, and the device has not answered yet.",
        asked("accepted", on=False, actor=None),
    ),
    "asked for in vain": Case(
        "Không rõ, vì thiết bị chưa trả lời lệnh bật lúc 14:08; lần cuối báo TẮT, 8 phút trước.",
        "Not known, because the device has not answered the wish for on at 14:08; last known as OFF, 8 min ago.",
        asked("unconfirmed", settled_ms=NOW_MS - MINUTE_MS),
    ),
    "given up long ago and told since": Case(
        "Tắt từ 14:02, theo lệnh của Lan.",
        "Off since 14:02, as Lan asked.",
        asked("unconfirmed", settled_ms=NOW_MS - MINUTE_MS) | {"told_ms": NOW_MS},
    ),
    "never told": Case(
        "Không rõ; kênh này chưa từng báo trạng thái.",
        "Not known; this channel has never told its state.",
        {"on": None, "told_ms": None, "since_ms": None, "cause": None, "actor": None},
    ),
    "unreadable": Case(
        "Không rõ; lần cuối thiết bị báo là không đọc được ngõ ra.",
        "Not known; the device said last that it cannot read its output.",
        {"on": None},
    ),
    "offline": Case(
        "Không rõ, vì thiết bị mất kết nối từ 14:05; lần cuối báo TẮT, 12 phút trước.",
        "Not known, because the device is offline since 14:05; last known as OFF, 12 min ago.",
        {"told_ms": NOW_MS - 12 * MINUTE_MS},
        GONE,
        NOW_MS - 5 * MINUTE_MS,
    ),
    "offline, nobody knows since when": Case(
        "Không rõ, vì thiết bị đang mất kết nối; lần cuối báo TẮT, 8 phút trước.",
        "Not known, because the device is offline; last known as OFF, 8 min ago.",
        {},
        GONE,
    ),
    "offline while a lease runs": Case(
        "Không rõ, vì thiết bị đang mất kết nối; lần cuối báo BẬT, 8 phút trước, và thiết bị sẽ tự tắt lúc 14:19.",
        "Not known, because the device is offline; last known as ON, 8 min ago, and the device switches it off by itself at 14:19.",
        leased(),
        GONE,
    ),
    "offline and the lease is over": Case(
        "Không rõ, vì thiết bị đang mất kết nối; lần cuối báo BẬT, 8 phút trước, và đã đến giờ thiết bị tự tắt lúc 14:09.",
        "Not known, because the device is offline; last known as ON, 8 min ago, "
        "and the device was to switch it off by itself at 14:09.",
        leased(NOW_MS - MINUTE_MS),
        GONE,
    ),
    "revoked": Case(
        "Không rõ nữa, vì thiết bị đã bị thu hồi; lần cuối báo TẮT, 8 phút trước.",
        "Not known any more, because the device was revoked; last known as OFF, 8 min ago.",
        {},
        {"presence": "revoked"},
        NOW_MS,
    ),
    "the server was away": Case(
        "Không rõ, vì máy chủ vừa khởi động lại và chưa nhận tin từ thiết bị; lần cuối báo TẮT, 8 phút trước.",
        "Not known, because the server has just come back and has not heard the device yet; last known as OFF, 8 min ago.",
        {},
        {"presence": "unknown"},
    ),
    "the broker is away": Case(
        "Không rõ, vì máy chủ đang mất liên lạc với thiết bị; lần cuối báo TẮT, 8 phút trước.",
        "Not known, because the server has lost contact with the device; last known as OFF, 8 min ago.",
        {},
        {"link": "down", "presence": "offline"},
    ),
}

NEXT: Final = {
    "nothing": ([], [], {}, {}),
    "on without an end": ([], [], {"on": True}, {}),
    "a lease runs": (
        ["Thiết bị tự tắt lúc 14:19 (còn 9:12)."],
        ["The device switches it off at 14:19 (9:12 left)."],
        leased(),
        {},
    ),
    "a lease is over": ([], [], leased(NOW_MS), {}),
    "a lease runs where nobody sees it": (
        ["Thiết bị tự tắt lúc 14:19, dù có mạng hay không."],
        ["The device switches it off at 14:19, with or without a network."],
        leased(),
        GONE,
    ),
    "a command waits": (
        ["Thiết bị tự tắt lúc 14:19, dù có mạng hay không.", "Sẽ tắt khi thiết bị kết nối lại, chậm nhất 14:10."],
        [
            "The device switches it off at 14:19, with or without a network.",
            "Will switch off when the device is back, until 14:10.",
        ],
        leased() | asked("waiting", on=False),
        GONE,
    ),
}
