"""The devices' tables: who they are, what each channel last reported, when they came and went, what was kept of their journals."""

from sqlmodel import Field

from server.db import Table, millis


class Device(Table, table=True):
    """One enrolled device. `about` is what it last told of itself, as the wire's JSON; `revoked_ms` ends it.

    `trusts`: the short names of the server's keys that it obeys, as it last told, with blanks in between.
    """

    __tablename__ = "device"

    id: str = Field(primary_key=True, max_length=16)
    site_id: str = Field(foreign_key="site.id", index=True)
    slug: str = Field(max_length=40)
    name: str = Field(max_length=80)
    created_ms: int = millis()
    revoked_ms: int | None = millis(default=None, nullable=True)
    about: str | None = Field(default=None)
    trusts: str | None = Field(default=None, max_length=160)


class Enrolment(Table, table=True):
    """A code that lets one device in, until `expires_ms`. `code_hash`, `key_hash`: SHA-256 in hex, of the code and of who redeemed it.

    `device_id` is the device's to be; where there is one of that id, its hardware is replaced.
    """

    __tablename__ = "enrolment"

    code_hash: str = Field(primary_key=True, max_length=64)
    site_id: str = Field(foreign_key="site.id", ondelete="CASCADE", index=True, max_length=32)
    device_id: str = Field(index=True, max_length=16)
    name: str = Field(max_length=80)
    made_by: str = Field(max_length=60)
    created_ms: int = millis()
    expires_ms: int = millis()
    redeemed_ms: int | None = millis(default=None, nullable=True)
    key_hash: str | None = Field(default=None, max_length=64)


class ChannelReport(Table, table=True):
    """What a channel last reported: the state that survives a restart of the server. `told_ms`: when the device told it."""

    __tablename__ = "channel_report"

    device_id: str = Field(primary_key=True, foreign_key="device.id")
    channel: str = Field(primary_key=True, max_length=32)
    on: bool | None = Field(default=None)
    since_ms: int | None = millis(default=None, nullable=True)
    lease_until_ms: int | None = millis(default=None, nullable=True)
    cause: str | None = Field(default=None, max_length=20)
    actor: str | None = Field(default=None, max_length=120)
    told_ms: int = millis()


class ChannelSetting(Table, table=True):
    """What a place's owners chose for a channel: see `Chosen`."""

    __tablename__ = "channel_setting"

    device_id: str = Field(primary_key=True, foreign_key="device.id", max_length=16)
    channel: str = Field(primary_key=True, max_length=32)
    label: str | None = Field(default=None, max_length=80)
    icon: str | None = Field(default=None, max_length=20)
    power_w: int | None = Field(default=None)
    ask_first: bool = Field(default=False)
    position: int | None = Field(default=None)
    changed_ms: int = millis()


class JournalMark(Table, table=True):
    """How much of a device's journal is kept here: every record up to `have_seq`, with no gap."""

    __tablename__ = "journal_mark"

    device_id: str = Field(primary_key=True, foreign_key="device.id")
    journal: str = Field(primary_key=True, max_length=16)
    have_seq: int = millis()
    seen_ms: int = millis()


class PresenceChange(Table, table=True):
    """A device came (`online`) or went, or was no longer known about (`online` null), at `at_ms`.

    `heard_ms`: its last word before it went, where that is known: nobody vouches for what it was between the two.
    """

    __tablename__ = "presence_change"

    id: int | None = Field(default=None, primary_key=True)
    device_id: str = Field(foreign_key="device.id", index=True)
    at_ms: int = millis()
    online: bool | None = Field(default=None)
    heard_ms: int | None = millis(default=None, nullable=True)
