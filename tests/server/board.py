"""The server between a real database and a link of the tests' own: what it says is recorded, what devices say is put in."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from unittest.mock import patch

from protocol.codec import decode, encode
from protocol.errors import LinkDown
from protocol.link import LinkSettings, LinkState, Received
from protocol.messages import (
    About,
    Call,
    ChannelAbout,
    ChannelKind,
    ChannelState,
    ClockTrust,
    Command,
    Event,
    EventKind,
    Fate,
    Hello,
    Message,
    Presence,
    Reason,
    Receipt,
    State,
    Welcome,
)
from protocol.signing import SigningKey, Verifier
from protocol.topics import Topic, parse
from server.broker.key_ring import KeyRing
from server.db import Database, StorageError
from server.devices.enrol import enrol
from server.devices.models import Device
from server.models import metadata
from server.sites.models import Site
from server.switchboard import Switchboard

SITE = "5" * 16
KEY = SigningKey("11" * 32)


class TestClock:
    """The server's clock, in ms; it moves when told to."""

    __test__ = False

    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


@dataclass
class Said:
    """One thing that the server published."""

    topic: Topic
    device_id: str
    payload: bytes
    on_ack: Callable[[bool], None] | None


class RecordedLink:
    """Stands where protocol.link.Link stands: keeps what is published, and is up or down as the test says."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.up = True
        self.acknowledges = True

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, on_ack: Callable[[bool], None] | None = None) -> None:
        assert not retain
        if not self.up:
            raise LinkDown("cut by the test")
        device_id, known = parse(topic)
        self.said.append(Said(known, device_id, payload, on_ack))
        if self.acknowledges and on_ack is not None:
            on_ack(True)

    def commands(self, device_id: str) -> list[Command]:
        """The commands sent to a device, in order, each checked as the device would check it."""
        verifier = Verifier((KEY.public,), device_id)
        heard = [said for said in self.said if said.topic is Topic.COMMAND and said.device_id == device_id]
        return [verifier.read(Command, said.payload) for said in heard]

    def welcomes(self, device_id: str) -> list[Welcome]:
        """The answers to a device's hellos, in order, each checked as the device would check it."""
        verifier = Verifier((KEY.public,), device_id)
        heard = [said for said in self.said if said.topic is Topic.WELCOME and said.device_id == device_id]
        return [verifier.read(Welcome, said.payload) for said in heard]

    def calls(self, device_id: str) -> list[int]:
        """Within how many ms the device was asked to say hello, each time that it was."""
        heard = [said for said in self.said if said.topic is Topic.CALL and said.device_id == device_id]
        return [decode(Call, said.payload).within_ms for said in heard]


