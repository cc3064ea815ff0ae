"""A small MQTT client for these tests: paho on a thread of its own, and waits with a deadline."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

DEADLINE_S = 10.0


@dataclass(frozen=True)
class Login:
    """Who a client says it is."""

    user: str | None
    secret: str | None = None
    client_id: str = ""


class TestClient:
    """`with TestClient(port, login) as client`: connects (or is refused: see `refused`), remembers all it is sent."""

    __test__ = False

    def __init__(self, port: int, login: Login, will: tuple[str, bytes] | None = None) -> None:
        self._changed = threading.Condition()
        self._connack: ReasonCode | None = None
        self._gone = False
        self._done: set[int] = set()
        self.messages: list[tuple[str, bytes, bool]] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if login.user is not None:
            self._client.username_pw_set(login.user, login.secret)
        if will is not None:
            self._client.will_set(will[0], will[1], qos=1)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_done
        self._client.on_subscribe = self._on_done
        self._port = port

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, keepalive=30)
        self._client.loop_start()
        self.until(lambda: self._connack is not None or self._gone)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho keeps a pair of sockets until its client is freed: no circle may hold it for the garbage collector.
        self._client.on_connect = self._client.on_disconnect = self._client.on_message = None
        self._client.on_publish = self._client.on_subscribe = None

    @property
    def refused(self) -> bool:
        return self._connack is None or self._connack.is_failure

    @property
    def gone(self) -> bool:
        """Whether the broker ended the connection."""
        return self._gone

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has acknowledged it, which says nothing about permission."""
        mid = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self.until(lambda: mid in self._done)

    def publish_unheard(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def subscribe(self, *topics: str) -> None:
        for topic in topics:
            mid = self._client.subscribe(topic, qos=1)[1]
            assert mid is not None
            self.until(lambda mid=mid: mid in self._done)  # type: ignore[misc]

    def drop(self) -> None:
        """Cut the connection without a word, so that the broker speaks the will."""
        sock = self._client.socket()
        assert sock is not None
        sock.shutdown(2)
        self.until(lambda: self._gone)

    def received_before(self, marker: bytes) -> list[tuple[str, bytes, bool]]:
        """All that came before a message with this payload, in order."""
        self.until(lambda: any(payload == marker for _, payload, _ in self.messages))
        with self._changed:
            end = next(place for place, message in enumerate(self.messages) if message[1] == marker)
            return self.messages[:end]

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, DEADLINE_S), "the deadline passed"

    def _on_connect(self, *said: Any) -> None:
        with self._changed:
            self._connack = said[3]
            self._changed.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        with self._changed:
            self.messages.append((message.topic, message.payload, message.retain))
            self._changed.notify_all()

    def _on_done(self, *said: Any) -> None:
        with self._changed:
            self._done.add(said[2])
            self._changed.notify_all()
