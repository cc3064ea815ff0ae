"""The raw round trip: a message at QoS 1 to an echo in another process and back, through the same broker as everything else."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from protocol.link import Link, LinkSettings, LinkState, Received
from protocol.topics import Topic

# Two devices that do not exist. The server hears `up/…` only, so the raw round trip costs it nothing.
TO_ECHO: Final = Topic.COMMAND.of("0000000000000e01")
FROM_ECHO: Final = Topic.COMMAND.of("0000000000000e02")
PAYLOAD_BYTES: Final = 400  # a signed command has about as many
WAIT_S: Final = 10.0


def link_settings(port: int, user: str, secret: str, topic: str) -> LinkSettings:
    """One end of the round trip, which hears this topic."""
    return LinkSettings(host="127.0.0.1", port=port, user=user, secret=secret, subscriptions=(topic,))


class Ping:
    """The asking end."""

    def __init__(self, settings: LinkSettings) -> None:
        self._up = asyncio.Event()
        self._waiting: dict[bytes, asyncio.Future[float]] = {}
        self._numbers = itertools.count()
        self._link = Link(settings, on_message=self._received, on_state=self._link_state)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Ping"]:
        """Connected, for as long as the block lasts."""
        task = asyncio.create_task(self._link.run(), name="raw ping")
        try:
            async with asyncio.timeout(WAIT_S):
                await self._up.wait()
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def once(self) -> float:
        """One round trip, in ms. Raises TimeoutError."""
        number = b"%016d" % next(self._numbers)
        waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        started = time.perf_counter()
        self._link.publish(TO_ECHO, number.ljust(PAYLOAD_BYTES))
        async with asyncio.timeout(WAIT_S):
            return (await waiting - started) * 1000

    def _received(self, message: Received) -> None:
        now = time.perf_counter()
        waiting = self._waiting.pop(message.payload[:16], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(now)

    def _link_state(self, state: LinkState) -> None:
        if state is LinkState.UP:
            self._up.set()
