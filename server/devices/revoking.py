"""Revoking a device: it loses its account at the broker, and with it its session. Its history stays; it cannot come back."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.broker.accounts import BrokerAccounts
from server.clock import Clock
from server.db import Database, StorageError
from server.devices.models import Device, Enrolment
from server.opening import StartError

log = logging.getLogger("congtac.devices")

EVERY_S: Final = 3.0
OVERLAP_MS: Final = 60_000  # the clocks of two machines nearly agree


async def revoke(database: Database, accounts: BrokerAccounts, device_id: str, now_ms: int) -> tuple[int, bool]:
    """Since when the device is revoked, and whether the broker was told. Again is no harm: it tells the broker again."""

    async def keep(session: AsyncSession) -> int:
        fresh = col(Device.id) == device_id, col(Device.revoked_ms).is_(None)
        await session.exec(update(Device).where(*fresh).values(revoked_ms=now_ms))
        await session.exec(delete(Enrolment).where(col(Enrolment.device_id) == device_id))
        since_ms = (await session.exec(select(Device.revoked_ms).where(Device.id == device_id))).one()
        return since_ms or now_ms

    since_ms = await database.writer.run(keep)
    try:
        return since_ms, await accounts.shut_out(device_id)
    except StartError as error:
        log.error("the device %s is revoked, but it still has its account at the broker: %s", device_id, error)
        return since_ms, False


class RevokedElsewhere:
    """Notices devices that were revoked by another process, as `congtac admin` is one: `tell` gets the id, and since when."""

    def __init__(self, database: Database, now_ms: Clock, tell: Callable[[str, int], None]) -> None:
        self._database = database
        self._now_ms = now_ms
        self._tell = tell
        self._since_ms = now_ms()

    async def run(self) -> None:
        """Look around now and then, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
            except StorageError as error:
                log.warning("it could not be seen whether devices were revoked: %s", error)

    async def look(self) -> None:
        """Look once."""
        until_ms = self._now_ms()
        wanted = select(Device.id, Device.revoked_ms).where(col(Device.revoked_ms) >= self._since_ms - OVERLAP_MS)
        async with self._database.read() as session:
            for device_id, since_ms in await session.exec(wanted):
                self._tell(device_id, since_ms or until_ms)
        self._since_ms = until_ms
