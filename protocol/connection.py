"""One connection to the broker: one paho client over one socket, driven by asyncio through paho's socket callbacks.

It is made, used and thrown away by `protocol.link`, which has the contract that others rely on.
"""

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
import ssl
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from protocol.errors import LinkDown

log = logging.getLogger("congtac.link")

TEND_EVERY_S: Final = 1.0
PART_WITHIN_S: Final = 1.0
ACKNOWLEDGE_WITHIN_S: Final = 0.005
QOS: Final = 1
AT_ONCE: Final = 100
_NOTHING: Final = bytes(4)
_CALLBACKS: Final = (
    *("on_socket_open", "on_socket_close", "on_socket_register_write"),
    *("on_connect", "on_subscribe", "on_publish", "on_message", "on_disconnect"),
)


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
    `path`: of MQTT over WebSocket.
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
    transport: Literal["tcp", "websockets"] = "tcp"
    path: str = "/mqtt"

    def __post_init__(self) -> None:
        if self.keepalive_s < 1:
            raise ValueError(f"a keepalive of {self.keepalive_s} s: without one a link that is half open is never noticed")


class _TidySocket(ssl.SSLSocket):
    """Closes itself when its handshake fails; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class _Client(paho.Client):
    """`newest` is the socket that carries the bytes: below the frames of a WebSocket, and also where a handshake on it failed.

    paho tells neither, and would leave the latter open.
    """

    newest: socket.socket | None = None

    def _create_socket_connection(self) -> socket.socket:
        self.newest = super()._create_socket_connection()
        return self.newest

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        self.newest = wrapped = super()._ssl_wrap_socket(tcp_sock)
        return wrapped


class Connection:
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
        self._reading = False
        self._answered = False
        self._acknowledging: asyncio.TimerHandle | None = None
        self._pending_subscriptions: set[int] = set()
        self._client = client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.user,
            clean_session=True,
            reconnect_on_failure=False,
            transport=settings.transport,
        )
        client.ws_set_options(path=settings.path)
        client.connect_timeout = settings.connect_timeout_s
        client.max_inflight_messages_set(0)  # no limit of paho's: it walks all of them at each PUBACK; `publish` has ours
        client.username_pw_set(settings.user, settings.secret)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=QOS, retain=will.retained)
        if settings.tls is not None:
            settings.tls.sslsocket_class = _TidySocket
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
        tend_every_s = min(TEND_EVERY_S, self._settings.keepalive_s / 4)  # the broker waits for half a keepalive, not more
        while not self._lost.done():
            self._client.loop_misc()
            self._flush()
            await asyncio.wait((self._lost,), timeout=tend_every_s)
        self._lost.result()

    async def close(self) -> None:
        """Say goodbye where that is possible, close the socket, and tell all who wait that their message was not confirmed."""
        parting: socket.socket | None = None
        if self._client.is_connected() and self._socket is not None and not self._lost.done():
            parting = socket.socket(fileno=os.dup(self._socket.fileno()))  # paho closes its own at once
            self._client.disconnect()
            self._flush()
        self._fail_futures(LinkDown("closed"))
        held = self._client.newest
        self._forget_socket()
        if held is not None:
            held.close()
        for callback in _CALLBACKS:
            setattr(self._client, callback, None)
        # paho's client closes its pair of sockets when it is freed: not some time later, by the garbage collector
        del self._client
        self._settle_acks()
        if parting is not None:
            await self._part(parting)

    async def _part(self, held: socket.socket) -> None:
        """Read on until the broker closes. Closed with bytes unread, the connection would be reset, and our goodbye with it."""
        with held, contextlib.suppress(OSError, TimeoutError):
            held.setblocking(False)
            held.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(PART_WITHIN_S):
                while await self._loop.sock_recv(held, 65_536):
                    pass

    def fail(self, error: LinkDown) -> None:
        """End the connection for this reason."""
        self._fail_futures(error)

    def publish(self, topic: str, payload: bytes, retain: bool, on_ack: Callable[[bool], None] | None) -> None:
        """Send at QoS 1. Raises LinkDown when too much is unacknowledged, or the socket is gone."""
        if len(self._acks) >= self._settings.most_unacknowledged:
            raise LinkDown(f"{len(self._acks)} messages are unacknowledged")
        info = self._client.publish(topic, payload, qos=QOS, retain=retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise LinkDown(paho.error_string(info.rc))
        self._acks[info.mid] = on_ack
        if self._reading:
            self._answered = True
        else:
            self._flush()

    # ---- the socket, as paho tells of it (the first three may come from the connecting thread)

    def _socket_opened(self, _client: paho.Client, _userdata: Any, sock: Any) -> None:
        wire = self._client.newest or sock
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.call_soon_threadsafe(self._watch, wire)

    def _watch(self, sock: socket.socket) -> None:
        if self._lost.done():
            sock.close()  # whoever connected did not wait for it
        if sock.fileno() < 0:
            return
        self._socket = sock
        self._loop.add_reader(sock, self._readable)
        self._flush()

    def _socket_closing(self, _client: paho.Client, _userdata: Any, _sock: Any) -> None:
        if self._socket is not None and self._socket is self._client.newest:
            self._forget_socket()

    def _wants_write(self, _client: paho.Client, _userdata: Any, _sock: Any) -> None:
        """Whoever queues a packet in the loop's thread flushes afterwards; the connecting thread's CONNECT waits for `_watch`."""

    def _forget_socket(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        if self._acknowledging is not None:
            self._acknowledging.cancel()
        self._socket = self._acknowledging = None
        self._writing = False

    def _readable(self) -> None:
        """Read what came. What is said in answer goes out afterwards: inside a callback of its own, paho holds a lock that it would
        wait for itself when sending finds the socket closed, and the whole program would stand still for ever. Where there are only
        acknowledgements to send, those whom the news woke go first: nobody waits for an acknowledgement, and what is said a moment
        later takes it along.
        """
        self._reading, self._answered = True, False
        try:
            for _packet in self._readable_rounds():
                self._client.loop_read()
        except Exception:  # whatever a broken peer makes paho raise: it would stay at that packet for ever
            log.exception("%s: the broker said what cannot be read", self._settings.user)
            self._fail_futures(LinkDown("the broker said what cannot be read"))
            return
        finally:
            self._reading = False
        if self._answered:
            self._flush()
        elif self._acknowledging is None:
            self._acknowledging = self._loop.call_later(ACKNOWLEDGE_WITHIN_S, self._flush)

    def _readable_rounds(self) -> Iterator[None]:
        """A round for each packet that is here by now, so that what is said to all of them goes out together; at most AT_ONCE, for
        others wait too, and then on only while TLS holds decrypted bytes that no kernel will announce.
        """
        yield
        for _ in range(AT_ONCE):
            if self._socket is None or not _holds_bytes(self._socket):
                break
            yield
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0:
            yield

    def _flush(self) -> None:
        if self._acknowledging is not None:
            self._acknowledging.cancel()
            self._acknowledging = None
        if self._socket is None:
            return
        if self._client.want_write():
            with _together(self._socket):
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
            self._answered = True
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
        self._shielded(lambda: self._on_message(Received(topic, bytes(message.payload), message.retain)))

    def _published(self, _client: paho.Client, _userdata: Any, mid: int, _reason: Any, _properties: Any) -> None:
        on_ack = self._acks.pop(mid, None)
        if on_ack is not None:
            self._shielded(lambda: on_ack(True))

    def _shielded(self, call: Callable[[], None]) -> None:
        """Call what is not ours. An exception from it must not reach paho, which would then handle the same packet again."""
        try:
            call()
        except Exception:  # the fault is the owner's, and told; the next message is a new chance
            log.exception("%s: a callback failed", self._settings.user)

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
            self._shielded(partial(on_ack, False))


def _holds_bytes(sock: socket.socket) -> bool:
    """Whether there is something to read right now."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending() > 0:
        return True
    return fcntl.ioctl(sock, termios.FIONREAD, _NOTHING) != _NOTHING


@contextlib.contextmanager
def _together(sock: socket.socket) -> Iterator[None]:
    """What is written inside leaves in as few segments as it fits in, and at once afterwards.

    Each segment costs the sender and the receiver more than all of paho's work for the packet in it.
    """
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
