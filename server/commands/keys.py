"""Idempotency keys of late: a phone that asks again because it heard no answer gets the command that its first request made."""

import asyncio
from collections import OrderedDict
from typing import Final

from server.commands.record import CommandRecord

MOST: Final = 10_000


class DuplicateKey(Exception):  # noqa: N818 (it is what was found, and not a fault)
    """The caller used this idempotency key before: the first command is the answer."""

    def __init__(self, key: str) -> None:
        super().__init__(f"idempotency key {key!r} was used before")
        self.key = key


class Keys:
    """Which command each key of each actor made, also while that is still being written. The database remembers longer."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, str], tuple[str, asyncio.Future[None]]] = OrderedDict()

    def must_be_new(self, command: CommandRecord) -> None:
        """Raises DuplicateKey for a key that made a command before, or is making one."""
        key = command.idempotency_key
        if key is not None and (command.actor_id, key) in self._made:
            raise DuplicateKey(key)

    def remember(self, command: CommandRecord, done: asyncio.Future[None]) -> None:
        """This command's key made it, unless `done`, its way to the disk, fails."""
        if command.idempotency_key is None:
            return
        place = (command.actor_id, command.idempotency_key)
        self._made[place] = (command.id, done)

        def forget_failure(future: asyncio.Future[None]) -> None:
            if future.cancelled() or future.exception() is not None:
                self._made.pop(place, None)

        done.add_done_callback(forget_failure)
        while len(self._made) > MOST:
            self._made.popitem(last=False)

    async def made(self, actor_id: str, key: str) -> str | None:
        """The id of the command that this key made, once it is on disk; None where none is remembered."""
        known = self._made.get((actor_id, key))
        if known is None:
            return None
        command_id, done = known
        await asyncio.wait((done,))
        return command_id if not done.cancelled() and done.exception() is None else None
