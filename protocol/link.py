"""The link to the broker: paho-mqtt driven by asyncio through its socket callbacks. One class for server, agent and simulator.

Each connection is a fresh paho client, so nothing that was not delivered on one is sent again, stale, on the next. While the link
is down nothing can be published: LinkDown is raised and the caller decides. All callbacks run in the event loop's thread.
"""

import asyncio
import contextlib
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from protocol.backoff import Backoff
from protocol.errors import LinkDown

log = logging.getLogger("congtac.link")

TEND_EVERY_S: Final = 1.0
QOS: Final = 1


class LinkState(Enum):
    """Where the link stands. UP: connected, and every subscription granted."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came. `retained`: kept by the broker from earlier, not said just now."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we vanish."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True)
class LinkSettings:
    """Where and as whom to connect. The client id is the user name.

    `most_unacknowledged`: publishes that may wait for the broker's word; past that LinkDown is raised rather than memory filled.
    """

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    subscriptions: tuple[str, ...] = ()
    keepalive_s: int = 30
    connect_timeout_s: float = 10.0
    most_unacknowledged: int = 5_000
    tls: ssl.SSLContext | None = None


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
        self._connection: _Connection | None = None

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
        connection = _Connection(self.settings, self._will(), loop, self._on_message)
        up_since: float | None = None
        self._connection = connection
        try:
            await connection.open()
            up_since = loop.time()
            self._become(LinkState.UP)
            await connection.lost()
        except (OSError, TimeoutError, LinkDown) as error:
            log.info("%s: no link to %s:%s: %s", self.settings.user, self.settings.host, self.settings.port, error)
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


class _Connection:
    """One paho client over one socket, from CONNECT to its end."""

    def __init__(
        self,
        settings: LinkSettings,
        will: Will | None,
        loop: asyncio.AbstractEventLoop,
        on_message: Callable[[Received], None],
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._on_message = on_message
        self._acks: dict[int, Callable[[bool], None] | None] = {}
        self._ready: asyncio.Future[None] = loop.create_future()
        self._lost: asyncio.Future[None] = loop.create_future()
        self._socket: socket.socket | None = None
        self._writing = False
        self._pending_subscriptions: set[int] = set()
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=settings.user, clean_session=True, reconnect_on_failure=False
        )
        client.connect_timeout = settings.connect_timeout_s
        client.max_inflight_messages_set(0)  # no limit of paho's: it walks all of them at each PUBACK; `publish` has ours
        client.username_pw_set(settings.user, settings.secret)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=QOS, retain=will.retained)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closing
        client.on_socket_register_write = self._wants_write
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_publish = self._published
        client.on_message = self._received
        client.on_disconnect = self._disconnected

    async def open(self) -> None:
        """Connect and subscribe. Raises OSError, TimeoutError or LinkDown."""
        settings = self._settings
        connecting = self._loop.run_in_executor(None, self._client.connect, settings.host, settings.port, settings.keepalive_s)
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # the thread cannot be stopped, and must not leave a socket behind when it is done
            with contextlib.suppress(Exception):
                await connecting
            raise
        self._flush()
        async with asyncio.timeout(settings.connect_timeout_s):
            await self._ready

    async def lost(self) -> None:
        """Tend the connection until it ends. Raises LinkDown with the reason."""
        while not self._lost.done():
            self._client.loop_misc()
            await asyncio.wait((self._lost,), timeout=TEND_EVERY_S)
        self._lost.result()

    async def close(self) -> None:
        """Say goodbye where that is possible, close the socket, and tell all who wait that their message was not confirmed."""
        if self._client.is_connected() and not self._lost.done():
            self._client.disconnect()
            self._flush()
        if self._socket is not None:
            held = self._socket
            self._forget_socket()
            held.close()
        self._client.on_socket_close = None
        self._client.loop_read()  # notices the closed socket, so that paho lets go of it
        self._fail_futures(LinkDown("closed"))
        self._settle_acks()

    def fail(self, error: LinkDown) -> None:
        """End the connection for this reason."""
        self._fail_futures(error)

    def publish(self, topic: str, payload: bytes, retain: bool, on_ack: Callable[[bool], None] | None) -> None:
        if len(self._acks) >= self._settings.most_unacknowledged:
            raise LinkDown(f"{len(self._acks)} messages are unacknowledged")
        info = self._client.publish(topic, payload, qos=QOS, retain=retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise LinkDown(paho.error_string(info.rc))
        self._acks[info.mid] = on_ack
        self._flush()

    # ---- the socket, as paho tells of it (the first three may come from the connecting thread)

    def _socket_opened(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.call_soon_threadsafe(self._watch, sock)

    def _watch(self, sock: socket.socket) -> None:
        if sock.fileno() < 0 or self._lost.done():
            return
        self._socket = sock
        self._loop.add_reader(sock, self._readable)
        self._flush()

    def _socket_closing(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        if self._socket is sock:
            self._forget_socket()

    def _wants_write(self, _client: paho.Client, _userdata: Any, _sock: Any) -> None:
        """Whoever queues a packet in the loop's thread flushes afterwards; the connecting thread's CONNECT waits for `_watch`."""

    def _forget_socket(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket = None
        self._writing = False

    def _readable(self) -> None:
        for _packet in self._readable_rounds():
            self._client.loop_read()
        self._flush()

    def _readable_rounds(self) -> Iterator[None]:
        """One round for what the kernel announced, then more while TLS holds decrypted bytes that no kernel will announce."""
        yield
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0:
            yield

    def _flush(self) -> None:
        if self._socket is None:
            return
        self._client.loop_write()
        stuck = self._socket is not None and self._client.want_write()
        if stuck and not self._writing and self._socket is not None:
            self._writing = True
            self._loop.add_writer(self._socket, self._flush)
        elif not stuck and self._writing and self._socket is not None:
            self._writing = False
            self._loop.remove_writer(self._socket)

    # ---- the conversation, as paho tells of it

    def _connected(self, client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            self._fail_futures(LinkDown(f"the broker refused: {reason}"))
            return
        for topic in self._settings.subscriptions:
            _result, mid = client.subscribe(topic, qos=QOS)
            if mid is not None:
                self._pending_subscriptions.add(mid)
        if not self._settings.subscriptions and not self._ready.done():
            self._ready.set_result(None)

    def _subscribed(self, _client: paho.Client, _userdata: Any, mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._fail_futures(LinkDown("the broker refused a subscription"))
            return
        self._pending_subscriptions.discard(mid)
        if not self._pending_subscriptions and not self._ready.done():
            self._ready.set_result(None)

    def _received(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            log.warning("a topic that is not UTF-8 was ignored")
            return
        self._on_message(Received(topic, bytes(message.payload), message.retain))

    def _published(self, _client: paho.Client, _userdata: Any, mid: int, _reason: Any, _properties: Any) -> None:
        on_ack = self._acks.pop(mid, None)
        if on_ack is not None:
            on_ack(True)

    def _disconnected(self, _client: paho.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._fail_futures(LinkDown(f"the connection ended: {reason}"))

    def _fail_futures(self, error: LinkDown) -> None:
        for future in (self._ready, self._lost):
            if not future.done():
                future.set_exception(error)
                future.exception()  # read once, so that an unawaited one is no warning

    def _settle_acks(self) -> None:
        waiting = [on_ack for on_ack in self._acks.values() if on_ack is not None]
        self._acks.clear()
        for on_ack in waiting:
            on_ack(False)
