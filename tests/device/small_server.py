"""A server as small as can be: it answers hello, signs commands, and keeps all that it is told. It speaks the protocol and nothing else."""

import time
from contextlib import AbstractAsyncContextManager
from typing import Any

from protocol import topics
from protocol.codec import decode
from protocol.ids import new_command_id
from protocol.link import LinkSettings, Received
from protocol.messages import MESSAGES, Command, Event, EventKind, Hello, Message, Presence, Reason, Receipt, State, Welcome
from protocol.signing import SigningKey
from protocol.topics import Topic
from tests.peer import Peer
from tests.waiting import until


def now_ms() -> int:
    """The server's clock, which is the true one."""
    return time.time_ns() // 1_000_000


class SmallServer:
    """`heard`: every message of the device, in order. `answering`: whether it says welcome."""

    def __init__(self, port: int, secret: str, device_id: str) -> None:
        self.key = SigningKey.generate()
        self.device_id = device_id
        self.heard: list[Message] = []
        self.answering = True
        self.have: dict[str, set[int]] = {}
        settings = LinkSettings(
            host="127.0.0.1", port=port, user="server", secret=secret, subscriptions=(topics.everything_up(),), keepalive_s=5
        )
        self.peer = Peer(settings)
        self.peer.hear = self._hear

    def running(self) -> AbstractAsyncContextManager[Peer]:
        """Serve for as long as the block lasts."""
        return self.peer.running()

    def _hear(self, received: Received) -> None:
        _device, topic = topics.parse(received.topic)
        message = decode(MESSAGES[topic], received.payload)
        self.heard.append(message)
        if isinstance(message, Event | Receipt) and message.seq is not None:
            self.have.setdefault(message.journal, set()).add(message.seq)
        if isinstance(message, Hello) and self.answering:
            self._say(Topic.WELCOME, self.key.sign(self._welcome(message)))

    def _welcome(self, hello: Hello) -> Welcome:
        have_seq = hello.first_seq - 1
        while have_seq + 1 in self.have.get(hello.journal, ()):
            have_seq += 1
        return Welcome(
            aud=self.device_id,
            server_ms=now_ms(),
            session=hello.session,
            hello=hello.hello,
            journal=hello.journal,
            have_seq=have_seq,
        )

    def _say(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        self.peer.say(topic.of(self.device_id), payload, retain=retain)

    # ---- what it says

    def command(self, channel: str = "may-bom", *, on: bool = True, **fields: Any) -> Command:
        """A command that is good unless `fields` make it otherwise."""
        now = now_ms()
        told = {"aud": self.device_id, "jti": new_command_id(now), "iat_ms": now, "exp_ms": now + 30_000, "actor": "Minh"}
        return Command.model_validate({**told, "channel": channel, "on": on, **fields})

    def send(self, payload: bytes, *, retain: bool = False) -> None:
        """Say this on the command topic, whatever it is."""
        self._say(Topic.COMMAND, payload, retain=retain)

    async def tell(self, command: Command) -> Receipt:
        """Send a command, signed, and return its receipt."""
        self.send(self.key.sign(command))
        await until(lambda: self.receipts(command.jti))
        return self.receipts(command.jti)[0]

    # ---- what it heard

    def receipts(self, command_id: str) -> list[Receipt]:
        """Every receipt for a command."""
        return [message for message in self.heard if isinstance(message, Receipt) and message.command == command_id]

    def refusals(self, command_id: str) -> list[Reason | None]:
        """Why a command was turned away without a receipt, once for each time."""
        return [event.reason for event in self.events(EventKind.REFUSED) if event.command == command_id]

    def events(self, kind: str) -> list[Event]:
        """Every event of a kind, once."""
        found = {message.seq: message for message in self.heard if isinstance(message, Event) and message.kind == kind}
        return list(found.values())

    @property
    def states(self) -> list[State]:
        """Every state."""
        return [message for message in self.heard if isinstance(message, State)]

    @property
    def presences(self) -> list[Presence]:
        """Every word of presence, wills too."""
        return [message for message in self.heard if isinstance(message, Presence)]

    async def welcomed(self, times: int = 1) -> None:
        """Return when the device has told its state after a welcome, so many times."""
        await until(lambda: len({state.session for state in self.states}) >= times)
