"""The home page's content: what somebody likes best on top, then sites, their devices, their channels, each in words."""

from dataclasses import dataclass
from typing import Final

from server.web.i18n import Words
from server.web.searching import matches
from server.web.shapes import Channel, Device, LinkWord, Site, Snapshot
from server.web.times import HOME_ZONE, clock_time
from server.web.words import DOT, Around, View, view

ICONS: Final = ("pump", "lamp", "fan", "gate", "valve", "heater", "socket", "sensor")
HANDFUL: Final = 6
"""Up to so many channels are seen without a search."""
REVOKED_SHOWN_MS: Final = 24 * 3_600_000
"""So long a revoked device stays: whoever misses it reads why. Then it is on its place's page alone, with its history."""


@dataclass(frozen=True, slots=True)
class Card:
    """One channel. `control`: whether there is a switch to tap; else only a picture. `where`: of which device, where that is not plain."""

    channel: Channel
    view: View
    icon: str
    control: bool
    where: str = ""

    @property
    def key(self) -> str:
        """The channel's name among those of all devices."""
        return key_of(self.channel)


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device with its cards. `presence`: its presence as far as the server can know it now."""

    device: Device
    presence: str
    presence_text: str
    cards: list[Card]


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site with its devices. `all_off`: whether there is something that the viewer may switch off."""

    site: Site
    devices: list[DeviceView]
    all_off: bool


@dataclass(frozen=True, slots=True)
class HomeView:
    """The whole page. `query`: what was searched for; `search`: whether there is so much that a search helps."""

    favourites: list[Card]
    sites: list[SiteView]
    query: str
    search: bool


def key_of(channel: Channel) -> str:
    """The channel's name among those of all devices."""
    return f"{channel['device']}/{channel['id']}"


def home_view(snapshot: Snapshot, t: Words, query: str = "") -> HomeView:
    """What fits the query, each channel once: the favourites in their own order, all others where they are."""
    snapshot = {**snapshot, "devices": [device for device in snapshot["devices"] if not _is_gone(device, snapshot["now_ms"])]}
    sites = {site["id"]: site for site in snapshot["sites"]}
    cards: dict[str, Card] = {}
    for device in snapshot["devices"]:
        site = sites.get(device["site"])
        if site is None:
            continue
        around = Around.of(device, site, snapshot["link"], snapshot["now_ms"])
        where = device["name"] + (DOT + site["name"] if len(sites) > 1 else "")
        for channel in device["channels"]:
            if matches(query, channel["name"], device["name"], site["name"]):
                cards[key_of(channel)] = _card(channel, around, t, where)
    favourites = [cards[key] for key in snapshot["favourites"] if key in cards]
    liked = {card.key for card in favourites}
    rest = {key: card for key, card in cards.items() if key not in liked}
    seen = [_site(snapshot, site, rest, t, everything=not query) for site in snapshot["sites"]]
    many = sum(len(device["channels"]) for device in snapshot["devices"]) > HANDFUL
    return HomeView(favourites, [site for site in seen if site.devices], query, many or bool(query))


def as_of(snapshot: Snapshot) -> str:
    """The snapshot's time, in the first site's zone."""
    timezone = snapshot["sites"][0]["timezone"] if snapshot["sites"] else HOME_ZONE
    return clock_time(snapshot["now_ms"], snapshot["now_ms"], timezone)


def blank_device(site: Site, t: Words) -> DeviceView:
    """What scripts copy for a device that was not there when the page was made."""
    channel = Channel(
        id="", device="", name="", kind="output", icon="socket", on=None, since_ms=None, lease_until_ms=None, cause=None,
        actor=None, told_ms=None, max_on_s=None, value=None, unit=None, value_ms=None, locked=False,
        power_w=None, ask_first=False, command=None,
    )  # fmt: skip
    device = Device(
        id="", site="", slug="", name="", presence="unknown", presence_ms=None, model=None, version=None, channels=[channel]
    )
    card = _card(channel, Around.of(device, site, "up", 0), t, "")
    return _device(device, site, "up", 0, t, [card])


def _is_gone(device: Device, now_ms: int) -> bool:
    return device["presence"] == "revoked" and now_ms - (device["presence_ms"] or 0) > REVOKED_SHOWN_MS


def _site(snapshot: Snapshot, site: Site, cards: dict[str, Card], t: Words, *, everything: bool) -> SiteView:
    """A device without a card is there too where everything is shown: how it is matters to those who like its channels."""
    own = [device for device in snapshot["devices"] if device["site"] == site["id"]]
    devices = [
        _device(device, site, snapshot["link"], snapshot["now_ms"], t, _of(device, cards))
        for device in own
        if everything or _of(device, cards)
    ]
    outputs = any(channel["kind"] == "output" for device in own for channel in device["channels"])
    return SiteView(site, devices, all_off=outputs and site["role"] in ("owner", "operator"))


def _of(device: Device, cards: dict[str, Card]) -> list[Card]:
    keys = map(key_of, device["channels"])
    return [cards[key] for key in keys if key in cards]


def _device(device: Device, site: Site, link: LinkWord, now_ms: int, t: Words, cards: list[Card]) -> DeviceView:
    presence = device["presence"] if link == "up" else "unknown"
    text = t(f"presence.{presence}")
    if presence == "offline" and device["presence_ms"] is not None:
        text = t("presence.offline_since", time=clock_time(device["presence_ms"], now_ms, site["timezone"]))
    return DeviceView(device, presence, text, cards)


def _card(channel: Channel, around: Around, t: Words, where: str) -> Card:
    icon = channel["icon"] if channel["icon"] in ICONS else "socket"
    control = channel["kind"] == "output" and around.role != "viewer"
    return Card(channel, view(channel, around, t), icon, control, where)
