"""How the machine itself is: how warm its processor, how strong its Wi-Fi. From files of the kernel; without them nothing is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.health import CPU_TEMPERATURE, HEALTH, WIFI_SIGNAL

ROOT: Final = Path("/")


@dataclass(frozen=True, slots=True)
class CpuTemperature:
    """In °C, to a whole one: it is told to people."""

    root: Path = ROOT
    channel: str = CPU_TEMPERATURE
    unit: str = HEALTH[CPU_TEMPERATURE]
    step: float = 2.0

    def read(self) -> float | None:
        """None where the kernel tells nothing that can be."""
        try:
            millis = int((self.root / "sys/class/thermal/thermal_zone0/temp").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return float(round(millis / 1000)) if -100_000 < millis < 200_000 else None


@dataclass(frozen=True, slots=True)
class WifiSignal:
    """In dBm: −50 is strong, −80 is weak. The first interface counts."""

    root: Path = ROOT
    channel: str = WIFI_SIGNAL
    unit: str = HEALTH[WIFI_SIGNAL]
    step: float = 4.0

    def read(self) -> float | None:
        """None without Wi-Fi."""
        try:
            lines = (self.root / "proc/net/wireless").read_text(encoding="ascii").splitlines()
        except (OSError, ValueError):
            return None
        levels = [line.split()[3] for line in lines[2:] if len(line.split()) > 3]
        try:
            level = float(levels[0].rstrip(".")) if levels else None
        except ValueError:
            return None
        return level if level is not None and -120 <= level < 0 else None


def health_sensors(root: Path = ROOT) -> tuple[CpuTemperature | WifiSignal, ...]:
    """What this machine can tell of itself."""
    return tuple(sensor for sensor in (CpuTemperature(root), WifiSignal(root)) if sensor.read() is not None)
