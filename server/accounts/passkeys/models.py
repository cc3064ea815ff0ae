"""The passkeys' tables. What is secret of a passkey never leaves its person's device."""

from sqlalchemy import LargeBinary
from sqlmodel import Field

from server.db import Table, millis

LONGEST_NAME = 60
LONGEST_CREDENTIAL_ID = 1364  # 1023 bytes, the most that WebAuthn allows, in base64url


class Passkey(Table, table=True):
    """A person's passkey. `credential_id`: base64url. `sign_count`: the authenticator's own count at its last use, 0 where it has none.

    `doubted_ms`: when a count came that was seen before, so that there must be a copy; from then on it lets nobody in.
    """

    __tablename__ = "passkey"

    id: str = Field(primary_key=True, max_length=16)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    credential_id: str = Field(unique=True, max_length=LONGEST_CREDENTIAL_ID)
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = millis()
    name: str = Field(max_length=LONGEST_NAME)
    created_ms: int = millis()
    used_ms: int | None = millis(default=None, nullable=True)
    doubted_ms: int | None = millis(default=None, nullable=True)


class SpentChallenge(Table, table=True):
    """A challenge that was answered, by its SHA-256 in hex, until it would have run out anyway."""

    __tablename__ = "spent_challenge"

    challenge_hash: str = Field(primary_key=True, max_length=64)
    expires_ms: int = millis(index=True)
