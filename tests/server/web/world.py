"""What Lan sees in the tests: her site at a moment, with a channel in every state that there is."""

from copy import deepcopy
from typing import Any

NOW_MS = 1_785_222_600_000  # 28/07/2026 14:10:00 in Vietnam
MINUTE_MS = 60_000
DEVICE = "00000000000000a1"
ABSENT = "00000000000000b2"


def command(channel: str, fate: str, *, on: bool = True, device: str = DEVICE, **other: Any) -> dict[str, Any]:
    settled = None if fate in ("accepted", "published", "waiting") else NOW_MS - MINUTE_MS
    return {
        "id": f"{NOW_MS - 2 * MINUTE_MS:012x}{'0' * 20}", "device": device, "channel": channel, "on": on, "for_s": None, "actor": "Lan",
        "fate": fate, "reason": None, "created_ms": NOW_MS - 2 * MINUTE_MS, "expires_ms": NOW_MS + 30_000, "published_ms": None,
        "answered_ms": None,
        "settled_ms": settled, "read_back": None, "changed": None, "clamped": None, "lease_until_ms": None, "retry_after_ms": None,
        **other,
    }  # fmt: skip


def applied(channel: str, **other: Any) -> dict[str, Any]:
    at_ms = NOW_MS - MINUTE_MS
    return command(channel, "applied", **{"changed": True, "published_ms": at_ms, "answered_ms": at_ms, **other})


def channel(id: str, name: str, icon: str, *, on: bool | None = False, **other: Any) -> dict[str, Any]:  # noqa: A002
    return {
        "id": id, "device": DEVICE, "name": name, "kind": "output", "icon": icon, "on": on, "since_ms": NOW_MS - 8 * MINUTE_MS,
        "lease_until_ms": None, "cause": "command", "actor": "Lan", "told_ms": NOW_MS - 8 * MINUTE_MS, "max_on_s": None,
        "value": None, "unit": None, "value_ms": None, "locked": False, "power_w": None, "ask_first": False, "command": None, **other,
    }  # fmt: skip


def sensor(id: str, name: str, value: float, unit: str, value_ms: int) -> dict[str, Any]:  # noqa: A002
    told = {"kind": "sensor", "on": None, "since_ms": None, "told_ms": None, "cause": None, "actor": None}
    return channel(id, name, "sensor", **told, value=value, unit=unit, value_ms=value_ms)


def device(id: str = DEVICE, name: str = "Nhà màng số 1", *channels: dict[str, Any], **other: Any) -> dict[str, Any]:  # noqa: A002
    own = [{**it, "device": id} for it in channels]
    return {
        "id": id, "site": "s1", "slug": "nha-mang", "name": name, "presence": "online", "presence_ms": NOW_MS - 3_600_000,
        "model": "sim", "version": "0.1.0", "channels": own, **other,
    }  # fmt: skip


def snapshot(*devices: dict[str, Any], role: str = "owner", link: str = "up") -> dict[str, Any]:
    site = {"id": "s1", "slug": "vuon-uom", "name": "Vườn ươm Lạng Sơn", "timezone": "Asia/Ho_Chi_Minh"}
    site |= {"tariff_vnd_kwh": None, "role": role}
    return deepcopy({"now_ms": NOW_MS, "link": link, "sites": [site], "devices": list(devices), "favourites": []})


def leased(until_ms: int = NOW_MS + 552_000) -> dict[str, Any]:
    return {"on": True, "lease_until_ms": until_ms}


def demo() -> dict[str, Any]:
    """Four quiet channels: what a first visitor sees."""
    return snapshot(
        device(
            DEVICE,
            "Thiết bị mô phỏng",
            channel("may-bom", "Máy bơm", "pump"),
            channel("den", "Đèn", "lamp", on=True),
            channel("quat", "Quạt", "fan", cause="boot", actor=None),
            channel("cong", "Cổng", "gate", cause="button", actor=None),
        )
    )


