"""What pages and API show of devices, as plain JSON values. The same shapes everywhere: snapshot, stream and page."""

from typing import Any

from server.accounts import Principal
from server.actors import actor_of
from server.commands.record import CommandRecord
from server.devices.state import ChannelNow, DeviceNow


def command_view(command: CommandRecord) -> dict[str, Any]:
    """A command with all its steps."""
    return {
        "id": command.id,
        "device": command.device_id,
        "channel": command.channel,
        "on": command.on,
        "for_s": command.for_s,
        "actor": actor_of(command.actor),
        "fate": command.fate,
        "reason": command.reason,
        "created_ms": command.created_ms,
        "expires_ms": command.expires_ms,
        "published_ms": command.published_ms,
        "answered_ms": command.answered_ms,
        "settled_ms": command.settled_ms,
        "read_back": command.read_back,
        "changed": command.changed,
        "clamped": command.clamped,
        "lease_until_ms": command.lease_until_ms,
        "retry_after_ms": command.retry_after_ms,
    }


def channel_view(device: DeviceNow, channel: ChannelNow) -> dict[str, Any]:
    """A channel as last reported, under the name that was chosen, and its latest command. `told_ms`: when the device said so."""
    about, measured = channel.about, device.measured.get(channel.about.id)
    return {
        "id": about.id,
        "device": device.id,
        "name": channel.name,
        "kind": about.kind,
        "icon": channel.icon,
        "on": channel.on,
        "since_ms": channel.since_ms,
        "lease_until_ms": channel.lease_until_ms,
        "cause": channel.cause,
        "actor": actor_of(channel.actor),
        "told_ms": channel.told_ms,
        "max_on_s": about.max_on_s,
        "value": None if measured is None else measured.value,
        "unit": None if measured is None else measured.unit,
        "value_ms": None if measured is None else measured.at_ms,
        "locked": about.locked,
        "power_w": channel.chosen.power_w,
        "ask_first": channel.chosen.ask_first,
        "command": None if channel.command is None else command_view(channel.command),
    }


def device_view(device: DeviceNow) -> dict[str, Any]:
    """A device with all its channels."""
    return {
        "id": device.id,
        "site": device.site_id,
        "slug": device.slug,
        "name": device.name,
        "presence": device.presence,
        "presence_ms": device.presence_ms,
        "model": device.about.model if device.about else None,
        "version": device.about.version if device.about else None,
        "channels": [channel_view(device, channel) for channel in device.channels.values()],
    }


def channel_view_for(principal: Principal, device: DeviceNow, channel: ChannelNow) -> dict[str, Any]:
    """The same for one viewer: a guest is told neither which person switched it nor what it draws."""
    view = channel_view(device, channel)
    if principal.guest is not None:
        view["power_w"] = None
        view["actor"] = view["actor"] if view["actor"] == principal.known_as else None
        if channel.command is not None and channel.command.actor_id != principal.actor:
            view["command"] = {**view["command"], "actor": None}
    return view


def device_view_for(principal: Principal, device: DeviceNow) -> dict[str, Any]:
    """The same for one viewer: a guest sees the granted channels, and nothing of what the device is."""
    if principal.guest is None:
        return device_view(device)
    seen = [channel for channel in device.channels.values() if (device.id, channel.about.id) in principal.guest.channels]
    channels = [channel_view_for(principal, device, channel) for channel in seen]
    return {**device_view(device), "model": None, "version": None, "channels": channels}
