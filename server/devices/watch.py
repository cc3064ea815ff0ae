"""The server's own deadline for presence: a will that never comes must not leave a device shown as online for ever."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from server.db import StorageError, Writer
from server.db.facts import REMEMBER
from server.devices.ingest import Ingest
from server.devices.load import ALIVE
from server.devices.state import DeviceNow, DevicePresence, Registry

log = logging.getLogger("congtac.watch")

EVERY_S: Final = 2.0
ALIVE_EVERY_MS: Final = 60_000
QUIET_MS: Final = 90_000
LOST_MS: Final = 130_000
ANSWER_MS: Final = 2_000
FIRST_WORD_MS: Final = 20_000
ASK_AGAIN_MS: Final = 30_000


class Watch:
    """Asks quiet devices for a sign of life, and gives up those that do not answer."""

    def __init__(self, registry: Registry, ingest: Ingest, writer: Writer, now_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._remembered_ms = 0
        self._registry = registry
        self._ingest = ingest
        self._now_ms = now_ms
        self._link_up_ms: int | None = None

    def link_changed(self, up: bool) -> None:
        """Without a link nothing can be said about anyone, and with a new one nothing until they speak.

        That is noted when the link goes: what the broker says of who is there comes before the new link counts as up.
        """
        if up:
            self._link_up_ms = self._now_ms()
            self.look()
            return
        self._link_up_ms = None
        for device in self._registry:
            device.connected, device.held = False, None
            if device.presence is DevicePresence.ONLINE:
                self._ingest.became(device, DevicePresence.UNKNOWN)

    async def run(self) -> None:
        """Look around now and then."""
        while True:
            self.look()
            self._remember_alive()
            await asyncio.sleep(EVERY_S)

    def _remember_alive(self) -> None:
        """Write down now and then that this server lives, so that the next one knows since when nobody listened."""
        if self._now_ms() - self._remembered_ms < ALIVE_EVERY_MS:
            return
        self._remembered_ms = self._now_ms()
        try:
            done = self._writer.submit(REMEMBER(key=ALIVE, value=str(self._remembered_ms)))
        except StorageError as error:
            log.warning("it could not be written down that the server lives: %s", error)
            return
        done.add_done_callback(lambda future: future.cancelled() or future.exception())

    def look(self) -> None:
        """Look around once."""
        now_ms = self._now_ms()
        if self._link_up_ms is None:
            return
        for device in self._registry:
            quiet_ms = now_ms - device.heard_ms
            match device.presence:
                case DevicePresence.ONLINE if quiet_ms >= LOST_MS:
                    self._ingest.became(device, DevicePresence.OFFLINE)
                case DevicePresence.REVOKED:
                    pass
                case _ if device.must_be_asked or self._owes_a_word(device, now_ms):
                    device.must_be_asked = False
                    self._ingest.call_roll(device)
                case DevicePresence.ONLINE if quiet_ms >= QUIET_MS:
                    self._ingest.call_roll(device, ANSWER_MS)
                case DevicePresence.UNKNOWN if now_ms - self._link_up_ms >= FIRST_WORD_MS:
                    self._ingest.became(device, DevicePresence.OFFLINE)
                case _:
                    pass

    def _owes_a_word(self, device: DeviceNow, now_ms: int) -> bool:
        """The broker says that it is connected, and it did not answer: the question or the answer was lost, so it is asked again."""
        return device.connected and device.presence is not DevicePresence.ONLINE and now_ms - device.asked_ms >= ASK_AGAIN_MS
