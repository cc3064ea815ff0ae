"""The command desk: takes wishes in, sends them in order, and settles each with the one fate it has.

A command is on disk before it is sent. What becomes of it is decided by the device's receipt; by time alone only where it never
left the server. See `record.py` for what each piece of news makes of a command.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Final

from sqlalchemy.exc import IntegrityError

from protocol.errors import LinkDown
from protocol.ids import new_command_id
from protocol.messages import ChannelKind, Receipt
from server.broker.downlink import Downlink, Letter
from server.commands import record
from server.commands.keeping import Keeping
from server.commands.keys import DuplicateKey, Keys
from server.commands.record import CommandRecord, Fate
from server.commands.statements import accept, save
from server.commands.waiting import Waiting
from server.commands.wish import Actor, Wish
from server.db import Op, StorageError, Writer
from server.devices.state import DeviceNow, DevicePresence, Registry
from server.errors import Problem
from server.live.hub import Hub

log = logging.getLogger("congtac.commands")

LONGEST_WAIT_S: Final = 30
LONGEST_DELIVERY_S: Final = 24 * 3600
MOST_OPEN_A_DEVICE: Final = 100
SETTLED_REMEMBERED: Final = 2_000
LATEST_MS: Final = 2**53


class Desk:
    """All open commands. Called in the loop only; `issue` and `cancel` wait for the disk, nothing else does."""

    def __init__(
        self,
        registry: Registry,
        writer: Writer,
        downlink: Downlink,
        hub: Hub,
        now_ms: Callable[[], int],
        *,
        ttl_s: float = 10,
        grace_s: float = 5,
    ) -> None:
        self._registry = registry
        self._writer = writer
        self._downlink = downlink
        self._hub = hub
        self._now_ms = now_ms
        self._ttl_s = ttl_s
        self._grace_ms = round(grace_s * 1000)
        self._open: dict[str, CommandRecord] = {}
        self._of_device: dict[str, dict[str, None]] = {}
        self._sent_in: dict[str, str | None] = {}
        self._asked_in: dict[str, str | None] = {}
        self._newest: dict[tuple[str, str], str] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._settled: OrderedDict[str, CommandRecord] = OrderedDict()
        self._keys = Keys()
        self._waiting = Waiting()
        self._keeping = Keeping(writer, self._as_it_stands)
        self._being_taken_back: dict[str, asyncio.Future[None]] = {}
        self._barred: set[str] = set()
        self._last_id_ms = 0

    # ---- asking

    async def issue(self, actor: Actor, wish: Wish) -> CommandRecord:
        """Accept a wish: on disk, and on its way if the device can be reached.

        Raises Problem with what is wrong, DuplicateKey, and StorageError or WriterBusy when it cannot be kept.
        """
        device = self._registry.get(wish.device_id)
        if device is None:
            raise Problem(404, "unknown_device", "There is no such device", f"no device {wish.device_id}")
        self._check(device, wish)
        command = self._new(actor, device, wish)
        self._keys.must_be_new(command)
        letter = Letter(command)
        done = self._writer.submit(
            accept(command),
            after_commit=partial(self._accepted, command, letter),
            meanwhile=partial(self._downlink.prepare, letter) if command.fate is Fate.ACCEPTED else None,
        )
        self._keys.remember(command, done)
        try:
            await done
        except IntegrityError:
            raise DuplicateKey(wish.idempotency_key or "") from None
        except StorageError:
            # nobody was told that it is accepted; should the database have it all the same, it must not lie there open for ever
            self._keeping.later(command._replace(fate=Fate.EXPIRED, settled_ms=self._now_ms()))
            raise
        return self._latest(command)

    async def made_by_key(self, actor_id: str, key: str) -> str | None:
        """The id of the command that this key made, once it is on disk; None: not remembered here (the database remembers longer)."""
        return await self._keys.made(actor_id, key)

    def get(self, command_id: str) -> CommandRecord | None:
        """A command that is open or was settled not long ago, as it stands; the database has all others."""
        return self._open.get(command_id) or self._settled.get(command_id)

    def _latest(self, command: CommandRecord) -> CommandRecord:
        return self.get(command.id) or command

    def _as_it_stands(self, command: CommandRecord) -> CommandRecord:
        return self._open.get(command.id, command)

    async def settled(self, command: CommandRecord, within_s: float) -> CommandRecord:
        """The command once it is settled, or as it stands when the time is over."""
        command = self._latest(command)
        if not command.is_under_way:
            return command
        return await self._waiting.wait(command.id, min(within_s, LONGEST_WAIT_S)) or self._latest(command)

    async def cancel(self, command_id: str) -> CommandRecord | None:
        """Take back a command that has not left the server; one that has is returned as it is. None: no such open command.

        It is not shown as taken back before that is on disk: a restart would send it. Raises StorageError; then it still waits.
        """
        command = self._open.get(command_id)
        if command is None:
            return None
        after = record.cancelled(command, self._now_ms())
        if after is command:
            return command
        done = self._being_taken_back.get(command_id)
        if done is None:
            done = self._being_taken_back[command_id] = self._writer.submit(save(after))
            done.add_done_callback(partial(self._taken_back, after))  # also where nobody waits any more: the disk has it
        await asyncio.shield(done)
        return self._latest(command)

    async def take_back(self, actor_id: str, devices: Collection[str]) -> None:
        """Take back all that this actor asked of these devices and that has not left the server. Raises as `cancel` does."""
        for command in list(self._open.values()):
            if command.actor_id == actor_id and command.device_id in devices:
                await self.cancel(command.id)

    async def bar(self, actor_id: str) -> None:
        """Send nothing of this actor's any more, ever, and take back what waits. Raises as `cancel` does."""
        self._barred.add(actor_id)
        await self.take_back(actor_id, [command.device_id for command in self._open.values()])

    def rename_actor(self, actor_id: str, to_id: str, to_name: str) -> None:
        """From now on this actor of commands is another one, of whom nothing is sent."""
        self._barred.add(to_id)
        for known in (self._open, self._settled):
            for command in [command for command in known.values() if command.actor_id == actor_id]:
                known[command.id] = command._replace(actor_id=to_id, actor=to_name)
        for device in self._registry:
            for channel in device.channels.values():
                if channel.command is not None and channel.command.actor_id == actor_id:
                    channel.command = channel.command._replace(actor_id=to_id, actor=to_name)
                    self._hub.command_changed(device, channel)

    def waiting_actors(self) -> set[str]:
        """Whose commands are open."""
        return {command.actor_id for command in self._open.values()}

    def _taken_back(self, after: CommandRecord, done: asyncio.Future[None]) -> None:
        """The disk has answered. Where taking it back failed, it is sent if its device came meanwhile."""
        self._being_taken_back.pop(after.id, None)
        command = self._open.get(after.id)
        if not done.cancelled() and done.exception() is None:
            if command is not None:
                self._become(command._replace(fate=after.fate, settled_ms=after.settled_ms))
            return
        if command is None:
            return
        self._set_timer(command)
        device = self._registry.get(command.device_id)
        if device is not None and device.presence is DevicePresence.ONLINE:
            self._send(device, command)

    def _check(self, device: DeviceNow, wish: Wish) -> None:
        if device.presence is DevicePresence.REVOKED:
            raise Problem(409, "device_revoked", "The device was revoked", f"{device.slug} obeys nobody here any more.")
        channel = device.channels.get(wish.channel)
        if channel is None:
            raise Problem(
                404, "unknown_channel", "There is no such channel", f"{device.slug} has no channel {wish.channel[:40]!r}"
            )
        if channel.about.kind is not ChannelKind.OUTPUT:
            raise Problem(409, "not_an_output", "This channel cannot be switched", f"{wish.channel} is a {channel.about.kind}")
        if channel.about.locked:
            raise Problem(409, "locked", "This channel is locked", f"{wish.channel} is locked in the device's own wiring file")
        # what is unconfirmed may stay so for ever, as after the loss of a device's memory: it is in nobody's way
        under_way = sum(self._open[command_id].is_under_way for command_id in self._of_device.get(device.id, ()))
        if under_way >= MOST_OPEN_A_DEVICE:
            raise Problem(429, "too_many", "Too many commands", f"{device.slug} has {MOST_OPEN_A_DEVICE} open commands")
        if wish.when_online:
            return
        if not self._hub.link_up:
            raise Problem(503, "link_down", "The server cannot reach the broker", "Nothing was sent. Try again in a moment.")
        if device.presence is DevicePresence.OFFLINE:
            raise Problem(409, "device_offline", "The device is offline", f"Nothing was sent: {device.slug} is not connected.")

    def _new(self, actor: Actor, device: DeviceNow, wish: Wish) -> CommandRecord:
        now_ms = self._now_ms()
        # ids sort by when they were made, also within one millisecond, and also when the clock is put back
        self._last_id_ms = max(now_ms, self._last_id_ms + 1)
        ttl_s = wish.expires_in_s if wish.expires_in_s is not None else LONGEST_DELIVERY_S if wish.when_online else self._ttl_s
        return CommandRecord(
            id=new_command_id(self._last_id_ms),
            device_id=device.id,
            channel=wish.channel,
            on=wish.on,
            for_s=wish.for_s if wish.on else None,
            actor_id=actor.id,
            actor=actor.name,
            created_ms=now_ms,
            expires_ms=min(now_ms + round(ttl_s * 1000), wish.before_ms or LATEST_MS),
            fate=Fate.WAITING if wish.when_online and device.presence is not DevicePresence.ONLINE else Fate.ACCEPTED,
            journal=device.journal,
            idempotency_key=wish.idempotency_key,
        )

    # ---- sending

    def _accepted(self, command: CommandRecord, letter: Letter) -> None:
        """It is on disk: from here on it has a fate."""
        self.adopt((command,))
        device = self._registry.get(command.device_id)
        if device is not None:
            if device.presence is DevicePresence.ONLINE:
                self._send(device, command, letter)
            self._show(device, self._latest(command))

    def go_on_after(self, command_id: str) -> None:
        """New ids sort after this one, also when the clock was put back between two runs."""
        self._last_id_ms = max(self._last_id_ms, int(command_id[:12], 16))

    def was_sent(self, command: CommandRecord) -> None:
        """A former run sent this one, or may have: nothing that is older may be sent to its channel any more."""
        place = (command.device_id, command.channel)
        self._newest[place] = max(command.id, self._newest.get(place, ""))

    def adopt(self, commands: Iterable[CommandRecord]) -> None:
        """Take open commands under care: those just accepted, and at the start those that a former run left open."""
        for command in commands:
            if command.handed_over:
                self.was_sent(command)
            self._open[command.id] = command
            self._of_device.setdefault(command.device_id, {})[command.id] = None
            self._set_timer(command)

    def welcomed(self, device: DeviceNow) -> None:
        """The device can be spoken to: send what waits for it, oldest first, and what an earlier session may have lost."""
        for command_id in sorted(self._of_device.get(device.id, ())):
            command = self._open[command_id]
            if command.is_under_way and self._sent_in.get(command_id) != device.session:
                self._send(device, command)

    def _send(self, device: DeviceNow, command: CommandRecord, letter: Letter | None = None) -> None:
        now_ms = self._now_ms()
        place = (command.device_id, command.channel)
        # what was lost on the way is not sent after what was asked later: the last wish must hold
        overtaken = command.id < self._newest.get(place, "")
        held = command.id in self._being_taken_back or command.actor_id in self._barred or not command.actor  # who is erased
        if now_ms >= command.expires_ms or held or overtaken or record.may_be_forgotten(command, device.journal):
            return
        self._open[command.id] = record.handed_over(command, device.journal)
        try:
            self._downlink.command(letter or Letter(command), partial(self._acknowledged, command.id))
        except LinkDown as error:
            log.info("%s is not sent yet: %s", command.id, error)
            self._open[command.id] = command
            return
        self._sent_in[command.id] = device.session
        self._newest[place] = command.id

    def _acknowledged(self, command_id: str, taken: bool) -> None:
        command = self._open.get(command_id)
        if command is None:
            return
        if not taken:
            self._sent_in.pop(command_id, None)
            return
        after = record.published(command, self._now_ms())
        if after is not command:
            self._become(after)
            self._keeping.soon(after)

    # ---- settling

    def receipt(self, device: DeviceNow, receipt: Receipt) -> Op | None:
        """A device answered: settle the command. Returns what is to be written; `kept` or `not_kept` must follow.

        An answer that comes again while the first could not be written is to be written with it.
        """
        command = self._open.get(receipt.command)
        if command is None:
            self._note_contradiction(device, receipt)
            return self._keeping.again(receipt.command, device.id)
        after = record.answered(command, receipt, self._now_ms()) if command.device_id == device.id else command
        return None if after is command else self._keeping.by_receipt(self._become(after))

    def _note_contradiction(self, device: DeviceNow, receipt: Receipt) -> None:
        """The first fate holds, and whoever runs this learns that it was not the truth."""
        told = self._settled.get(receipt.command)
        if told is not None and told.device_id == device.id and record.contradicts(told, receipt):
            log.error(
                "%s was told as %s, and %s says now: %s %s", told.id, told.fate, device.id, receipt.fate, receipt.reason or ""
            )

    def kept(self, command_id: str) -> None:
        """What a receipt made of a command is on disk."""
        self._keeping.kept(command_id)

    def not_kept(self, command_id: str) -> None:
        """What a receipt made of a command could not be written."""
        self._keeping.not_kept(command_id)

    def caught_up(self, device: DeviceNow) -> None:
        """The device's whole journal up to its hello is here: what it never wrote down it never received."""
        for command_id in list(self._of_device.get(device.id, ())):
            command = self._open[command_id]
            if command_id in self._being_taken_back:
                continue
            after = record.never_received(command, device.journal, device.hello_ms)
            if after is not command:
                self._keeping.now(self._become(after._replace(settled_ms=self._now_ms())))
            elif self._now_ms() >= command.expires_ms > device.hello_ms and self._asked_in.get(device.id) != device.session:
                # the hello was said before it knew the time, or came late: another one can tell
                self._asked_in[device.id] = device.session
                self._ask(device)

    def _set_timer(self, command: CommandRecord) -> None:
        old = self._timers.pop(command.id, None)
        if old is not None:
            old.cancel()
        if not command.is_under_way:
            return
        due_ms = command.expires_ms if not command.handed_over else command.expires_ms + self._grace_ms
        wait_s = max(0, due_ms - self._now_ms()) / 1000
        self._timers[command.id] = asyncio.get_running_loop().call_later(wait_s, self._due, command.id)

    def _due(self, command_id: str) -> None:
        del self._timers[command_id]
        if command_id in self._being_taken_back:
            return  # the disk decides
        command = self._open[command_id]
        after = record.overdue(command, self._now_ms(), self._grace_ms)
        if after is command:
            self._set_timer(command)
            return
        self._keeping.now(self._become(after))
        device = self._registry.get(command.device_id)
        if after.fate is Fate.UNCONFIRMED and device is not None:
            self._ask(device)

    def _ask(self, device: DeviceNow) -> None:
        """Let the device say hello: its journal tells what became of the command."""
        try:
            self._downlink.call_roll(device.id, within_ms=500)
        except LinkDown:
            log.debug("%s is asked when it comes back", device.id)

    def _become(self, command: CommandRecord) -> CommandRecord:
        """Take over a command's new state and show it; forget it once nothing can change it."""
        device = self._registry.get(command.device_id)
        if command.is_open:
            self._open[command.id] = command
        else:
            self._forget(command)
        if device is not None:
            self._show(device, command)
        if not command.is_under_way:
            self._waiting.wake(command)
        return command

    def _forget(self, command: CommandRecord) -> None:
        self._settled[command.id] = command
        while len(self._settled) > SETTLED_REMEMBERED:
            self._settled.popitem(last=False)
        self._open.pop(command.id, None)
        self._sent_in.pop(command.id, None)
        self._keeping.settled(command.id)
        timer = self._timers.pop(command.id, None)
        if timer is not None:
            timer.cancel()
        mine = self._of_device.get(command.device_id)
        if mine is not None:
            mine.pop(command.id, None)
            if not mine:
                del self._of_device[command.device_id]

    def _show(self, device: DeviceNow, command: CommandRecord) -> None:
        channel = device.channels.get(command.channel)
        if channel is not None and (channel.command is None or channel.command.id <= command.id):
            channel.command = command
            self._hub.command_changed(device, channel)

    def close(self) -> None:
        """Stop all timers; what is under way is on disk and is taken up again at the next start."""
        for timer in self._timers.values():
            timer.cancel()
        self._keeping.close()
