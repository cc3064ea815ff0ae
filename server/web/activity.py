"""What the audit trail tells, in a person's words."""

from typing import Any, Final

from server.web.i18n import Words
from server.web.times import HOME_ZONE, clock_second

WORDS: Final = {
    "POST /api/v1/devices/{device_id}/channels/{channel}/commands": "activity.what.switch",
    "POST /devices/{device_id}/channels/{channel}": "activity.what.switch",
    "POST /api/v1/commands/{command_id}/cancel": "activity.what.cancel",
    "POST /sign-in": "activity.what.sign_in",
    "POST /sign-in/{token}": "activity.what.sign_in",
    "POST /prove": "activity.what.prove",
    "POST /account/password": "activity.what.password",
    "POST /account/password/remove": "activity.what.password_removed",
    "POST /account/sessions/end-others": "activity.what.sessions_ended",
    "POST /account/sessions/{session_id}/end": "activity.what.session_ended",
    "DELETE /api/v1/sessions/{session_id}": "activity.what.session_ended",
    "POST /sign-out": "activity.what.sign_out",
    "POST /language": "activity.what.language",
    "admin sign-in-link": "activity.what.link_made",
    "admin add-device": "activity.what.device_added",
    "message": "activity.what.message",
    "more requests": "activity.what.more",
}
_WHO: Final = {
    "anonymous": "activity.who.anonymous",
    "admin": "activity.who.admin",
    "guest": "activity.who.guest",
    "device": "activity.who.device",
    "user": "activity.who.gone",
}


def what(told: str, t: Words) -> str:
    """What was done; for what has no words of its own, the bare request."""
    return t(WORDS[told]) if told in WORDS else told


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
    return f"{device.name} · {channel.about.name}" if channel else str(device.name)


def when(at_ms: int, timezone: str | None) -> str:
    """The time with its day, in the site's zone."""
    return clock_second(at_ms, 0, timezone or HOME_ZONE)
