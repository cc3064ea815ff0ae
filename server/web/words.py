"""What a channel looks like and which words go with it. Pure; the page's `words.js` has the same rules, and a test compares them."""

from dataclasses import dataclass
from enum import StrEnum
from math import floor
from typing import Final

from server.web.actors import who
from server.web.i18n import Words
from server.web.shapes import Channel, Command, Device, LinkWord, Role, Site
from server.web.steps import steps_of, why
from server.web.times import age, clock_time, left

GRACE_MS: Final = 15_000
FAILURE_SHOWN_MS: Final = 600_000
MEASURED_MS: Final = 900_000
"""An older value of a sensor says nothing about now."""
DOT: Final = " · "


class Look(StrEnum):
    """The pictures of a channel. ON and OFF are what its device told, READING is what it measures; the others say what is not known."""

    OFF = "off"
    ON = "on"
    PENDING = "pending"
    UNKNOWN = "unknown"
    OFFLINE = "offline"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Around:
    """What a channel's words depend on beside the channel itself."""

    now_ms: int
    link: LinkWord
    presence: str
    role: Role
    timezone: str

    @classmethod
    def of(cls, device: Device, site: Site, link: LinkWord, now_ms: int) -> "Around":
        """The surroundings of a device's channels."""
        return cls(now_ms, link, device["presence"], site["role"], site["timezone"])

    @property
    def reachable(self) -> bool:
        """Whether a command could get to the device now."""
        return self.link == "up" and self.presence == "online"


@dataclass(frozen=True, slots=True)
class View:
    """One channel as a person sees it: `word` and `told` read as one sentence.

    `failed`: the notice tells of a command that was refused or came too late. `asks`: what a tap asks for, None where it cannot be
    used. `wanted`: what a pending command wants. `steps`: what became of the latest command, step by step.
    `lease`: seconds left and in all, while a lease runs.
    """

    look: Look
    word: str
    told: str
    notice: str
    steps: list[str]
    failed: bool
    checked: bool
    wanted: bool
    asks: bool | None
    lease: tuple[int, int] | None


def view(channel: Channel, around: Around, t: Words) -> View:
    """The channel in words."""
    look = look_of(channel, around)
    asks = _asks(channel, around, look)
    command = channel["command"]
    said = notice(command, channel, around, t) if command else ""
    return View(
        look=look,
        word=_word(channel, look, around.presence, t),
        told=_told(channel, around, look, asks, t),
        notice=said,
        steps=steps_of(command, around.now_ms, around.timezone, t) if command else [],
        failed=said != "" and command is not None and command["fate"] in ("rejected", "expired"),
        checked=channel["on"] is True,
        wanted=command is not None and command["on"],
        asks=asks,
        lease=_lease(channel, around) if look is Look.ON else None,
    )


def look_of(channel: Channel, around: Around) -> Look:
    """Which picture tells the truth now."""
    if around.link == "down" or around.presence == "unknown":
        return Look.UNKNOWN
    if around.presence in ("offline", "revoked"):
        return Look.OFFLINE
    if channel["value"] is not None:
        return Look.READING if around.now_ms - (channel["value_ms"] or 0) < MEASURED_MS else Look.UNKNOWN
    command = channel["command"]
    if command and command["fate"] in ("accepted", "published"):
        return Look.PENDING if around.now_ms < command["expires_ms"] + GRACE_MS else Look.UNKNOWN
    if channel["on"] is None or (command and in_doubt(command, channel)):
        return Look.UNKNOWN
    return Look.ON if channel["on"] else Look.OFF


def notice(command: Command, channel: Channel, around: Around, t: Words) -> str:
    """What went otherwise than asked with the latest command; "" when there is nothing to say, or not any more."""
    wish = "on" if command["on"] else "off"
    match command["fate"]:
        case "waiting":
            return t(f"notice.waiting_{wish}", time=clock_time(command["expires_ms"], around.now_ms, around.timezone))
        case "unconfirmed" if in_doubt(command, channel):
            return t(f"notice.unconfirmed_{wish}")
        case "rejected" | "expired" if _recent(command, channel, around):
            return t(f"notice.failed_{wish}", why=why(command, t))
        case "cancelled" if _recent(command, channel, around):
            return t("notice.cancelled")
        case "applied" if command["clamped"] and channel["on"] and _lease(channel, around):
            return t("notice.clamped")
    return ""


def _asks(channel: Channel, around: Around, look: Look) -> bool | None:
    usable = channel["kind"] == "output" and around.role != "viewer" and not channel["locked"] and around.reachable
    match look:
        case Look.OFF:
            return True if usable else None
        case Look.ON | Look.UNKNOWN:
            return False if usable else None
        case Look.PENDING | Look.OFFLINE | Look.READING:
            return None


