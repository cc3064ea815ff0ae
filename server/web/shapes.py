"""The JSON that pages, scripts and the live stream share. Times are milliseconds since 1970 in UTC, durations seconds."""

from typing import Literal, TypedDict

LinkWord = Literal["up", "down"]
Role = Literal["owner", "operator", "viewer", "guest"]


class Command(TypedDict):
    """The latest command of a channel, and what became of it. `actor` None: a guest is not told who."""

    id: str
    device: str
    channel: str
    on: bool
    for_s: int | None
    actor: str | None
    fate: str
    reason: str | None
    created_ms: int
    expires_ms: int
    published_ms: int | None
    answered_ms: int | None
    settled_ms: int | None
    read_back: bool | None
    changed: bool | None
    clamped: bool | None
    lease_until_ms: int | None
    retry_after_ms: int | None


class Channel(TypedDict):
    """One thing that can be switched or read, as its device last told.

    `value`, in `unit`, measured at `value_ms`: of a sensor that has told any. `power_w`: what it draws while it is on, None where
    nobody said. `ask_first`: pages ask before they switch it on.
    """

    id: str
    device: str
    name: str
    kind: str
    icon: str
    on: bool | None
    since_ms: int | None
    lease_until_ms: int | None
    cause: str | None
    actor: str | None
    told_ms: int | None
    max_on_s: int | None
    value: float | None
    unit: str | None
    value_ms: int | None
    locked: bool
    power_w: int | None
    ask_first: bool
    command: Command | None


class Device(TypedDict):
    """One agent with its channels."""

    id: str
    site: str
    slug: str
    name: str
    presence: Literal["online", "offline", "unknown", "revoked"]
    presence_ms: int | None
    model: str | None
    version: str | None
    channels: list[Channel]


class Site(TypedDict):
    """A place, and what the viewer may do there. `tariff_vnd_kwh`: what a kWh costs there, None where nobody said."""

    id: str
    slug: str
    name: str
    timezone: str
    tariff_vnd_kwh: int | None
    role: Role


class Snapshot(TypedDict):
    """Everything that one person may see, at one moment. `favourites`: each a device's id, a slash and a channel's."""

    now_ms: int
    link: LinkWord
    sites: list[Site]
    devices: list[Device]
    favourites: list[str]
