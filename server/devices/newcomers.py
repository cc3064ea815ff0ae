"""Devices that were added while the server runs: when somebody unknown speaks, the database is asked whether it is one of ours."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from sqlmodel import col, select

from protocol.link import Received
from server.db import Database, StorageError
from server.devices.load import device_of
from server.devices.models import Device
from server.devices.state import DeviceNow

log = logging.getLogger("congtac.newcomers")

MOST_HELD: Final = 200
STRANGERS_REMEMBERED: Final = 10_000
STRANGER_FOR_MS: Final = 30_000


class Newcomers:
    """Holds what unknown devices say until the database has told who they are. One question at a time, for all who wait.

    `welcome` is called for each that is ours, with what it said meanwhile, in order.
    """

    def __init__(
        self, database: Database, now_ms: Callable[[], int], welcome: Callable[[DeviceNow, list[Received]], None]
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._welcome = welcome
        self._held: dict[str, list[Received]] = {}
        self._count = 0
        self._strangers: OrderedDict[str, int] = OrderedDict()
        self._wake = asyncio.Event()

    def hold(self, device_id: str, message: Received) -> bool:
        """Keep a message of an unknown device until it is known who that is; False: it is a stranger, or too much is held."""
        stranger_until_ms = self._strangers.get(device_id)
        if stranger_until_ms is not None and self._now_ms() < stranger_until_ms:
            return False
        if self._count >= MOST_HELD:
            return False
        self._held.setdefault(device_id, []).append(message)
        self._count += 1
        self._wake.set()
        return True

    async def run(self) -> None:
        """Ask for those who wait, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.ask()

    async def ask(self) -> None:
        """Ask the database once for all who wait. Without an answer, what they said is dropped: they will say it again."""
        asked = list(self._held)
        try:
            rows = await self._rows(asked)
        except StorageError as error:
            log.warning("the database did not tell who %d unknown devices are: %s", len(asked), error)
            rows = None
        known = {} if rows is None else {row.id: row for row in rows}
        for device_id in asked:
            said = self._held.pop(device_id)
            self._count -= len(said)
            if device_id in known:
                self._welcome(device_of(known[device_id]), said)
            elif rows is not None:
                self._remember_stranger(device_id)

    async def _rows(self, device_ids: list[str]) -> list[Device]:
        wanted = select(Device).where(col(Device.id).in_(device_ids), col(Device.revoked_ms).is_(None))
        async with self._database.read() as session:
            return list(await session.exec(wanted))

    def _remember_stranger(self, device_id: str) -> None:
        log.warning("an unknown device speaks: %s", device_id)
        self._strangers[device_id] = self._now_ms() + STRANGER_FOR_MS
        self._strangers.move_to_end(device_id)
        while len(self._strangers) > STRANGERS_REMEMBERED:
            self._strangers.popitem(last=False)
