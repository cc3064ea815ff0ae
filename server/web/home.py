"""The home page's content: sites, their devices, their channels, each in words."""

from dataclasses import dataclass
from typing import Final

from server.web.i18n import Words
from server.web.shapes import Channel, Device, LinkWord, Site, Snapshot
from server.web.times import HOME_ZONE, clock_time
from server.web.words import Around, View, view

ICONS: Final = ("pump", "lamp", "fan", "gate", "valve", "heater", "socket", "sensor")


@dataclass(frozen=True, slots=True)
class Card:
    """One channel. `control`: whether there is a switch to tap; else only a picture."""

    channel: Channel
    view: View
    icon: str
    control: bool


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device with its cards. `presence`: its presence as far as the server can know it now."""

    device: Device
    presence: str
    presence_text: str
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site with its devices."""

    site: Site
    devices: list[DeviceView]


def site_views(snapshot: Snapshot, t: Words) -> list[SiteView]:
    """The sites that have devices, in the snapshot's order."""
    sites = [SiteView(site, _devices(snapshot, site, t)) for site in snapshot["sites"]]
    return [site for site in sites if site.devices]


def as_of(snapshot: Snapshot) -> str:
    """The snapshot's time, in the first site's zone."""
    timezone = snapshot["sites"][0]["timezone"] if snapshot["sites"] else HOME_ZONE
    return clock_time(snapshot["now_ms"], snapshot["now_ms"], timezone)


def blank_device(site: Site, t: Words) -> DeviceView:
    """What scripts copy for a device that was not there when the page was made."""
    channel = Channel(
        id="", device="", name="", kind="output", icon="socket", on=None, since_ms=None, lease_until_ms=None, cause=None,
        actor=None, told_ms=None, max_on_s=None, locked=False, power_w=None, ask_first=False, command=None,
    )  # fmt: skip
    device = Device(
        id="", site="", slug="", name="", presence="unknown", presence_ms=None, model=None, version=None, channels=[channel]
    )
    return _device(device, site, "up", 0, t)


def _devices(snapshot: Snapshot, site: Site, t: Words) -> list[DeviceView]:
    link, now_ms = snapshot["link"], snapshot["now_ms"]
    return [_device(device, site, link, now_ms, t) for device in snapshot["devices"] if device["site"] == site["id"]]


def _device(device: Device, site: Site, link: LinkWord, now_ms: int, t: Words) -> DeviceView:
    around = Around.of(device, site, link, now_ms)
    presence = device["presence"] if link == "up" else "unknown"
    text = t(f"presence.{presence}")
    if presence == "offline" and device["presence_ms"] is not None:
        text = t("presence.offline_since", time=clock_time(device["presence_ms"], now_ms, site["timezone"]))
    return DeviceView(device, presence, text, [_card(channel, around, t) for channel in device["channels"]])


def _card(channel: Channel, around: Around, t: Words) -> Card:
    icon = channel["icon"] if channel["icon"] in ICONS else "socket"
    return Card(channel, view(channel, around, t), icon, control=channel["kind"] == "output" and around.role != "viewer")
