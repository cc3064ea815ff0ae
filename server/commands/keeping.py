"""Brings what becomes of commands to the disk, and tries again for as long as the disk refuses."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from server.commands.record import CommandRecord
from server.commands.statements import save
from server.db import Op, StorageError, Writer, WriterBusy

log = logging.getLogger("congtac.commands")

LAZY_S: Final = 0.05
AGAIN_S: Final = 1.0


class Keeping:
    """What is not on disk yet. `latest` gives a command as it stands now: that is written, not what it was when it was put here."""

    def __init__(self, writer: Writer, latest: Callable[[CommandRecord], CommandRecord]) -> None:
        self._writer = writer
        self._latest = latest
        self._unsaved: dict[str, CommandRecord] = {}
        self._with_receipt: dict[str, CommandRecord] = {}
        self._saver: asyncio.TimerHandle | None = None
        self._closed = False

    def soon(self, command: CommandRecord) -> None:
        """An acknowledgement alone need not be on disk at once: a restart would only send the command again."""
        self._unsaved[command.id] = command
        self._within(LAZY_S)

    def now(self, command: CommandRecord) -> None:
        """Write it at once."""
        self._unsaved.pop(command.id, None)
        self._submit([command])

    def later(self, command: CommandRecord) -> None:
        """It could not be written: try again, for as long as it takes. What is newer by then goes instead."""
        known = self._unsaved.get(command.id)
        if known is None or known.is_open:
            self._unsaved[command.id] = command
        self._within(AGAIN_S)

    def by_receipt(self, command: CommandRecord) -> Op:
        """What is to be written together with the receipt that settled it; `kept` or `not_kept` must follow."""
        self._with_receipt[command.id] = command
        return save(command)

    def again(self, command_id: str, device_id: str) -> Op | None:
        """The same once more, for a receipt that is told again while the first could not be written."""
        unwritten = self._with_receipt.get(command_id) or self._unsaved.get(command_id)
        return save(unwritten) if unwritten is not None and unwritten.device_id == device_id else None

    def kept(self, command_id: str) -> None:
        """What a receipt made of a command is on disk."""
        self._with_receipt.pop(command_id, None)
        self._unsaved.pop(command_id, None)

    def not_kept(self, command_id: str) -> None:
        """What a receipt made of a command could not be written."""
        unwritten = self._with_receipt.pop(command_id, None)
        if unwritten is not None:
            self.later(unwritten)

    def settled(self, command_id: str) -> None:
        """Its end will be written: what was put here of its way there is out of date."""
        if command_id in self._unsaved and self._unsaved[command_id].is_open:
            del self._unsaved[command_id]

    def close(self) -> None:
        """Try once more, and no more after that."""
        self._closed = True
        if self._saver is not None:
            self._saver.cancel()
            self._save_all()

    def _within(self, seconds: float) -> None:
        if self._saver is None and not self._closed:
            self._saver = asyncio.get_running_loop().call_later(seconds, self._save_all)

    def _save_all(self) -> None:
        self._saver = None
        commands = [self._latest(command) for command in self._unsaved.values()]
        self._unsaved.clear()
        if commands:
            self._submit(commands)

    def _submit(self, commands: Sequence[CommandRecord]) -> None:
        try:
            done = self._writer.submit(*(save(command) for command in commands))
        except (StorageError, WriterBusy) as error:
            self._failed(commands, error)
            return
        done.add_done_callback(partial(self._check, commands))

    def _check(self, commands: Sequence[CommandRecord], done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._failed(commands, error)

    def _failed(self, commands: Sequence[CommandRecord], error: BaseException) -> None:
        log.error("the fates of %d commands could not be kept yet: %s", len(commands), error)
        for command in commands:
            self.later(command)
