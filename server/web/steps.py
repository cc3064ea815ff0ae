"""The steps of a channel's latest command, each as confirmed by the party that made it. Pure; `steps.js` has the same rules."""

from server.web.actors import who
from server.web.i18n import Words
from server.web.shapes import Command
from server.web.times import clock_second


def steps_of(command: Command, now_ms: int, timezone: str, t: Words) -> list[str]:
    """The steps, first to last, each with its time: asked, sent off, had by the device, and how it ended."""

    def at(ms: int, text: str) -> str:
        return f"{clock_second(ms, now_ms, timezone)} {text}"

    wish = "on" if command["on"] else "off"
    actor = who(command["actor"], t) if command["actor"] else t("step.somebody")
    steps = [at(command["created_ms"], t(f"step.asked_{wish}", actor=actor))]
    if command["published_ms"] is not None:
        steps.append(at(command["published_ms"], t("step.sent")))
    if command["answered_ms"] is not None:
        steps.append(at(command["answered_ms"], t("step.received")))
    end = _end(command, wish, t)
    if end:
        steps.append(at(command["settled_ms"], end) if command["settled_ms"] is not None else end)
    return steps


def _end(command: Command, wish: str, t: Words) -> str:
    match command["fate"]:
        case "applied":
            return t(f"step.{'done' if command['changed'] else 'already'}_{wish}")
        case "rejected":
            return t("step.rejected", why=why(command, t))
        case "accepted" | "published":
            return ""
        case fate:
            return t(f"step.{fate}")


def why(command: Command, t: Words) -> str:
    """Why a command was not done, in plain words."""
    if command["reason"] == "too_soon" and command["retry_after_ms"]:
        return t("reason.too_soon_in", n=-(-command["retry_after_ms"] // 1000))
    return t.first(f"reason.{command['reason'] or command['fate']}", "reason.other")
