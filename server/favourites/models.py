"""The table of favourites."""

from sqlmodel import Field

from server.db import Table, millis


class Favourite(Table, table=True):
    """A channel that a person wants on top of the home page. Whether they may see it is another matter, and asked each time."""

    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", max_length=32)
    device_id: str = Field(primary_key=True, foreign_key="device.id", ondelete="CASCADE", index=True, max_length=16)
    channel: str = Field(primary_key=True, max_length=32)
    since_ms: int = millis()
