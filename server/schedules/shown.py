"""Schedules as their pages show them: by device and by channel, with names and next runs."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.devices.chosen import ICONS
from server.devices.state import ChannelNow, DeviceNow, DevicePresence, Registry
from server.schedules.access import switchable
from server.schedules.schedules import ScheduleNow, Where
from server.schedules.what_next import next_of
from server.sites.models import Site


@dataclass(frozen=True, slots=True)
class Row:
    """A schedule, and when it acts next; None: not any more, or not as it stands."""

    schedule: ScheduleNow
    next_ms: int | None


@dataclass(frozen=True, slots=True)
class ChannelRows:
    """The schedules of one channel. `there` False: its device has no such output."""

    id: str
    name: str
    icon: str
    there: bool
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class DeviceRows:
    """The schedules of one device. `revoked`: it does nothing any more."""

    device: DeviceNow
    revoked: bool
    channels: list[ChannelRows]


@dataclass(frozen=True, slots=True)
class PlaceRows:
    """The schedules of one site. `may_edit`: whoever looks may change them; `outputs`: whether there is anything to switch."""

    site: Site
    where: Where
    may_edit: bool
    outputs: bool
    devices: list[DeviceRows]


@dataclass(frozen=True, slots=True)
class Output:
    """A channel that a schedule can be for. `thing`: how the form calls it."""

    thing: str
    name: str
    icon: str


def place_rows(site: Site, schedules: Iterable[ScheduleNow], registry: Registry, now_ms: int, *, may_edit: bool) -> PlaceRows:
    """A site's schedules, in the order of its devices and their channels."""
    where, kept = Where.of(site), [it for it in schedules if it.site_id == site.id]
    devices = [device for device in registry if device.site_id == site.id]
    shown = [_device_rows(device, [it for it in kept if it.device_id == device.id], where, now_ms) for device in devices]
    return PlaceRows(site, where, may_edit, bool(outputs_of(registry, site.id)), [it for it in shown if it.channels])


def outputs_of(registry: Registry, site_id: str) -> list[tuple[DeviceNow, list[Output]]]:
    """What can be switched at a site, by device."""
    there = [device for device in registry if device.site_id == site_id and device.presence is not DevicePresence.REVOKED]
    found = [(device, [_output(device, channel) for channel in switchable(device)]) for device in there]
    return [(device, outputs) for device, outputs in found if outputs]


def _output(device: DeviceNow, channel: str) -> Output:
    channel_now = device.channels[channel]
    return Output(f"{device.id}/{channel}", channel_now.name, _icon(channel_now))


def _device_rows(device: DeviceNow, kept: list[ScheduleNow], where: Where, now_ms: int) -> DeviceRows:
    revoked = device.presence is DevicePresence.REVOKED
    usable = set() if revoked else set(switchable(device))
    in_order = [it for it in device.channels if any(found.rule.channel == it for found in kept)]
    gone = sorted({it.rule.channel for it in kept} - set(in_order))
    channels = []
    for channel in (*in_order, *gone):
        there = channel in usable
        rows = [_row(it, where, now_ms, there=there) for it in kept if it.rule.channel == channel]
        now = device.channels.get(channel)
        channels.append(ChannelRows(channel, now.name if now else channel, _icon(now), there, rows))
    return DeviceRows(device, revoked, channels)


def _icon(channel: ChannelNow | None) -> str:
    return channel.icon if channel is not None and channel.icon in ICONS else "socket"


def _row(kept: ScheduleNow, where: Where, now_ms: int, *, there: bool) -> Row:
    run = next_of(kept, where, now_ms) if there else None
    return Row(kept, None if run is None else run.at_ms)
