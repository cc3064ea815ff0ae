"""Readings taken in: checked, thinned out, kept a little later and together, so that no command waits for them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from protocol.errors import ProtocolError
from protocol.health import HEALTH
from protocol.messages import ChannelKind, Measurement, Reading
from server.db import Op, StorageError, Writer, WriterBusy
from server.devices.state import DeviceNow, Measured
from server.errors import Problem
from server.limits import Buckets
from server.live.hub import Hub
from server.readings.statements import keep

log = logging.getLogger("congtac.readings")

EARLIEST_MS: Final = 24 * 3600 * 1000
LATEST_MS: Final = 60_000
KEEP_EVERY_MS: Final = 10_000
MESSAGES_A_MINUTE: Final = 30
PATIENCE_S: Final = 2.0


class Intake:
    """The latest value of each sensor is known and shown at once; one in ten seconds is kept. What cannot be kept is let go of."""

    def __init__(self, writer: Writer, hub: Hub, now_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._hub = hub
        self._now_ms = now_ms
        self._messages = Buckets(MESSAGES_A_MINUTE, clock=lambda: now_ms() / 1000)
        self._kept: dict[tuple[str, str], int] = {}

    def take(self, device: DeviceNow, reading: Reading) -> None:
        """What a device measured. Raises ProtocolError where it tells too often, or nothing that can be: no sensor, no time."""
        try:
            self._messages.take(device.id)
        except Problem:
            raise ProtocolError("not_valid", f"more than {MESSAGES_A_MINUTE} messages of readings in a minute") from None
        known = [measured for measured in reading.values if self._is_known(device, measured)]
        if not known:
            raise ProtocolError("not_valid", "no value of a sensor that there is, at a time that can be")
        ops: list[Op] = []
        for told in sorted(known, key=lambda it: it.at_ms):
            ops += self._hear(device, told)
        if ops:
            self._keep(ops)

    def _is_known(self, device: DeviceNow, told: Measurement) -> bool:
        channel, now_ms = device.channels.get(told.channel), self._now_ms()
        is_sensor = told.channel in HEALTH if channel is None else channel.about.kind is ChannelKind.SENSOR
        return is_sensor and now_ms - EARLIEST_MS <= told.at_ms <= now_ms + LATEST_MS

    def _hear(self, device: DeviceNow, told: Measurement) -> tuple[Op, ...]:
        before = device.measured.get(told.channel)
        if before is not None and told.at_ms <= before.at_ms:
            return ()
        measured = device.measured[told.channel] = Measured(told.at_ms, told.value, told.unit)
        channel = device.channels.get(told.channel)
        if channel is not None:
            self._hub.reading_changed(device, channel)
        if told.at_ms < self._kept.get((device.id, told.channel), 0) + KEEP_EVERY_MS:
            return ()
        self._kept[device.id, told.channel] = told.at_ms
        return keep(device.id, told.channel, measured)

    def _keep(self, ops: list[Op]) -> None:
        try:
            done = self._writer.submit(*ops, within_s=PATIENCE_S)
        except (StorageError, WriterBusy) as error:
            log.warning("%d readings are lost: %s", len(ops) // 2, error)
            return
        done.add_done_callback(_look)


def _look(done: asyncio.Future[None]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("readings are lost: %s", error)
