"""What the audit trail tells, in a person's words."""

from typing import Any, Final

from server.web.i18n import Words
from server.web.times import HOME_ZONE, clock_second

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
    "message": "activity.what.message",
    "more requests": "activity.what.more",
}
SEGMENTS: Final = {
    "account": "activity.what.account",
    "cancel": "activity.what.cancel",
    "channels": "activity.what.switch",
    "commands": "activity.what.switch",
    "devices": "activity.what.devices",
    "enrol": "activity.what.devices",
    "enroll": "activity.what.devices",
    "enrolments": "activity.what.devices",
    "erase": "activity.what.erase",
    "guest": "activity.what.be_guest",
    "guest-links": "activity.what.guest_links",
    "invitations": "activity.what.invitations",
    "language": "activity.what.language",
    "leave": "activity.what.leave",
    "members": "activity.what.members",
    "options": "activity.what.begin",
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
_WHO: Final = {
    "anonymous": "activity.who.anonymous",
    "admin": "activity.who.admin",
    "guest": "activity.who.guest",
    "device": "activity.who.device",
    "user": "activity.who.gone",
}


def what(told: str, facts: dict[str, Any], t: Words) -> str:
    """What was done; for what has no words of its own, the bare request."""
    key = key_of(told)
    if key == "activity.what.switch" and "on" in facts:
        return t("activity.what.on" if facts["on"] else "activity.what.off")
    return told if key is None else t(key)


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


def about(facts: dict[str, Any], things: dict[str, Any]) -> str:
    """The names of the device and the channel that it was about, as far as there are any."""
    device = things.get(facts.get("device_id", ""))
    if device is None:
        return ""
    channel = device.channels.get(facts.get("channel", ""))
    return f"{device.name} · {channel.name}" if channel else str(device.name)


def when(at_ms: int, timezone: str | None) -> str:
    """The time with its day, in the site's zone."""
    return clock_second(at_ms, 0, timezone or HOME_ZONE)
