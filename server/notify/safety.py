"""When it is told that a safety limit acted on a device. Pure: what the device told goes in, messages come out.

Told are: an output that the device switched off because it was on for as long as it may be, or because its link was lost; a wish
that an interlock refused; and outputs that were on when the power went and are off now that it is back. The same thing on the same
channel is told once in `quiet_ms`, and what happened longer than `late_ms` ago is history, not news.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from protocol.messages import Cause, Event, EventKind, Fate, Reason, Receipt
from server.notify.kinds import Message, What

SLACK_MS: Final = 1_500
GATHER_MS: Final = 3_000
MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Before:
    """A channel as it stood before its device told what is to be judged. `wished_s`: how long whoever switched it on wanted it on."""

    on: bool | None
    since_ms: int | None
    max_on_s: int | None
    wished_s: int | None


@dataclass(slots=True)
class _Start:
    """The outputs that a start after a power cut made safe, until all of them are heard."""

    key: str
    at_ms: int
    due_ms: int
    channels: list[str] = field(default_factory=list)


class Safety:
    """What was told of safety limits lately, and what is being gathered."""

    def __init__(self, quiet_ms: int, late_ms: int) -> None:
        self._quiet_ms = quiet_ms
        self._late_ms = late_ms
        self._told_ms: OrderedDict[tuple[str, str, What], int] = OrderedDict()
        self._starts: dict[str, _Start] = {}

    def event(self, device_id: str, event: Event, before: Before | None, now_ms: int) -> list[Message]:
        """A device told an event; and what is to be told up to then."""
        messages = self.advance(now_ms)
        what = judged(event, before)
        if what is None or event.channel is None or now_ms - event.at_ms > self._late_ms:
            return messages
        if what is What.POWER_CUT:
            self._gather(device_id, event, event.channel, now_ms)
            return messages
        key = f"event/{device_id}/{event.journal}/{event.seq}"
        return messages + self._once(Message(key, what, device_id, event.at_ms, {"channels": [event.channel]}), now_ms)

    def receipt(self, device_id: str, receipt: Receipt, asked_by: str | None, now_ms: int) -> list[Message]:
        """A device answered a command of that person's."""
        messages = self.advance(now_ms)
        if receipt.fate is not Fate.REJECTED or receipt.reason is not Reason.INTERLOCK:
            return messages
        facts = {"channels": [receipt.channel]}
        message = Message(f"command/{receipt.command}", What.INTERLOCK, device_id, receipt.at_ms, facts, but=asked_by)
        return messages + self._once(message, now_ms)

    def advance(self, now_ms: int) -> list[Message]:
        """What is to be told by now."""
        over = [device_id for device_id, start in self._starts.items() if start.due_ms <= now_ms]
        return [message for device_id in over for message in self._started(device_id, self._starts.pop(device_id), now_ms)]

    def _gather(self, device_id: str, event: Event, channel: str, now_ms: int) -> None:
        key = f"start/{device_id}/{event.journal}/{event.seq}"
        start = self._starts.setdefault(device_id, _Start(key, event.at_ms, 0))
        start.due_ms = now_ms + GATHER_MS
        if channel not in start.channels:
            start.channels.append(channel)

    def _started(self, device_id: str, start: _Start, now_ms: int) -> list[Message]:
        return self._once(Message(start.key, What.POWER_CUT, device_id, start.at_ms, {"channels": start.channels}), now_ms)

    def _once(self, message: Message, now_ms: int) -> list[Message]:
        place = (message.device_id, message.facts["channels"][0], message.what)
        last = self._told_ms.get(place)
        if last is not None and 0 <= now_ms - last < self._quiet_ms:
            return []
        self._told_ms[place] = now_ms
        self._told_ms.move_to_end(place)
        while len(self._told_ms) > MOST_REMEMBERED:
            self._told_ms.popitem(last=False)
        return [message]


def judged(event: Event, before: Before | None) -> What | None:
    """Which limit acted, by what the device told; None: none did."""
    if event.kind is EventKind.REFUSED:
        return What.INTERLOCK if event.reason is Reason.INTERLOCK else None
    if event.kind is not EventKind.SWITCHED or event.on is not False:
        return None
    match event.cause:
        case Cause.LINK_LOSS:
            return What.LINK_LOSS
        case Cause.INTERLOCK:
            return What.INTERLOCK
        case Cause.BOOT:
            return What.POWER_CUT if before is not None and before.on is True else None
        case Cause.LEASE:
            return What.LIMIT if before is not None and _was_at_its_limit(event, before) else None
        case _:
            return None


def _was_at_its_limit(event: Event, before: Before) -> bool:
    """Whether it was on for as long as its device ever allows, and nobody wished for just that."""
    if before.max_on_s is None or before.since_ms is None or before.on is not True:
        return False
    if before.wished_s is not None and before.wished_s <= before.max_on_s:
        return False
    return event.at_ms - before.since_ms >= before.max_on_s * 1000 - SLACK_MS
