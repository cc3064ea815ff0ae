"""What a device measures of itself. Such readings bear these names instead of a channel's."""

from typing import Final

CPU_TEMPERATURE: Final = "cpu-temp"
WIFI_SIGNAL: Final = "wifi-signal"

HEALTH: Final = {CPU_TEMPERATURE: "°C", WIFI_SIGNAL: "dBm"}
"""Each name with its unit."""
