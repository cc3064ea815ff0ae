"""Choosing for a device: its name, and for its channels what `Chosen` tells. Kept first, then shown on every open page."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.devices.chosen import Chosen, in_order, moved
from server.devices.load import chosen_of
from server.devices.models import ChannelSetting, Device
from server.devices.state import DeviceNow
from server.switchboard import Switchboard

Work = Callable[[dict[str, ChannelSetting]], None]


async def rename(board: Switchboard, device: DeviceNow, name: str) -> None:
    """Call the device so. Its short name in addresses stays."""

    async def keep(session: AsyncSession) -> None:
        await session.exec(update(Device).where(col(Device.id) == device.id).values(name=name))

    await board.database.writer.run(keep)
    device.name = name
    board.hub.device_changed(device)


async def choose(board: Switchboard, device: DeviceNow, channel: str, chosen: Mapping[str, Any]) -> None:
    """Choose these fields of `Chosen` for a channel, but for its position; those that are not named stay."""

    def change(rows: dict[str, ChannelSetting]) -> None:
        rows[channel].sqlmodel_update(dict(chosen))

    await _choose(board, device, change)


async def move(board: Switchboard, device: DeviceNow, channel: str, to: Callable[[int], int]) -> None:
    """Move a channel among the others of its device: `to` makes its new place from the one that it has; the first is 0."""

    def change(rows: dict[str, ChannelSetting]) -> None:
        order = in_order(device.channels, {name: chosen_of(row) for name, row in rows.items()})
        for position, name in enumerate(moved(order, channel, to(order.index(channel)))):
            rows[name].position = position

    await _choose(board, device, change)


async def _choose(board: Switchboard, device: DeviceNow, change: Work) -> None:
    """Change the rows of the device's channels, all in one transaction, so that two who choose at once do not undo each other."""

    async def keep(session: AsyncSession) -> dict[str, Chosen]:
        kept = {
            row.channel: row for row in await session.exec(select(ChannelSetting).where(ChannelSetting.device_id == device.id))
        }
        rows = {
            name: kept.get(name) or ChannelSetting(device_id=device.id, channel=name, changed_ms=0) for name in device.channels
        }
        before = {name: chosen_of(row) for name, row in rows.items()}
        change(rows)
        changed = {name: chosen_of(row) for name, row in rows.items() if chosen_of(row) != before[name]}
        for name in changed:
            rows[name].changed_ms = board.now_ms()
            session.add(rows[name])
        return changed

    device.choose(await board.database.writer.run(keep))
    board.hub.device_changed(device)
