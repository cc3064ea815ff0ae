"""What a channel draws and what power costs at its place, as far as somebody may know."""

from typing import Any

from server.accounts import Principal
from server.devices.state import DeviceNow


def prices(principal: Principal, device: DeviceNow, channel: str, site: dict[str, Any]) -> tuple[int | None, int | None]:
    """Power in W and price of a kWh in đồng; None where nobody said, and for guests."""
    if principal.guest is not None:
        return None, None
    return device.channels[channel].chosen.power_w, site["tariff_vnd_kwh"]
