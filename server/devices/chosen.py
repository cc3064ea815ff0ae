"""What a place's owners choose for a channel over what its wiring file says, and the order that they put channels in. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

Icon = Literal["pump", "lamp", "fan", "gate", "valve", "heater", "socket", "sensor"]
"""The pictures that a channel can have."""

ICONS: Final[tuple[Icon, ...]] = get_args(Icon)
MOST_WATTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for one channel. None: nothing was, so that the wiring's word holds; without `power_w` no energy can be told.

    `ask_first`: pages ask before they switch it on. `position`: its place among the device's channels, from 0.
    """

    label: str | None = None
    icon: str | None = None
    power_w: int | None = None
    ask_first: bool = False
    position: int | None = None


NOTHING: Final = Chosen()


def in_order(channels: Iterable[str], chosen: Mapping[str, Chosen]) -> list[str]:
    """The channels as they were put in order; those that nobody has put anywhere follow, in the wiring's order."""

    def place(channel: str) -> tuple[bool, int]:
        position = chosen.get(channel, NOTHING).position
        return position is None, position or 0

    return sorted(channels, key=place)


def moved(order: Sequence[str], channel: str, to: int) -> list[str]:
    """The order with this channel at that place; a place beyond the ends is the nearest end. Raises ValueError for a stranger."""
    if channel not in order:
        raise ValueError(f"{channel} is not among {', '.join(order)}")
    others = [it for it in order if it != channel]
    place = min(max(to, 0), len(others))
    return [*others[:place], channel, *others[place:]]
