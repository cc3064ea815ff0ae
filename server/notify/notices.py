"""Hears what happens to devices, and has people told. What is heard is only put in a list; all else happens in a task of its own."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from protocol.messages import Event, Receipt
from server.db import StorageError, WriterBusy
from server.devices.state import ChannelNow, DeviceNow, DevicePresence
from server.limits import Buckets
from server.notify.delivery import Delivery
from server.notify.keys import Seal
from server.notify.kinds import Message
from server.notify.messengers import Messengers
from server.notify.outages import Outage, Outages
from server.notify.outcome import Outcome, Said
from server.notify.push import Push
from server.notify.safety import Before, Safety
from server.notify.says import Names, say
from server.notify.store import Letter, Store
from server.switchboard import Switchboard
from server.web.i18n import words_in

log = logging.getLogger("congtac.notify")

EVERY_S: Final = 1.0
MOST_WAITING: Final = 10_000
QUIET_MS: Final = 600_000
TESTS_A_MINUTE: Final = 3
LATE_MS: Final = 86_400_000


class Notices:
    """What people are told of, from the news of a device to a letter that is sent."""

    def __init__(
        self,
        board: Switchboard,
        store: Store,
        push: Push,
        messengers: Messengers,
        seal: Seal,
        now_ms: Callable[[], int],
        *,
        away_s: float,
        back_s: float,
    ) -> None:
        self.store = store
        self.push = push
        self.messengers = messengers
        self.seal = seal
        self.delivery = Delivery(store, self._send)
        self.tests = Buckets(TESTS_A_MINUTE)
        self._board = board
        self._now_ms = now_ms
        self._outages = Outages(round(away_s * 1000), round(back_s * 1000))
        self._safety = Safety(QUIET_MS, LATE_MS)
        self._waiting: deque[Message] = deque(maxlen=MOST_WAITING)

    async def open(self) -> None:
        """Take up what earlier runs left, and listen."""
        told = await self.store.told_outages()
        for device in self._board.registry:
            outage = _resumed(device, told.get(device.id), self._now_ms())
            if outage is not None:
                self._outages.resume(device.id, outage)
        self.delivery.offer(await self.store.take_up())
        self._board.ingest.on_presence.append(self._presence)
        self._board.ingest.on_event.append(self._event)
        self._board.ingest.on_receipt.append(self._receipt)

    async def run(self) -> None:
        """Decide and send, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.delivery.run(), name="notify delivery")
            group.create_task(self._decide(), name="notify decisions")

    async def _decide(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Plan all that is to be told by now. What cannot be written now is planned the next time."""
        now = self._now_ms()
        self._waiting.extend([*self._outages.advance(now), *self._safety.advance(now)])
        while self._waiting:
            message = self._waiting.popleft()
            try:
                await self._plan(message)
            except (StorageError, WriterBusy) as error:
                log.info("what is to be told waits, since nothing can be written: %s", error)
                self._waiting.appendleft(message)
                return

    async def _plan(self, message: Message) -> None:
        device = self._board.registry.get(message.device_id)
        if device is not None and device.presence is not DevicePresence.REVOKED:
            self.delivery.offer(await self.store.plan(message, device.site_id))

    # ---- what is heard

    def _presence(self, device: DeviceNow) -> None:
        self._waiting.extend(self._outages.hear(device.id, device.presence, self._now_ms()))

    def _event(self, device: DeviceNow, channel: ChannelNow | None, event: Event) -> None:
        """Before the channel takes it over."""
        before = None if channel is None else _before(channel)
        self._waiting.extend(self._safety.event(device.id, event, before, self._now_ms()))

    def _receipt(self, device: DeviceNow, receipt: Receipt) -> None:
        command = self._board.desk.get(receipt.command)
        if command is None or command.device_id != device.id:
            return
        kind, _, user_id = command.actor_id.partition(":")
        asked_by = user_id if kind == "user" else None
        self._waiting.extend(self._safety.receipt(device.id, receipt, asked_by, self._now_ms()))

    # ---- sending

    async def _send(self, letter: Letter) -> Outcome:
        target = await self.store.target(letter)
        if target is None:
            return Outcome.FAILED
        said = self.said(letter, target.language)
        if target.browser is not None:
            return await self.push.send(target.browser, said, letter.user_id)
        address = self.seal.open(target.sealed or "")
        return Outcome.FAILED if address is None else await self.messengers.send(address, said, letter.user_id)

    def said(self, letter: Letter, language: str) -> Said:
        """The letter in words."""
        names = self.names_of(letter.device_id)
        return say(letter.what, letter.facts, letter.at_ms, letter.device_id, names, words_in(language), self._now_ms())

    def names_of(self, device_id: str | None) -> Names | None:
        """What a device and its channels are called now."""
        device = self._board.registry.get(device_id) if device_id else None
        if device is None:
            return None
        site = self._board.sites.get(device.site_id, {})
        channels = {channel.about.id: channel.name for channel in device.channels.values()}
        return Names(device.name, site.get("name", ""), site.get("timezone", ""), channels)


def _resumed(device: DeviceNow, told_since_ms: int | None, now_ms: int) -> Outage | None:
    """The outage of a device at the server's start. One that is long over is not told of any more."""
    if device.presence is DevicePresence.REVOKED:
        return None
    gone_ms = now_ms if device.presence is DevicePresence.OFFLINE else None
    if told_since_ms is not None:
        return Outage(told_since_ms, gone_ms=gone_ms, told=True)
    if gone_ms is None or device.presence_ms is None or now_ms - device.presence_ms > LATE_MS:
        return None
    return Outage(device.presence_ms, gone_ms=gone_ms)


def _before(channel: ChannelNow) -> Before:
    command = channel.command
    wished = command is not None and command.on and not command.clamped
    return Before(channel.on, channel.since_ms, channel.about.max_on_s, command.for_s if wished and command else None)
