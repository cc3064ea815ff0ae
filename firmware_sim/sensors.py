"""Simulated sensors: values that drift as those of a garden do, the same ones for the same seed."""

import random
from collections.abc import Callable
from typing import Final

from protocol.health import CPU_TEMPERATURE, HEALTH, WIFI_SIGNAL
from protocol.messages import ChannelAbout, ChannelKind


class Walk:
    """A value that drifts at random and is drawn back to where it is at home. Each look moves it by about `step`, and a jump a lot."""

    def __init__(self, channel: str, unit: str, home: float, step: float, seed: int) -> None:
        self.channel = channel
        self.unit = unit
        self.step = step
        self._home = home
        self._value = home
        self._next: Callable[[float, float], float] = random.Random(f"{seed} {channel}").gauss  # noqa: S311 (a simulation)

    def read(self) -> float:
        """The value now."""
        self._value += (self._home - self._value) * 0.05 + self._next(0, self.step)
        return round(self._value, 1)


GARDEN: Final = (
    ChannelAbout(id="do-am-dat", name="Độ ẩm đất", kind=ChannelKind.SENSOR, icon="sensor"),
    ChannelAbout(id="nhiet-do", name="Nhiệt độ vườn", kind=ChannelKind.SENSOR, icon="sensor"),
)
"""The sensors of the demo's garden, as their device tells of them."""


def garden(seed: int) -> tuple[Walk, ...]:
    """What measures there: moisture and warmth of the garden, and the health of the board."""
    return (
        Walk("do-am-dat", "%", 62.0, 0.6, seed),
        Walk("nhiet-do", "°C", 24.0, 0.2, seed),
        Walk(CPU_TEMPERATURE, HEALTH[CPU_TEMPERATURE], 48.0, 0.8, seed),
        Walk(WIFI_SIGNAL, HEALTH[WIFI_SIGNAL], -58.0, 1.5, seed),
    )
