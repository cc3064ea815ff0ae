"""The tokens' table. Of a token itself only the SHA-256 is kept."""

from sqlmodel import Field

from server.db import Table, millis

LONGEST_NAME = 36


class ApiToken(Table, table=True):
    """A person's token. `scopes`: Scope's words with blanks between. `site_id` null: all sites; `ends_ms` null: until it is revoked."""

    __tablename__ = "api_token"

    id: str = Field(primary_key=True, max_length=16)
    token_hash: str = Field(unique=True, max_length=64)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    name: str = Field(max_length=LONGEST_NAME)
    scopes: str = Field(max_length=40)
    site_id: str | None = Field(default=None, foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    created_ms: int = millis()
    ends_ms: int | None = millis(default=None, nullable=True)
    used_ms: int | None = millis(default=None, nullable=True)
