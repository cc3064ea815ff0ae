"""Names, pictures, power ratings and the order of channels, over the API. For owners, and for programs that may manage."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from server.accounts import Asking, Principal
from server.devices.access import device_to_manage
from server.devices.choosing import choose, move, rename
from server.devices.chosen import MOST_WATTS, Icon
from server.devices.state import DeviceNow
from server.errors import Problem
from server.names import Name
from server.switchboard import Switchboard, switchboard

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

ChannelId = Annotated[str, Path(max_length=32)]
Watts = Annotated[int, Field(ge=1, le=MOST_WATTS)]


class DeviceChange(BaseModel):
    """What people call the device."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class DeviceOut(BaseModel):
    """A device by its names."""

    id: str
    site: str
    slug: str
    name: str


class ChannelChange(BaseModel):
    """What is to be chosen for a channel. What is left out stays; null: as the wiring has it, and no power rating.

    `position`: its place among the device's channels, from 0.
    """

    model_config = ConfigDict(extra="forbid")

    label: Name | None = None
    icon: Icon | None = None
    power_w: Watts | None = None
    ask_first: bool = False
    position: Annotated[int, Field(ge=0, le=63)] = 0


class ChannelOut(BaseModel):
    """A channel as pages show it: `name` and `icon` are those that were chosen, else the wiring's."""

    device: str
    id: str
    name: str
    icon: str
    label: str | None
    power_w: int | None
    ask_first: bool
    position: int


@router.patch("/{device_id}", summary="Rename a device")
async def change_device(request: Request, asking: Asking, device_id: str, wanted: DeviceChange) -> DeviceOut:
    """For owners. Every open page shows the new name at once; the short name in addresses stays."""
    board = switchboard(request)
    device = device_to_manage(board.registry, asking, device_id)
    await rename(board, device, wanted.name)
    return DeviceOut(id=device.id, site=device.site_id, slug=device.slug, name=device.name)


@router.patch("/{device_id}/channels/{channel}", summary="Name a channel, or say what it is")
async def change_channel(
    request: Request, asking: Asking, device_id: str, channel: ChannelId, wanted: ChannelChange
) -> ChannelOut:
    """For owners. Every open page shows it at once."""
    board = switchboard(request)
    device = channel_to_manage(board, asking, device_id, channel)
    fields: dict[str, Any] = wanted.model_dump(exclude_unset=True)
    position = fields.pop("position", None)
    await choose(board, device, channel, fields)
    if position is not None:
        await move(board, device, channel, lambda _place: position)
    return _out(device, channel)


def channel_to_manage(board: Switchboard, who: Principal, device_id: str, channel: str) -> DeviceNow:
    """The device of that channel, for an owner. Raises Problem 404, or 403 for who is there without owning it."""
    device = device_to_manage(board.registry, who, device_id)
    if channel not in device.channels:
        raise Problem(404, "unknown_channel", "There is no such channel", f"{device.slug} has no such channel")
    return device


def _out(device: DeviceNow, channel: str) -> ChannelOut:
    now = device.channels[channel]
    return ChannelOut(
        device=device.id,
        id=channel,
        name=now.name,
        icon=now.icon,
        label=now.chosen.label,
        power_w=now.chosen.power_w,
        ask_first=now.chosen.ask_first,
        position=list(device.channels).index(channel),
    )
