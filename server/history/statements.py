"""What is written of history on the hot path."""

from typing import Final

from protocol.messages import Event
from server.db import Hot, Op, insert
from server.history.models import EventRow

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
