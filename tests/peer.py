"""A party on the wire for tests: a Link that remembers all it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from protocol.backoff import Backoff
from protocol.link import Link, LinkSettings, LinkState, Received
from tests.waiting import until


def soon(_low: float, _high: float) -> float:
    """The randomness of a party that does not wait long before it connects again."""
    return 0.02


class Peer:
    """`messages` as they came, `states` as the link went through them, `acks` of what was said."""

    def __init__(self, settings: LinkSettings, **options: Any) -> None:
        self.messages: list[Received] = []
        self.states: list[LinkState] = []
        self.acks: list[bool] = []
        self.hear: Callable[[Received], None] = self.messages.append
        options.setdefault("backoff", Backoff(soon))
        self.link = Link(settings, on_message=self._heard, on_state=self.states.append, **options)

    def _heard(self, message: Received) -> None:
        self.hear(message)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish, and note what becomes of it. Raises LinkDown."""
        self.link.publish(topic, payload, retain=retain, on_ack=self.acks.append)

    @property
    def payloads(self) -> list[bytes]:
        """What came, without the rest."""
        return [message.payload for message in self.messages]

    @property
    def times_up(self) -> int:
        """How often the link came up."""
        return self.states.count(LinkState.UP)

    async def up(self, times: int = 1) -> None:
        """Return when the link is up, for the so manieth time."""
        await until(lambda: self.times_up >= times and self.link.state is LinkState.UP)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Peer"]:
        """Run the link for as long as the block lasts."""
        task = asyncio.create_task(self.link.run(), name=f"peer {self.link.settings.user}")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            if not task.cancelled():
                task.result()
