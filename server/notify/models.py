"""The tables of telling: what people do not want to hear, by which ways they hear, what was sent, and which outages were told."""

from urllib.parse import urlsplit

from sqlalchemy import Index
from sqlmodel import Field

from server.db import Table, millis

PUSH, ADDRESS = "push", "address"


class NoticeMute(Table, table=True):
    """A person does not want to hear of this kind from this site. Without a row they do, as soon as they have a way to hear by."""

    __tablename__ = "notice_mute"

    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", max_length=32)
    site_id: str = Field(primary_key=True, foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    kind: str = Field(primary_key=True, max_length=12)


class PushSubscription(Table, table=True):
    """A browser that shows what is pushed to it, for as long as its person's session there lasts."""

    __tablename__ = "push_subscription"

    id: str = Field(primary_key=True, max_length=16)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    session_id: str = Field(foreign_key="session.id", ondelete="CASCADE", index=True, max_length=32)
    endpoint: str = Field(unique=True, max_length=1000)
    p256dh: str = Field(max_length=100)
    auth: str = Field(max_length=40)
    language: str = Field(max_length=2)
    browser: str = Field(max_length=40)
    created_ms: int = millis()

    @property
    def service(self) -> str:
        """Who carries it."""
        return urlsplit(self.endpoint).hostname or ""


class NoticeAddress(Table, table=True):
    """An address of a messenger or of e-mail, as Apprise writes it.

    `sealed`: encrypted with the key in the data folder; `shown`: masked.
    """

    __tablename__ = "notice_address"

    id: str = Field(primary_key=True, max_length=16)
    user_id: str = Field(foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    sealed: str = Field(max_length=4000)
    shown: str = Field(max_length=120)
    language: str = Field(max_length=2)
    created_ms: int = millis()


class Notice(Table, table=True):
    """One message to one person by one way: the row is there before the first attempt, so that there is never a second message.

    `way`: `push` or `address`, and its row's id. `result`: a `delivery.Result`. `facts`: JSON.
    """

    __table_args__ = (Index("ix_notice_user_id_made_ms", "user_id", "made_ms"),)

    message_id: str = Field(primary_key=True, max_length=80)
    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", max_length=32)
    way: str = Field(primary_key=True, max_length=24)
    what: str = Field(max_length=12)
    device_id: str | None = Field(default=None, foreign_key="device.id", ondelete="CASCADE", index=True, max_length=16)
    facts: str = Field(max_length=4000)
    at_ms: int = millis()
    made_ms: int = millis(index=True)
    result: str = Field(max_length=12, index=True)
    told_ms: int | None = millis(default=None, nullable=True)


class ToldOutage(Table, table=True):
    """Of this outage it was told: after a restart it is not told again, and its end is."""

    __tablename__ = "told_outage"

    device_id: str = Field(primary_key=True, foreign_key="device.id", ondelete="CASCADE", max_length=16)
    since_ms: int = millis()
