"""What sensors measured. A device's own health is told the same way, under names that are no channels (`protocol.health`)."""

from sqlalchemy import Index
from sqlmodel import Field

from server.db import Table, millis


class ReadingRow(Table, table=True):
    """One value at one time. Values that came thicker than they are kept are not here."""

    __tablename__ = "reading"
    __table_args__ = (Index("ix_reading_at_ms", "at_ms"),)

    device_id: str = Field(primary_key=True, foreign_key="device.id", max_length=16)
    channel: str = Field(primary_key=True, max_length=32)
    at_ms: int = millis(primary_key=True)
    value: float
    unit: str = Field(max_length=12)


class ReadingNow(Table, table=True):
    """The latest of them for each channel, so that a restart of the server need not look through all."""

    __tablename__ = "reading_now"

    device_id: str = Field(primary_key=True, foreign_key="device.id", max_length=16)
    channel: str = Field(primary_key=True, max_length=32)
    at_ms: int = millis()
    value: float
    unit: str = Field(max_length=12)
