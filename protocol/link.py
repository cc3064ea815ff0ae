"""The link to the broker: paho-mqtt driven by asyncio through its socket callbacks. One class for server, agent and simulator.

Each connection is a fresh paho client, so nothing that was not delivered on one is sent again, stale, on the next. While the link
is down nothing can be published: LinkDown is raised and the caller decides. All callbacks run in the event loop's thread.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from enum import Enum

from protocol.backoff import Backoff
from protocol.connection import Connection, LinkSettings, Received, Will
from protocol.errors import LinkDown

__all__ = ["Link", "LinkSettings", "LinkState", "Received", "Will"]

log = logging.getLogger("congtac.link")


class LinkState(Enum):
    """Where the link stands. UP: connected, and every subscription granted."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"
    CLOSED = "closed"


class Link:
    """Keeps one MQTT connection up, for as long as `run` runs.

    `on_message(Received)` and `on_state(LinkState)` are called in the loop and must not block. `will` is asked anew for each
    connection, so that a will can carry its session's id.
    """

    def __init__(
        self,
        settings: LinkSettings,
        *,
        on_message: Callable[[Received], None],
        on_state: Callable[[LinkState], None] = lambda _state: None,
        will: Callable[[], Will | None] = lambda: None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.state = LinkState.WAITING
        self._on_message = on_message
        self._on_state = on_state
        self._will = will
        self._backoff = backoff or Backoff(random.uniform)
        self._sleep = sleep
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Connect, stay connected, connect again; ends only by cancellation, and then says goodbye properly."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                up_s = await self._once(loop)
                self._backoff.was_up(up_s)
                delay_s = self._backoff.next_s()
                log.info("%s: trying again in %.1f s", self.settings.user, delay_s)
                self._become(LinkState.WAITING)
                await self._sleep(delay_s)
        finally:
            self._become(LinkState.CLOSED)

    async def _once(self, loop: asyncio.AbstractEventLoop) -> float:
        """One connection from start to end; how long it was up, in seconds."""
        self._become(LinkState.CONNECTING)
        connection = Connection(self.settings, self._will(), loop, self._on_message)
        up_since: float | None = None
        self._connection = connection
        try:
            await connection.open()
            up_since = loop.time()
            self._become(LinkState.UP)
            await connection.lost()
        except ssl.SSLCertVerificationError as error:
            where = f"{self.settings.host}:{self.settings.port}"
            log.warning(
                "%s: the broker at %s is not believed and was told nothing: %s", self.settings.user, where, error.verify_message
            )
        except (OSError, TimeoutError, LinkDown) as error:
            log.info("%s: no link to %s:%s: %s", self.settings.user, self.settings.host, self.settings.port, error)
        except Exception as error:  # whatever a bad name or a proxy's odd answer makes a library raise
            if up_since is not None:
                raise
            where, kind = f"{self.settings.host}:{self.settings.port}", type(error).__name__
            log.warning("%s: no link to %s: %s: %s", self.settings.user, where, kind, error)
        finally:
            self._connection = None
            await connection.close()
        return loop.time() - up_since if up_since is not None else 0.0

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        on_ack: Callable[[bool], None] | None = None,
    ) -> None:
        """Hand a message to the broker at QoS 1, now or never.

        `on_ack(True)` is called when the broker has taken it, `on_ack(False)` when the link is lost before it said so.
        Raises LinkDown when the link is not up, or when too much is unacknowledged.
        """
        if self._connection is None or self.state is not LinkState.UP:
            raise LinkDown(f"the link to the broker is {self.state.value}")
        self._connection.publish(topic, payload, retain, on_ack)

    def drop(self) -> None:
        """End this connection and make a new one, as when no word comes back on it."""
        if self._connection is not None:
            self._connection.fail(LinkDown("dropped on purpose"))

    def _become(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            self._on_state(state)
