"""The events' table. (device, journal, seq) is unique for ever, so that an event sent twice is kept once."""

from typing import Final

from sqlalchemy import Index
from sqlmodel import Field

from server.db import Table, millis

LOST: Final = "lost"
"""The kind of a row of the server's own: this record and those before it never came, since the device no longer had them."""


class EventRow(Table, table=True):
    """One event, as the device told it, and when the server received it."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_device_id_at_ms", "device_id", "at_ms"),
        Index("ix_event_device_id_channel_at_ms", "device_id", "channel", "at_ms"),
    )

    device_id: str = Field(primary_key=True, foreign_key="device.id")
    journal: str = Field(primary_key=True, max_length=16)
    seq: int = millis(primary_key=True)
    at_ms: int = millis()
    clock: str = Field(max_length=10)
    kind: str = Field(max_length=20)
    channel: str | None = Field(default=None, max_length=32)
    on: bool | None = None
    cause: str | None = Field(default=None, max_length=20)
    actor: str | None = Field(default=None, max_length=120)
    command: str | None = Field(default=None, max_length=32)
    reason: str | None = Field(default=None, max_length=40)
    lease_until_ms: int | None = millis(default=None, nullable=True)
    received_ms: int = millis()
