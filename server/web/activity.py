"""What the audit trail tells, in a person's words."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, TypeVar

from server.web.i18n import Words
from server.zones import zone_of

WORDS: Final = {
    "POST /account/password/remove": "activity.what.password_removed",
    "POST /account/sessions/end-others": "activity.what.sessions_ended",
    "PATCH /api/v1/devices/{device_id}/channels/{channel}": "activity.what.channel",
    "POST /devices/{device_id}/channels/{channel}/move": "activity.what.channel",
    "POST /devices/{device_id}/channels/{channel}/settings": "activity.what.channel",
    "POST (no such address)": "activity.what.nowhere",
    "admin sign-in-link": "activity.what.link_made",
    "admin add-device": "activity.what.device_added",
    "admin enroll-code": "activity.what.devices",
    "admin revoke-device": "activity.what.devices",
    "erased a person": "activity.what.erase",
    "gap": "activity.what.gap",
    "message": "activity.what.message",
    "more requests": "activity.what.more",
    "start": "activity.what.start",
}
SEGMENTS: Final = {
    "account": "activity.what.account",
    "all-off": "activity.what.all_off",
    "cancel": "activity.what.cancel",
    "channels": "activity.what.switch",
    "commands": "activity.what.switch",
    "devices": "activity.what.devices",
    "enrol": "activity.what.devices",
    "enroll": "activity.what.devices",
    "enrolments": "activity.what.devices",
    "erase": "activity.what.erase",
    "favourite": "activity.what.favourite",
    "guest": "activity.what.be_guest",
    "guest-links": "activity.what.guest_links",
    "invitations": "activity.what.invitations",
    "language": "activity.what.language",
    "leave": "activity.what.leave",
    "members": "activity.what.members",
    "options": "activity.what.begin",
    "notifications": "activity.what.notifications",
    "passkeys": "activity.what.passkeys",
    "password": "activity.what.password",
    "preview": "activity.what.preview",
    "prove": "activity.what.prove",
    "schedules": "activity.what.schedules",
    "sessions": "activity.what.session_ended",
    "sign-in": "activity.what.sign_in",
    "sign-out": "activity.what.sign_out",
    "sites": "activity.what.sites",
    "theme": "activity.what.theme",
    "tokens": "activity.what.tokens",
}
"""What a route is about, by a segment of it; the last that is known tells."""
MESSAGE: Final = 400
"""The status of what a device said and the server refused: its reasons are none of a command's."""
KINDS: Final = ("switching", "schedules", "people", "devices", "places", "account", "entering", "other")
_KIND_OF: Final = {
    "all_off": "switching",
    "switch": "switching",
    "cancel": "switching",
    "preview": "schedules",
    "schedules": "schedules",
    "members": "people",
    "invitations": "people",
    "guest_links": "people",
    "leave": "people",
    "link_made": "people",
    "channel": "devices",
    "devices": "devices",
    "device_added": "devices",
    "sites": "places",
    "account": "account",
    "erase": "account",
    "favourite": "account",
    "language": "account",
    "notifications": "account",
    "passkeys": "account",
    "password": "account",
    "password_removed": "account",
    "theme": "account",
    "tokens": "account",
    "begin": "entering",
    "be_guest": "entering",
    "prove": "entering",
    "session_ended": "entering",
    "sessions_ended": "entering",
    "sign_in": "entering",
    "sign_out": "entering",
}
"""The kind of each thing that can be done, by the last part of its key; the rest is `other`."""
_DEEDS: Final = {
    "admin enroll-code": "made",
    "admin revoke-device": "ended",
    "POST /api/v1/devices/{device_id}/enrolments": "replace",
    "POST /api/v1/enrol": "enrol",
    "delete": "ended",
    "remove": "ended",
    "rename": "changed",
    "revoke": "ended",
}
"""What is done to the thing that a route is about, by the whole route or its last segment."""
_WHO: Final = {
    "anonymous": "activity.who.anonymous",
    "admin": "activity.who.admin",
    "guest": "activity.who.guest",
    "device": "activity.who.device",
    "server": "activity.who.server",
    "user": "activity.who.gone",
}


