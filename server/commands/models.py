"""The commands' table: a row for each, from before it is sent, kept with every step."""

from sqlalchemy import Index
from sqlmodel import Field

from server.db import Table, millis


class Command(Table, table=True):
    """One command; the fields are those of `record.CommandRecord`."""

    __tablename__ = "command"
    __table_args__ = (
        Index("uq_command_actor_id_idempotency_key", "actor_id", "idempotency_key", unique=True),
        Index("ix_command_device_id_created_ms", "device_id", "created_ms"),
        Index("ix_command_fate", "fate"),
    )

    id: str = Field(primary_key=True, max_length=32)
    device_id: str = Field(foreign_key="device.id")
    channel: str = Field(max_length=32)
    on: bool
    for_s: int | None = None
    actor_id: str = Field(max_length=40)
    actor: str = Field(max_length=120)
    created_ms: int = millis()
    expires_ms: int = millis()
    fate: str = Field(max_length=20)
    journal: str | None = Field(default=None, max_length=16)
    handed_over: bool = False
    idempotency_key: str | None = Field(default=None, max_length=80)
    reason: str | None = Field(default=None, max_length=40)
    published_ms: int | None = millis(default=None, nullable=True)
    answered_ms: int | None = millis(default=None, nullable=True)
    settled_ms: int | None = millis(default=None, nullable=True)
    read_back: bool | None = None
    changed: bool | None = None
    clamped: bool | None = None
    lease_until_ms: int | None = millis(default=None, nullable=True)
    retry_after_ms: int | None = millis(default=None, nullable=True)
