"""The invitations' table. No token is kept, only its SHA-256."""

from sqlmodel import Field

from server.db import Table, millis


class Invitation(Table, table=True):
    """A link to membership: works until `expires_ms` (null: no date), and with `once` for one person. `ended_ms`: used or revoked."""

    __tablename__ = "invitation"

    id: str = Field(primary_key=True, max_length=32)
    token_hash: str = Field(unique=True, max_length=64)
    site_id: str = Field(foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    role: str = Field(max_length=16)
    note: str = Field(max_length=80)
    invited_by: str | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True, max_length=32)
    created_ms: int = millis()
    expires_ms: int | None = millis(default=None, nullable=True)
    once: bool
    uses: int
    ended_ms: int | None = millis(default=None, nullable=True)