def measure(value: float, unit: str | None, t: Words) -> str:
    """`24,3 °C`, `62,0%`, from a hundred on without a fraction."""
    digits = 0 if abs(value) >= 100 else 1
    rounded = floor(value * 10**digits + 0.5) / 10**digits
    space = "" if unit in (None, "%") else "\N{NO-BREAK SPACE}"
    return f"{rounded:.{digits}f}".replace(".", t("look.decimal")) + space + (unit or "")


def _word(channel: Channel, look: Look, presence: str, t: Words) -> str:
    if look is Look.READING and channel["value"] is not None:
        return measure(channel["value"], channel["unit"], t)
    if channel["kind"] == "sensor" and look is Look.UNKNOWN and channel["on"] is channel["value"] is None:
        return t("look.sensor")
    if look in (Look.ON, Look.OFF):
        return state_word(channel, t)
    return t(f"presence.{presence}" if look is Look.OFFLINE else f"look.{look}")


def state_word(channel: Channel, t: Words) -> str:
    """What it is, as last told: on or off, open or closed, pressed or not."""
    pair = {"contact": ("open", "closed"), "button": ("released", "pressed")}.get(channel["kind"], ("off", "on"))
    return t(f"look.{pair[bool(channel['on'])]}")


def _told(channel: Channel, around: Around, look: Look, asks: bool | None, t: Words) -> str:
    match look:
        case Look.PENDING:
            return _pending(channel, t)
        case Look.UNKNOWN | Look.OFFLINE:
            parts = _last(channel, around, t) + ([t("told.tap_off")] if asks is False else [])
            return _dotted(parts).strip()
        case Look.READING:
            return age(channel["value_ms"] or 0, around.now_ms, t)
        case Look.ON | Look.OFF:
            return _history(channel, around, t)


def _dotted(parts: list[str]) -> str:
    return "".join(DOT + part for part in parts if part)


def _pending(channel: Channel, t: Words) -> str:
    command = channel["command"]
    step = "sent" if command and command["fate"] == "published" else "sending"
    return t(f"told.{step}_{'on' if command and command['on'] else 'off'}")


def _last(channel: Channel, around: Around, t: Words) -> list[str]:
    if channel["value"] is not None:
        said = measure(channel["value"], channel["unit"], t)
        return [t("told.last", word=said, age=age(channel["value_ms"] or 0, around.now_ms, t))]
    if channel["kind"] == "sensor" and channel["on"] is None:
        return []
    if channel["told_ms"] is None:
        return [t("told.never")]
    if channel["on"] is None:
        return [t("told.unreadable")]
    ago = age(channel["told_ms"], around.now_ms, t)
    parts = [t("told.last", word=state_word(channel, t).upper(), age=ago)]
    if channel["on"] and channel["lease_until_ms"]:
        parts.append(t("told.ends", time=clock_time(channel["lease_until_ms"], around.now_ms, around.timezone)))
    return parts


def _history(channel: Channel, around: Around, t: Words) -> str:
    by = who(channel["actor"], t) if channel["cause"] == "command" and channel["actor"] else None
    if by is None and channel["cause"]:
        by = t.first(f"cause.{channel['cause']}", "cause.other")
    since_ms = channel["since_ms"]
    since = t("told.since", time=clock_time(since_ms, around.now_ms, around.timezone)) if since_ms is not None else ""
    parts = [since, by or "", remaining(channel, around, t), t("told.locked") if channel["locked"] else ""]
    return _dotted(parts).removeprefix(DOT) if since else _dotted(parts).strip()


def remaining(channel: Channel, around: Around, t: Words) -> str:
    """How long a lease still runs; "" where none does."""
    until_ms = channel["lease_until_ms"]
    if not channel["on"] or until_ms is None:
        return ""
    return t("told.left", left=left(until_ms, around.now_ms, t)) if until_ms > around.now_ms else t("told.due")


def _lease(channel: Channel, around: Around) -> tuple[int, int] | None:
    since_ms, until_ms = channel["since_ms"], channel["lease_until_ms"]
    if since_ms is None or until_ms is None or until_ms <= around.now_ms or since_ms >= until_ms:
        return None
    return -((around.now_ms - until_ms) // 1000), -((since_ms - until_ms) // 1000)


def in_doubt(command: Command, channel: Channel) -> bool:
    """Whether nothing was heard of the channel since its command was given up."""
    given_up_ms = command["settled_ms"] or command["expires_ms"]
    return command["fate"] == "unconfirmed" and (channel["told_ms"] or 0) <= given_up_ms


def _recent(command: Command, channel: Channel, around: Around) -> bool:
    """Whether a failure is still news: settled a while ago at most, and the channel has not changed since."""
    settled_ms = command["settled_ms"] or command["expires_ms"]
    return around.now_ms - settled_ms < FAILURE_SHOWN_MS and (channel["since_ms"] or 0) <= settled_ms
