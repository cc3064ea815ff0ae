"""Which devices exist for somebody, and what they may switch. What they may not see does not exist: 404, never 403."""

from server.accounts import Principal
from server.devices.state import DeviceNow, Registry
from server.errors import Problem
from server.sites.membership import owners_only


def visible_device(registry: Registry, principal: Principal, device_id: str) -> DeviceNow:
    """The device, if anything of it exists for them. Raises Problem 404."""
    device = registry.get(device_id)
    if device is None or not principal.may_see_device(device.site_id, device_id):
        raise Problem(404, "unknown_device", "There is no such device", "It may have been removed, or be somebody else's.")
    return device


def visible_channel(registry: Registry, principal: Principal, device_id: str, channel: str) -> DeviceNow:
    """The device of a channel that exists for them; whether it is there at all, only the device knows. Raises Problem 404."""
    device = visible_device(registry, principal, device_id)
    if not principal.may_see_channel(device.site_id, device_id, channel):
        raise Problem(404, "unknown_channel", "There is no such channel", f"{device.slug} has no such channel")
    return device


def known_channel(registry: Registry, principal: Principal, device_id: str, channel: str) -> DeviceNow:
    """The device of a channel that exists for them and that the device has told of. Raises Problem 404."""
    device = visible_channel(registry, principal, device_id, channel)
    if channel not in device.channels:
        raise Problem(404, "unknown_channel", "There is no such channel", f"{device.slug} has no such channel")
    return device


def device_to_command(registry: Registry, principal: Principal, device_id: str, channel: str) -> DeviceNow:
    """The device, for one who may switch that channel. Raises Problem 404, or 403 for one who may only look."""
    device = visible_channel(registry, principal, device_id, channel)
    if not principal.may_command_channel(device.site_id, device_id, channel):
        raise Problem(403, "may_only_look", "You may only look", "Ask an owner of this place to make you an operator.")
    return device


def device_to_manage(registry: Registry, principal: Principal, device_id: str) -> DeviceNow:
    """The device, for an owner of its site. Raises Problem 404, or 403 for who is there without owning it."""
    device = visible_device(registry, principal, device_id)
    if not principal.may_manage(device.site_id):
        raise owners_only()
    return device


def visible_device_ids(registry: Registry, principal: Principal, only: str | None = None) -> list[str]:
    """The ids of all devices that exist for this person, or of the one asked for. Raises Problem 404 for that one."""
    if only is not None:
        return [visible_device(registry, principal, only).id]
    return [device.id for device in registry if principal.may_see_device(device.site_id, device.id)]
