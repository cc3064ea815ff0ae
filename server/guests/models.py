"""The tables of guest links. No token is kept, only its SHA-256."""

from sqlmodel import Field

from server.db import Table, millis


class GuestLink(Table, table=True):
    """A link that lets whoever opens it see and switch some channels until `expires_ms`. `ended_ms`: revoked."""

    __tablename__ = "guest_link"

    id: str = Field(primary_key=True, max_length=32)
    token_hash: str = Field(unique=True, max_length=64)
    site_id: str = Field(foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    name: str = Field(max_length=80)
    made_by: str | None = Field(default=None, foreign_key="person.id", ondelete="SET NULL", index=True, max_length=32)
    created_ms: int = millis()
    expires_ms: int = millis()
    longest_on_s: int
    last_used_ms: int | None = millis(default=None, nullable=True)
    ended_ms: int | None = millis(default=None, nullable=True)


class GuestChannel(Table, table=True):
    """A channel that a link grants."""

    __tablename__ = "guest_channel"

    link_id: str = Field(primary_key=True, foreign_key="guest_link.id", ondelete="CASCADE", max_length=32)
    device_id: str = Field(primary_key=True, foreign_key="device.id", ondelete="CASCADE", max_length=16)
    channel: str = Field(primary_key=True, max_length=32)


class GuestSession(Table, table=True):
    """A browser in which a link was opened. It lasts as long as the link."""

    __tablename__ = "guest_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    link_id: str = Field(foreign_key="guest_link.id", ondelete="CASCADE", index=True, max_length=32)
    created_ms: int = millis()