@dataclass
class Puppet:
    """A device whose words the test writes, numbered as a real one's are."""

    board: Switchboard
    id: str
    session: str = "a" * 16
    journal: str = "b" * 16
    seq: int = 0
    _hellos: count = field(default_factory=count)  # type: ignore[type-arg]

    def say(self, message: Message, *, retained: bool = False) -> None:
        self.board.ingest.take(Received(message.TOPIC.of(self.id), encode(message), retained))

    def about(self) -> None:
        outputs = [ChannelAbout(id=name, name=name, kind=ChannelKind.OUTPUT) for name in ("may-bom", "den")]
        locked = ChannelAbout(id="khoa", name="khoá", kind=ChannelKind.OUTPUT, locked=True)
        button = ChannelAbout(id="nut", name="nút", kind=ChannelKind.BUTTON)
        self.say(About(model="puppet", version="1", channels=(*outputs, locked, button)))

    def hello(self, *, last_seq: int | None = None, first_seq: int = 1, said_ms: int | None = -1) -> None:
        """Say hello now; `said_ms`: another time at which it surely was said, None where the device does not know it."""
        token = f"{next(self._hellos):016x}"
        last = self.seq if last_seq is None else last_seq
        self.say(
            Hello(
                session=self.session,
                hello=token,
                journal=self.journal,
                first_seq=first_seq,
                last_seq=last,
                device_ms=1,
                surely_ms=self.board.now_ms() if said_ms == -1 else said_ms,
            )
        )

    def will(self, session: str | None = None) -> None:
        self.say(Presence(session=session or self.session, online=False))

    def state(self, channel: str, on: bool, since_ms: int | None = None) -> None:
        """The regular report, of one channel."""
        channels = {channel: ChannelState(on=on, since_ms=since_ms)}
        at_ms = self.board.hub._now_ms()
        self.say(
            State(
                session=self.session, journal=self.journal, seq=self.seq, at_ms=at_ms, clock=ClockTrust.SERVER, channels=channels
            )
        )

    def event(self, channel: str, on: bool, *, seq: int | None = None, command: str | None = None) -> Event:
        event = Event(
            journal=self.journal,
            seq=self._number(seq),
            at_ms=self.board.hub._now_ms(),
            clock=ClockTrust.SERVER,
            kind=EventKind.SWITCHED,
            channel=channel,
            on=on,
            command=command,
        )
        self.say(event)
        return event

    def events(self, channel: str, *levels: bool) -> None:
        """One event after the other: the channel is switched to these."""
        for on in levels:
            self.event(channel, on)

    def receipt(self, command: str, fate: Fate = Fate.APPLIED, *, on: bool = True, reason: Reason | None = None) -> None:
        self.say(
            Receipt(
                journal=self.journal,
                seq=self._number(None),
                at_ms=self.board.hub._now_ms(),
                clock=ClockTrust.SERVER,
                command=command,
                channel="may-bom",
                fate=fate,
                on=on,
                reason=reason,
            )
        )

    def _number(self, seq: int | None) -> int:
        if seq is not None:
            return seq
        self.seq += 1
        return self.seq


@dataclass
class Stage:
    """A switchboard on a database file, its clock and its recorded link."""

    board: Switchboard
    database: Database
    link: RecordedLink
    clock: TestClock

    async def device(self, device_id: str = "d" * 16, *, online: bool = True) -> Puppet:
        """Enrol a device; with `online` it has told what it is and said hello."""
        row = Device(id=device_id, site_id=SITE, slug=f"may-{device_id[:4]}", name="Máy", created_ms=self.clock())
        await enrol(self.database.writer, self.board.registry, row)
        puppet = Puppet(self.board, device_id)
        if online:
            puppet.about()
            puppet.hello()
            await self.settle()
        return puppet

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Nothing can be written for as long as the block lasts: another connection holds SQLite's write lock."""
        with closing(sqlite3.connect(str(self.database.path), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    async def failed(self) -> None:
        """Return when all that was to be written has failed to be."""

        async def nothing(_session: object) -> None:
            return None

        with suppress(StorageError):
            await self.database.writer.run(nothing)

    async def settle(self) -> None:
        """Return when all that was to be written is written."""

        async def nothing(_session: object) -> None:
            return None

        await self.database.writer.run(nothing)


@asynccontextmanager
async def stage(folder: Path, *, clock: TestClock | None = None, fresh: bool = True) -> AsyncIterator[Stage]:
    """A server without its front door; `fresh=False` opens what an earlier one left in the folder."""
    clock = clock or TestClock()
    with patch("server.db.database.BUSY_TIMEOUT_S", 0.05):
        database = Database(f"sqlite+aiosqlite:///{folder}/congtac.db")
    if fresh:
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    writing = asyncio.create_task(database.writer.serve(), name="writer")
    link = RecordedLink()
    settings = LinkSettings("127.0.0.1", 1, "server", "unused-unused-unused")
    board = Switchboard(database, KeyRing((KEY,)), settings, clock, ttl_s=10, grace_s=5)
    board.downlink._link = link  # type: ignore[assignment]
    try:
        if fresh:
            await database.writer.run(_add_site)
        await board.load()
        board._link_state(LinkState.UP)
        yield Stage(board, database, link, clock)
    finally:
        board.desk.close()
        database.writer.stop()
        await writing
        await database.close()


async def _add_site(session) -> None:  # type: ignore[no-untyped-def]
    session.add(Site(id=SITE, slug="nha", name="Nhà", timezone="Asia/Ho_Chi_Minh", created_ms=1))
