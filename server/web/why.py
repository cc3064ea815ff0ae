"""Why a channel is as it is, in one sentence, and what happens to it next. Pure; the page's `why.js` has the same rules, and a test
compares them.
"""

from server.web.actors import who
from server.web.i18n import Words
from server.web.shapes import Channel, Command
from server.web.times import age, clock_time, left
from server.web.words import Around, Look, in_doubt, look_of, measure, notice, state_word


def why_so(channel: Channel, around: Around, presence_ms: int | None, t: Words) -> str:
    """One sentence: why it is on or off, or why that is not known. Names stand in it as far as `channel` has them."""
    look = look_of(channel, around)
    match look:
        case Look.PENDING:
            return _pending(channel["command"], t)
        case Look.READING:
            return _measured(channel, around, t)
        case Look.ON | Look.OFF:
            return _known(channel, around, t)
        case Look.UNKNOWN | Look.OFFLINE:
            return _unknown(channel, around, presence_ms, t)


def what_next(channel: Channel, around: Around, t: Words) -> list[str]:
    """What is sure to happen to it, as far as device and server have it already: the end of a lease, a command that waits."""
    following = []
    until_ms, command = channel["lease_until_ms"], channel["command"]
    if channel["on"] and until_ms is not None and until_ms > around.now_ms:
        time = clock_time(until_ms, around.now_ms, around.timezone)
        key = "next.lease" if look_of(channel, around) is Look.ON else "next.lease_alone"
        following.append(t(key, time=time, left=left(until_ms, around.now_ms, t)))
    if command is not None and command["fate"] == "waiting":
        following.append(notice(command, channel, around, t))
    return following


def _pending(command: Command | None, t: Words) -> str:
    actor = command["actor"] if command else None
    return t(f"why.pending_{'on' if command and command['on'] else 'off'}", actor=who(actor, t) if actor else t("why.somebody"))


def _measured(channel: Channel, around: Around, t: Words) -> str:
    told = measure(channel["value"] or 0, channel["unit"], t)
    return t("why.measured", value=told, age=age(channel["value_ms"] or 0, around.now_ms, t))


def _wish(command: Command) -> str:
    return "on" if command["on"] else "off"


def _known(channel: Channel, around: Around, t: Words) -> str:
    places = {"word": state_word(channel, t), "by": _by(channel, t), "rest": _rest(channel, around, t)}
    since_ms = channel["since_ms"]
    if since_ms is None:
        return t("why.is", **places)
    return t("why.since", time=clock_time(since_ms, around.now_ms, around.timezone), **places)


def _by(channel: Channel, t: Words) -> str:
    cause, actor = channel["cause"], channel["actor"]
    if cause is None:
        return t("why.by_nothing")
    if cause == "command" and actor:
        return t("why.by_actor", actor=who(actor, t))
    return t.first(f"why.by_{cause}", "why.by_other")


def _rest(channel: Channel, around: Around, t: Words) -> str:
    until_ms = channel["lease_until_ms"]
    if not channel["on"] or until_ms is None:
        return ""
    return t("why.left", left=left(until_ms, around.now_ms, t)) if until_ms > around.now_ms else t("why.due")


def _unknown(channel: Channel, around: Around, presence_ms: int | None, t: Words) -> str:
    reason = _reason(channel, around, presence_ms, t)
    if channel["value"] is not None:
        said, old = measure(channel["value"], channel["unit"], t), age(channel["value_ms"] or 0, around.now_ms, t)
        return t("why.last", reason=reason, word=said, age=old, end="")
    if channel["told_ms"] is None:
        return t("why.never", reason=reason)
    if channel["on"] is None:
        return t("why.unread", reason=reason)
    word, ago = state_word(channel, t).upper(), age(channel["told_ms"], around.now_ms, t)
    return t("why.last", reason=reason, word=word, age=ago, end=_end(channel, around, t))


def _reason(channel: Channel, around: Around, presence_ms: int | None, t: Words) -> str:
    """Why nothing is known, as the first half of a sentence."""
    if around.link == "down":
        return t("why.link_down")
    if around.presence == "revoked":
        return t("why.revoked")
    if around.presence == "offline":
        if presence_ms is None:
            return t("why.offline")
        return t("why.offline_since", time=clock_time(presence_ms, around.now_ms, around.timezone))
    command = channel["command"]
    unanswered = command is not None and (command["fate"] in ("accepted", "published") or in_doubt(command, channel))
    if around.presence == "online" and command is not None and unanswered:
        time = clock_time(command["created_ms"], around.now_ms, around.timezone)
        return t(f"why.unanswered_{_wish(command)}", time=time)
    return t("why.unheard" if around.presence == "unknown" else "why.unknown")


def _end(channel: Channel, around: Around, t: Words) -> str:
    """The device keeps its deadline alone."""
    until_ms = channel["lease_until_ms"]
    if not channel["on"] or until_ms is None:
        return ""
    time = clock_time(until_ms, around.now_ms, around.timezone)
    return t("why.ends" if until_ms > around.now_ms else "why.ended", time=time)
