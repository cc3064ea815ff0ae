"""A server and a link in memory around one real agent, and weather that takes them away."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from device.agent import Agent
from device.clock import Moment
from device.identity import Identity
from device.journal import Journal
from device.pins import Pins
from firmware_sim.house import four_relays
from firmware_sim.pins import LatchedFactory, PinChange
from protocol.codec import decode, encode
from protocol.errors import LinkDown
from protocol.ids import new_command_id, new_token
from protocol.link import LinkState, Received
from protocol.messages import Call, Command, Event, Hello, Receipt, Welcome
from protocol.signing import SigningKey
from protocol.topics import Topic, parse

DEVICE = "d" * 16
KEY = SigningKey("22" * 32)
START_MS = 1_800_000_000_000


class MemoryLink:
    """Stands where protocol.link.Link stands: up and down as the weather has it, and carries what is said at once."""

    def __init__(self, agent: Agent, hear: Callable[[str, bytes], None]) -> None:
        self._agent = agent
        self._hear = hear
        self._up = False

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:  # noqa: ARG002 (the link's shape)
        if not self._up:
            raise LinkDown("bad weather")
        self._hear(topic, payload)

    def drop(self) -> None:
        self.turn(up=False)

    def turn(self, *, up: bool) -> None:
        """The link comes or goes."""
        if up is not self._up:
            self._up = up
            if up:
                self._agent._new_will()
            self._agent._link_state(LinkState.UP if up else LinkState.WAITING)

    def tell(self, topic: Topic, payload: bytes, *, retained: bool = False) -> None:
        """The server says something; on a link that is down nobody hears it."""
        if self._up:
            self._agent._received(Received(topic.of(DEVICE), payload, retained))


@dataclass
class Days:
    """One device's life: its folder, its clocks, what the server has of it, and the weather's dice."""

    folder: Path
    dice: random.Random
    loop: asyncio.AbstractEventLoop
    every_s: float = 20
    boot_id: str = "boot-0"
    boots: int = 0
    have: dict[str, int] = field(default_factory=dict)
    fates: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    agent: Agent | None = None
    link: MemoryLink | None = None
    sent: list[bytes] = field(default_factory=list)
    expiries: list[int] = field(default_factory=list)
    _latches: dict[int, bool] = field(default_factory=dict)
    _closing: Callable[[], None] = lambda: None

    def now_ms(self) -> int:
        return START_MS + round(self.loop.time() * 1000)

    def moment(self) -> Moment:
        # the system's clock is an hour wrong, and not always to the same side: it must not matter
        return Moment(
            mono=1_000_000 + round(self.loop.time() * 1000), system_ms=self.now_ms() + self.dice.choice((-1, 1)) * 3_600_000
        )

    async def live(self, hours: float) -> None:
        """Start, go through the weather, stop."""
        await self.start()
        end = self.loop.time() + hours * 3600
        while self.loop.time() < end:
            await asyncio.sleep(self.dice.expovariate(1 / self.every_s))
            await self.weather()
        await self.stop()

    async def weather(self) -> None:
        """Something happens."""
        what = self.dice.random()
        assert self.link is not None
        if what < 0.70:
            self.command()
        elif what < 0.78:
            self.link.turn(up=False)
        elif what < 0.94:
            self.link.turn(up=True)
        elif what < 0.96 and self.sent:
            self.link.tell(Topic.COMMAND, self.dice.choice(self.sent))
        elif what < 0.97:
            self.link.tell(Topic.COMMAND, self.dice.randbytes(200))
        elif what < 0.98:
            self.link.tell(Topic.CALL, encode(Call(within_ms=500)))
        elif what < 0.995:
            await self.restart(power_cut=False)
        else:
            await self.restart(power_cut=True)

    def command(self) -> None:
        """The server sends a command; some are late when they are made."""
        assert self.link is not None
        now_ms = self.now_ms()
        wish = Command(
            aud=DEVICE,
            jti=new_command_id(now_ms),
            iat_ms=now_ms,
            exp_ms=now_ms + self.dice.choice((10_000, 10_000, 10_000, -5_000)),
            channel=self.dice.choice(("may-bom", "den", "quat", "cong", "khong-co")),
            on=self.dice.random() < 0.5,
            for_s=self.dice.choice((None, 5, 60, 7200)),
            actor="Lan",
        )
        self.expiries.append(wish.exp_ms)
        token = KEY.sign(wish)
        self.sent = [*self.sent[-50:], token]
        self.link.tell(Topic.COMMAND, token)

    async def start(self) -> None:
        wiring = four_relays()
        journal = Journal(self.folder / "journal.db", new_token)
        pins = Pins(wiring, LatchedFactory(self._changed, self.boot_id, self._latches))
        identity = Identity(
            device_id=DEVICE,
            secret="x" * 32,
            broker_host="localhost",
            broker_port=1,
            server_keys=(KEY.public,),  # type: ignore[arg-type]
        )
        self.agent = agent = Agent(identity, wiring, wiring.about("1"), journal, pins, boot_id=self.boot_id, moment=self.moment)
        self.link = MemoryLink(agent, self._hear)
        agent.link = self.link  # type: ignore[assignment]
        task = asyncio.create_task(agent.run(), name="agent")
        await asyncio.sleep(0)
        self.link.turn(up=True)

        async def end() -> None:
            task.cancel()
            await asyncio.wait((task,))
            journal.close()

        self._end = end

    async def stop(self) -> None:
        assert self.link is not None
        self.link.turn(up=False)
        await self._end()

    async def restart(self, *, power_cut: bool) -> None:
        await self.stop()
        if power_cut:
            self.boots += 1
            self.boot_id = f"boot-{self.boots}"
            self._latches.clear()
        await asyncio.sleep(self.dice.uniform(0.1, 300))
        await self.start()

    def _changed(self, change: PinChange) -> None:
        self._latches[change.pin] = change.level
        self.changes += 1

    def _hear(self, topic: str, payload: bytes) -> None:
        _device, known = parse(topic)
        match known:
            case Topic.HELLO:
                self._answer(decode(Hello, payload))
            case Topic.EVENT:
                self._keep(decode(Event, payload))
            case Topic.RECEIPT:
                receipt = decode(Receipt, payload)
                self.fates[receipt.fate] += 1
                self._keep(receipt)
            case _:
                pass

    def _keep(self, record: Event | Receipt) -> None:
        if record.seq == self.have.get(record.journal, 0) + 1:
            self.have[record.journal] = record.seq

    def _answer(self, hello: Hello) -> None:
        welcome = Welcome(
            aud=DEVICE,
            server_ms=self.now_ms(),
            session=hello.session,
            hello=hello.hello,
            journal=hello.journal,
            have_seq=self.have.get(hello.journal, 0),
        )
        assert self.link is not None
        self.loop.call_later(self.dice.uniform(0.01, 2), self.link.tell, Topic.WELCOME, KEY.sign(welcome))