def every_state() -> dict[str, Any]:
    """One channel for each thing that the page can show."""
    present = device(
        DEVICE,
        "Nhà màng số 1",
        channel("may-bom", "Máy bơm", "pump", **leased()),
        channel("den", "Đèn lối đi", "lamp"),
        channel("quat", "Quạt thông gió", "fan", command=command("quat", "published")),
        channel("cong", "Cổng", "gate", command=command("cong", "rejected", reason="interlock")),
        channel("van", "Van tưới nhỏ giọt", "valve", on=True, command=command("van", "unconfirmed", on=False)),
        channel("suoi", "Đèn sưởi úm gà con", "heater", locked=True, cause="lease"),
        channel("o-cam", "Ổ cắm", "socket", on=None),
        channel("cua", "Cửa kho", "gate", kind="contact", on=True, cause="input", actor=None),
        channel("nut", "Nút dừng", "socket", kind="button", cause="input", actor=None, since_ms=NOW_MS - 86_400_000),
        channel("nhiet", "Nhiệt độ", "sensor", kind="sensor", on=None, since_ms=None, told_ms=None, cause=None),
        sensor("am", "Độ ẩm đất", 62.25, "%", NOW_MS - 20_000),
        sensor("xa", "Áp suất", 1013.5, "hPa", NOW_MS - 20 * MINUTE_MS),
        channel(
            "bom-2",
            "Bơm giếng",
            "pump",
            **leased(),
            command=command(
                "bom-2", "applied", clamped=True, changed=True, published_ms=NOW_MS - MINUTE_MS, answered_ms=NOW_MS - MINUTE_MS
            ),
        ),
        channel("den-2", "Đèn sân", "lamp", since_ms=None, cause=None, actor=None),
        channel("den-3", "Đèn cổng", "lamp", command=command("den-3", "expired", on=False), on=True),
        channel("den-4", "Đèn kho", "lamp", command=command("den-4", "cancelled")),
        channel("den-5", "Đèn ao", "lamp", command=command("den-5", "accepted", on=False), on=True),
        channel("bom-3", "Bơm ao", "pump", on=True, lease_until_ms=NOW_MS - 1000),
        channel("bom-4", "Bơm đồi", "pump", command=command("bom-4", "rejected", reason="too_soon", retry_after_ms=12_000)),
        channel("bom-5", "Bơm suối", "pump", on=True, lease_until_ms=NOW_MS + 100_000_000, cause="schedule"),
        channel("moi", "Mới", "socket", on=None, since_ms=None, told_ms=None, cause=None, actor=None),
        channel("la", "Lạ", "rocket", cause="something_new", command=command("la", "rejected", reason="something_new")),
    )
    absent = device(
        ABSENT,
        "Trạm bơm suối",
        channel("may-bom", "Máy bơm", "pump", **leased()),
        sensor("lanh", "Kho lạnh", -0.04, "°C", NOW_MS - 6 * MINUTE_MS),
        channel("van", "Van xả", "valve", told_ms=NOW_MS - 5 * MINUTE_MS, command=command("van", "waiting", device=ABSENT)),
        presence="offline",
        presence_ms=NOW_MS - 5 * MINUTE_MS,
    )
    blank = device("00000000000000c3", "Chưa báo", presence="unknown", presence_ms=None)
    return snapshot(present, absent, blank)


def showcase() -> dict[str, Any]:
    """The six pictures, as in the documentation."""
    everything = every_state()
    present, absent, _ = everything["devices"]
    present["channels"] = present["channels"][:5]
    absent["channels"] = absent["channels"][:1]
    everything["devices"] = [present, absent]
    return everything


def rekey(current: dict[str, Any], device_id: str, channel_id: str, **changes: Any) -> dict[str, Any]:
    """The channel of a snapshot, changed there, as the live stream would tell it."""
    found = next(it for it in current["devices"] if it["id"] == device_id)
    told: dict[str, Any] = next(it for it in found["channels"] if it["id"] == channel_id)
    told.update(changes)
    return told
