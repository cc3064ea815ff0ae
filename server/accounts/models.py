"""People, the links that let them in once, and their sessions. No token is kept, only its SHA-256."""

from sqlmodel import Field

from server.db import Table, millis


class User(Table, table=True):
    """A person: a name, and nothing else personal."""

    __tablename__ = "person"  # `user` is a reserved word in PostgreSQL

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=80)
    created_ms: int = millis()


class SignInLink(Table, table=True):
    """A way in that works once, until `expires_ms`. `token_hash`: SHA-256 in hex."""

    __tablename__ = "sign_in_link"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    created_ms: int = millis()
    expires_ms: int = millis()
    used_ms: int | None = millis(default=None, nullable=True)


class Session(Table, table=True):
    """A browser that is signed in, until `ends_ms` or too long after `seen_ms`. `token_hash`: SHA-256 in hex."""

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    created_ms: int = millis()
    seen_ms: int = millis()
    ends_ms: int = millis(index=True)
