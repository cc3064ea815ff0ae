"""The table of schedules: one row a rule."""

from sqlmodel import Field

from server.db import Table, millis


class Schedule(Table, table=True):
    """A rule of a device's channel. `rule` is the wire's JSON, its id and channel as here; `made_by` empty: somebody who was erased."""

    __tablename__ = "schedule"

    id: str = Field(primary_key=True, max_length=16)
    site_id: str = Field(foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    device_id: str = Field(foreign_key="device.id", ondelete="CASCADE", index=True, max_length=16)
    channel: str = Field(max_length=32)
    name: str = Field(max_length=80)
    rule: str
    enabled: bool
    made_by: str | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True, max_length=32)
    created_ms: int = millis()
    changed_ms: int = millis()
