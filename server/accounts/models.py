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
    """A browser that is signed in, until `ends_ms` or too long after `seen_ms`. `token_hash`: SHA-256 in hex.

    `id` is what others may know of it, and stays. The token does not: `former_hash` is that of the token before, good until
    `former_ms`, and `nonce` is what made the token from that one. `roles_mark`: the person's roles when the token was made, as
    `sessions.mark_of` writes them. `proved_ms`: when the person last proved who they are. `browser`: a plain word, or nothing.
    """

    token_hash: str = Field(primary_key=True, max_length=64)
    id: str = Field(unique=True, max_length=32)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    created_ms: int = millis()
    seen_ms: int = millis()
    proved_ms: int = millis()
    ends_ms: int = millis(index=True)
    browser: str = Field(max_length=40)
    roles_mark: str = Field(max_length=16)
    nonce: str | None = Field(default=None, max_length=64)
    former_hash: str | None = Field(default=None, index=True, max_length=64)
    former_ms: int | None = millis(default=None, nullable=True)


class Password(Table, table=True):
    """A person's own way in. `login`: as `passwords.login_of` writes it. `hashed`: Argon2id, with its parameters."""

    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", max_length=32)
    login: str = Field(unique=True, max_length=40)
    hashed: str = Field(max_length=200)
    set_ms: int = millis()


class FamiliarPlace(Table, table=True):
    """A network that a person signed in from with their password: strangers' failures elsewhere do not slow them there."""

    __tablename__ = "familiar_place"

    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", max_length=32)
    network_hash: str = Field(primary_key=True, max_length=64)
    seen_ms: int = millis()


class Attempts(Table, table=True):
    """Failed tries of one account or place, by a hashed key. The next is allowed from `free_ms` on."""

    key: str = Field(primary_key=True, max_length=80)
    failures: int
    last_ms: int = millis(index=True)
    free_ms: int = millis()
