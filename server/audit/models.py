"""The audit trail's table: one row for each thing that somebody did, or was not let do."""

from sqlalchemy import Index
from sqlmodel import Field

from server.db import Table, millis


class AuditRow(Table, table=True):
    """One row of the chain. `facts`: a JSON object, kept as it was hashed; `hash`: see `chain.py`."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_site_id_seq", "site_id", "seq"),
        Index("ix_audit_actor_seq", "actor", "seq"),
    )

    seq: int = millis(primary_key=True)
    at_ms: int = millis()
    actor: str = Field(max_length=60)
    address: str | None = Field(default=None, max_length=60)
    what: str = Field(max_length=120)
    status: int
    reason: str | None = Field(default=None, max_length=60)
    site_id: str | None = Field(default=None, max_length=32)
    facts: str = Field(max_length=2000)
    hash: str = Field(max_length=64)
