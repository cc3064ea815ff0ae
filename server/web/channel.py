"""The page of one channel, in words. Pure; `channel.js` keeps it so."""

from dataclasses import dataclass

from server.web.home import ICONS
from server.web.i18n import Words
from server.web.shapes import Channel, Device, Site, Snapshot
from server.web.times import clock_time
from server.web.why import what_next, why_so
from server.web.words import DOT, Around, Look, View, remaining, view


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel with its device and place. `control`: whether there is a switch to tap; else only a picture."""

    site: Site
    device: Device
    channel: Channel
    view: View
    control: bool
    icon: str
    where: str
    as_of: str
    remaining: str
    question: str
    why: str
    next: list[str]


def channel_view(snapshot: Snapshot, t: Words) -> ChannelView:
    """The one channel of a snapshot that tells of one."""
    [site], [device] = snapshot["sites"], snapshot["devices"]
    [channel] = device["channels"]
    around = Around.of(device, site, snapshot["link"], snapshot["now_ms"])
    seen = view(channel, around, t)
    return ChannelView(
        site=site,
        device=device,
        channel=channel,
        view=seen,
        control=channel["kind"] == "output" and around.role != "viewer",
        icon=channel["icon"] if channel["icon"] in ICONS else "socket",
        where=DOT.join((device["name"], site["name"])).removeprefix(DOT),
        as_of=clock_time(around.now_ms, around.now_ms, around.timezone),
        remaining=remaining(channel, around, t) if seen.look is Look.ON else "",
        question=question(channel, seen.look, t),
        why=why_so(channel, around, device["presence_ms"], t),
        next=what_next(channel, around, t),
    )


def question(channel: Channel, look: Look, t: Words) -> str:
    """What the sentence answers."""
    if channel["kind"] == "output" and look in (Look.ON, Look.OFF):
        return t(f"why.title_{look}")
    return t("why.title")
