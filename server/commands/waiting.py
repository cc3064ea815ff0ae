"""Callers who want to know what becomes of a command, and wait."""

import asyncio

from server.commands.record import CommandRecord


class Waiting:
    """Who waits for which command."""

    def __init__(self) -> None:
        self._waiters: dict[str, list[asyncio.Future[CommandRecord]]] = {}

    async def wait(self, command_id: str, within_s: float) -> CommandRecord | None:
        """The command as `wake` told it; None when that did not happen in time."""
        waiter: asyncio.Future[CommandRecord] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(command_id, []).append(waiter)
        try:
            async with asyncio.timeout(within_s):
                return await waiter
        except TimeoutError:
            return None
        finally:
            self._leave(command_id, waiter)

    def wake(self, command: CommandRecord) -> None:
        """There is nothing more to wait for."""
        for waiter in self._waiters.pop(command.id, ()):
            if not waiter.done():
                waiter.set_result(command)

    def _leave(self, command_id: str, waiter: asyncio.Future[CommandRecord]) -> None:
        waiting = self._waiters.get(command_id, [])
        if waiter in waiting:
            waiting.remove(waiter)
            if not waiting:
                del self._waiters[command_id]
