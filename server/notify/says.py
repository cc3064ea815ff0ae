"""A letter in words. Pure but for the catalogues."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from server.notify.kinds import What
from server.notify.outcome import Said
from server.web.i18n import Words
from server.web.times import HOME_ZONE, clock_time

DAY_S: Final = 86_400
URGENT: Final = (What.LIMIT, What.LINK_LOSS, What.INTERLOCK, What.POWER_CUT, What.AWAY)
ACCOUNT_PAGE: Final = "/account"


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called now. `channels`: by id, those of the device."""

    device: str
    site: str
    timezone: str
    channels: dict[str, str]


def say(what: str, facts: dict[str, Any], at_ms: int, device_id: str | None, names: Names | None, t: Words, now_ms: int) -> Said:
    """The message for a person. `names` None: the device is no more, or the message is about none."""
    if device_id is None or names is None:
        title, body = t("notify.say.test_title"), t("notify.say.test")
        return Said(title, body, t.language, _tag(what, ""), ACCOUNT_PAGE, at_ms, urgent=True, lasts_s=DAY_S)
    zone = names.timezone or HOME_ZONE
    places = {
        "device": names.device,
        "time": clock_time(at_ms, now_ms, zone),
        "since": clock_time(facts.get("since_ms", at_ms), now_ms, zone),
        "channels": ", ".join(names.channels.get(channel, channel) for channel in facts.get("channels", [])),
    }
    title = t(f"notify.title.{what}", **places)
    path = f"/devices/{device_id}"
    urgent = What(what) in URGENT
    # what took its place on the screen: away and back are one story, each limit is its own
    story = facts.get("since_ms") or f"{at_ms}{places['channels']}"
    told = t(f"notify.say.{what}", **places)
    body = f"{told} ({names.site})"
    return Said(title, body, t.language, _tag(device_id, str(story)), path, at_ms, urgent=urgent, lasts_s=DAY_S)


def _tag(first: str, second: str) -> str:
    return hashlib.sha256(f"{first}/{second}".encode()).hexdigest()[:24]
