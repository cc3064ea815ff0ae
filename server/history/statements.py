"""What is written of history on the hot path."""

from typing import Final

from protocol.messages import ClockTrust, Event
from server.db import Hot, Op, insert
from server.history.models import LOST, EventRow

KEEP_EVENT: Final = Hot(
    insert(EventRow).on_conflict_do_nothing(index_elements=["device_id", "journal", "seq"]),
    rank=20,
)


def keep_event(device_id: str, event: Event, received_ms: int) -> Op:
    """Keep an event; one that is kept already stays as it is."""
    return KEEP_EVENT(
        device_id=device_id,
        journal=event.journal,
        seq=event.seq,
        at_ms=event.at_ms,
        clock=event.clock,
        kind=event.kind,
        channel=event.channel,
        on=event.on,
        cause=event.cause,
        actor=event.actor,
        command=event.command,
        reason=event.reason,
        lease_until_ms=event.lease_until_ms,
        received_ms=received_ms,
    )


def keep_loss(device_id: str, journal: str, seq: int, now_ms: int) -> Op:
    """Keep that a device's records up to this number will never come."""
    told = {"device_id": device_id, "journal": journal, "seq": seq, "at_ms": now_ms, "received_ms": now_ms}
    nothing = dict.fromkeys(("channel", "on", "cause", "actor", "command", "reason", "lease_until_ms"))
    return Op(KEEP_EVENT, {**told, **nothing, "clock": ClockTrust.SERVER, "kind": LOST})
