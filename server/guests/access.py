"""The guest links of an application, where they lead, and which channels they may grant."""

from collections.abc import Collection
from typing import cast

from fastapi import Request

from server.errors import Problem
from server.guests.guests import Guests
from server.settings import Settings
from server.switchboard import switchboard


def guests_of(request: Request) -> Guests:
    """The guest links of the application that this request came to."""
    return cast("Guests", request.app.state.guests)


def guest_url(request: Request, token: str) -> str:
    """The address that a guest link is opened by."""
    return f"{cast('Settings', request.app.state.settings).address}/guest/{token}"


def must_be_of(request: Request, site_id: str, channels: Collection[tuple[str, str]]) -> None:
    """Whether all these channels, each a device's id and a channel's, are there at the site. Raises Problem 422."""
    registry = switchboard(request).registry
    for device_id, channel in channels:
        device = registry.get(device_id)
        if device is None or device.site_id != site_id or channel not in device.channels:
            raise Problem(
                422, "unknown_channel", "There is no such channel", "channels: one of them is not a channel of this place"
            )
