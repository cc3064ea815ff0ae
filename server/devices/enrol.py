"""How a device comes to be one of ours."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db import Writer
from server.devices.load import device_of
from server.devices.models import Device
from server.devices.state import DeviceNow, Registry
from server.errors import Problem


async def enrol(writer: Writer, registry: Registry, device: Device) -> DeviceNow:
    """Add a device, and hear it from now on. Raises Problem 409 when its site has one of that slug already."""

    async def keep(session: AsyncSession) -> None:
        same = select(Device.id).where(Device.site_id == device.site_id, Device.slug == device.slug)
        if (await session.exec(same)).first() is not None:
            raise Problem(409, "slug_taken", "This short name is taken", f"{device.slug} is another device at this place.")
        session.add(Device(**device.model_dump()))

    await writer.run(keep)
    now = device_of(device)
    registry.add(now)
    return now