def what(told: str, facts: dict[str, Any], t: Words) -> str:
    """What was done; for what has no words of its own, the bare request."""
    key = key_of(told)
    if key == "activity.what.switch" and "on" in facts:
        return t("activity.what.on" if facts["on"] else "activity.what.off")
    if key is None:
        return told
    return t.first(f"activity.deed.{key.rpartition('.')[2]}_{_deed(told)}", key)


def _deed(told: str) -> str:
    """`made`, `changed`, `ended`, or the last segment of a route that does something else."""
    method, _, path = told.partition(" ")
    last = path.rpartition("/")[2]
    if told in _DEEDS:
        return _DEEDS[told]
    if method == "DELETE":
        return "ended"
    if last.startswith("{") or method in ("PATCH", "PUT"):
        return "changed"
    return "made" if last in SEGMENTS else _DEEDS.get(last, last)


def key_of(told: str) -> str | None:
    """The key of the words for what was done, None where there are none."""
    known = [SEGMENTS[segment] for segment in told.split("/")[1:] if segment in SEGMENTS]
    return WORDS.get(told, known[-1] if known else None)


def who(actor: str, name: str | None, t: Words) -> str:
    """Who did it."""
    return name or t(_WHO.get(actor.partition(":")[0], "activity.who.elsewhere"))


def result(status: int) -> str:
    """How it ended: `done`, `refused` or `failed`."""
    return "done" if 100 <= status < 400 else "failed" if status >= 500 else "refused"


def kind_of(told: str) -> str:
    """One of KINDS."""
    return _KIND_OF.get((key_of(told) or "").rpartition(".")[2], "other")


def why(status: int, reason: str | None, t: Words) -> str:
    """Why it was refused or failed, without a word of programs."""
    special = [] if reason is None else [f"activity.why.{reason}"]
    special += [f"reason.{reason}"] if reason is not None and status != MESSAGE else []
    kind = "500" if status >= 500 else "other"
    return t.first(*special, f"activity.why.{status}", f"activity.why.{kind}")


def about(facts: dict[str, Any], things: dict[str, Any]) -> tuple[str, str]:
    """The names of the channel and of the device that it was about, as far as there are any."""
    device = things.get(facts.get("device_id", ""))
    if device is None:
        return "", ""
    channel = device.channels.get(facts.get("channel", ""))
    return (str(channel.name) if channel else ""), str(device.name)


def chip(field: str, value: str, choices: Any, t: Words) -> str:
    """What a field of the form is narrowed to. `choices`: the names of people and devices."""
    match field:
        case "who":
            return str(choices.people.get(value) or t(f"activity.who.{value}"))
        case "device":
            return str(choices.devices[value])
        case "kind":
            return t(f"activity.kinds.{value}")
        case "result":
            return t(f"activity.result.{value}")
        case _:
            day = f"{date.fromisoformat(value):%d/%m/%Y}"
            return t("activity.since_day", day=day) if field == "since" else t("activity.until_day", day=day)


Row = TypeVar("Row")


def by_day(rows: Iterable[Row], timezone: str, now_ms: int, t: Words) -> list[tuple[str, list[Row]]]:
    """The rows (each with `at_ms`) under what their days are called: today, yesterday, or `28/07/2026`."""
    today = _at(now_ms, timezone).date()
    called = {today: t("activity.today"), today - timedelta(days=1): t("activity.yesterday")}
    days = groupby(rows, key=lambda row: _at(row.at_ms, timezone).date())  # type: ignore[attr-defined]
    return [(called.get(day, f"{day:%d/%m/%Y}"), list(its)) for day, its in days]


def clock(at_ms: int, timezone: str) -> str:
    """The time of a day, to the second."""
    return f"{_at(at_ms, timezone):%H:%M:%S}"


def _at(at_ms: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone_of(timezone))
