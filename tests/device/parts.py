"""What stands around the core in the world of the tests: pins that can fail, a card that can be full, a server with a clock of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from device.errors import JournalError
from device.memory import Answered, Intent, Memory, Write
from device.rules import Output, OutputRule
from protocol.codec import encode
from protocol.messages import Command, Event, Hello, Message, Receipt, State, Welcome
from protocol.topics import Topic

DEVICE = "0123456789abcdef"
JOURNAL = "00000000000000aa"


class PinFault(Enum):
    """How a pin can fail: it stays where it is, it moves and cannot be read, it cannot even be driven."""

    STUCK = "stuck"
    BLIND = "blind"
    DEAD = "dead"


@dataclass
class Pin:
    """A latch, as a real pin is: it keeps its level when the program dies, and loses it with the power."""

    level: bool = False
    fault: PinFault | None = None

    def drive(self, on: bool) -> bool | None:
        """Set it and read it back."""
        if self.fault in (None, PinFault.BLIND):
            self.level = on
        return self.level if self.fault in (None, PinFault.STUCK) else None

    def lose_power(self) -> None:
        """What a relay does in a power cut; welded contacts stay."""
        if self.fault is not PinFault.STUCK:
            self.level = False


class CardFault(Enum):
    """How a write can fail: nothing of it is there, or all of it is and the program is told that nothing is."""

    FULL = "full"
    UNSURE = "unsure"


@dataclass
class Card:
    """The journal's storage. What is written survives everything; `history` keeps also what the server let go, of this journal.

    `stale`: the last write failed, so that what is there of the outputs does not count.
    """

    journal: str = JOURNAL
    last_seq: int = 0
    boot_id: str | None = None
    link_lost: int | None = None
    untold_after: int | None = None
    outputs: dict[str, Output] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    answered: dict[str, Answered] = field(default_factory=dict)
    records: dict[int, Event | Receipt] = field(default_factory=dict)
    history: dict[int, Event | Receipt] = field(default_factory=dict)
    fault: CardFault | None = None
    stale: bool = False

    def load(self) -> Memory:
        """What a starting agent finds."""
        return Memory(
            journal=self.journal,
            last_seq=self.last_seq,
            first_seq=min(self.records, default=self.last_seq + 1),
            boot_id=self.boot_id,
            outputs={channel: Output() if self.stale else output for channel, output in self.outputs.items()},
            intents=tuple(self.intents.values()),
            commands=dict(self.answered),
            link_lost=self.link_lost,
            untold_after=self.untold_after,
        )

    def write(self, write: Write) -> None:
        """All of it or nothing. Raises JournalError while there is a fault."""
        self.stale = self.fault is not None
        if self.fault is not CardFault.FULL:
            self._apply(write)
        if self.fault is not None:
            raise JournalError("the card is full")

    def begin(self, name: str, after_seq: int) -> None:
        """Be another journal from here on. Raises JournalError while there is a fault."""
        if self.fault is not CardFault.FULL:
            self._let_go(after_seq)
            self.journal = name
            self.records = {seq: record.model_copy(update={"journal": name}) for seq, record in self.records.items()}
            self.history = dict(self.records)
        if self.fault is not None:
            raise JournalError("the card is full")

    def _apply(self, write: Write) -> None:
        for record in write.records:
            assert record.seq is not None
            self.records[record.seq] = self.history[record.seq] = record
            self.last_seq = record.seq
        self.outputs.update(write.outputs)
        if write.intent is not None:
            self.intents[write.intent.command] = write.intent
        for command in write.settled:
            self.intents.pop(command, None)
        self.answered.update(write.answered)
        self.boot_id = write.boot_id or self.boot_id
        if write.link_lost is not None:
            self.link_lost = write.link_lost.since
        if write.untold_after is not None:
            self.untold_after = write.untold_after
        if write.forget_before_ms is not None:
            self.answered = {key: known for key, known in self.answered.items() if known.exp_ms >= write.forget_before_ms}

    # what the outbox asks of a journal

    @property
    def name(self) -> str:
        """What the journal is called."""
        return self.journal

    def records_after(self, seq: int, most: int) -> list[tuple[int, Topic, bytes]]:
        """The records that follow this number."""
        following = sorted(number for number in self.records if number > seq)[:most]
        return [(number, self.records[number].TOPIC, encode(self.records[number])) for number in following]

    def drop_until(self, seq: int) -> None:
        """The server has these, and what follows may be told. Raises JournalError while there is a fault."""
        if self.fault is not CardFault.FULL:
            self._let_go(seq)
            self.untold_after = None
        if self.fault is not None:
            raise JournalError("the card is full")

    def is_untold(self) -> bool:
        """Whether the last records were never told."""
        return self.untold_after is not None

    def _let_go(self, seq: int) -> None:
        self.records = {number: record for number, record in self.records.items() if number > seq}


class TwoStories(AssertionError):  # noqa: N818 (a finding, no error)
    """The same number came twice with different words."""


@dataclass
class Server:
    """Takes what arrives, once by number, and answers a hello. Its clock is its own: `ahead_ms` of true time, and it may jump.

    `earlier`: what it has of the journals that the device had before.
    """

    ahead_ms: int = 0
    journal: str = JOURNAL
    earlier: dict[str, dict[int, Event | Receipt]] = field(default_factory=dict)
    records: dict[int, Event | Receipt] = field(default_factory=dict)
    unnumbered: list[Receipt] = field(default_factory=list)
    state: State | None = None
    hellos: list[Hello] = field(default_factory=list)
    skipped_to: int = 0

    def hear(self, message: Message) -> None:
        """Take in one message."""
        match message:
            case Receipt(seq=None):
                self.unnumbered.append(message)
            case Event() | Receipt():
                self._keep(message)
            case State():
                self.state = message
            case Hello():
                self.hellos.append(message)
                self._of_journal(message.journal)
            case _:
                pass

    def _of_journal(self, journal: str) -> None:
        if journal != self.journal:
            self.earlier[self.journal] = self.records
            self.journal, self.records, self.skipped_to = journal, self.earlier.pop(journal, {}), 0

    def _keep(self, record: Event | Receipt) -> None:
        assert record.seq is not None
        known = (self.records if record.journal == self.journal else self.earlier[record.journal]).setdefault(record.seq, record)
        if known != record:
            raise TwoStories(f"number {record.seq} is {known!r} and {record!r}")

    @property
    def have_seq(self) -> int:
        """The last number with no gap before it."""
        have = self.skipped_to
        while have + 1 in self.records:
            have += 1
        return have

    def welcome(self, hello: Hello, true_ms: int) -> Welcome:
        """The answer to a hello, at a moment."""
        self.skipped_to = max(self.skipped_to, hello.first_seq - 1)
        return Welcome(
            aud=DEVICE,
            server_ms=true_ms + self.ahead_ms,
            clock=f"{self.ahead_ms % 2**64:016x}",  # a clock that is set has another name
            session=hello.session,
            hello=hello.hello,
            journal=hello.journal,
            have_seq=self.have_seq,
        )

    def receipts(self, command: str) -> list[Receipt]:
        """All that came about a command."""
        journals = [*self.earlier.values(), self.records]
        numbered = [record for journal in journals for record in journal.values() if isinstance(record, Receipt)]
        return [told for told in [*numbered, *self.unnumbered] if told.command == command]


# ---- the log: what happened, in order, seen from outside the core


@dataclass(frozen=True, slots=True)
class Heard:
    """A command reached the core."""

    mono: int
    command: Command


@dataclass(frozen=True, slots=True)
class Pressed:
    """An input changed."""

    mono: int
    channel: str
    on: bool


@dataclass(frozen=True, slots=True)
class Drove:
    """A pin was driven: where it was, where it is, what it read back as; `true_ms` is the world's time."""

    mono: int
    true_ms: int
    channel: str
    wanted: bool
    before: bool
    after: bool
    read: bool | None


@dataclass(frozen=True, slots=True)
class Started:
    """The agent started; what it read in its journal, and how it claimed its pins: (planned, before, after, fault)."""

    rules: Mapping[str, OutputRule]
    mono: int
    boot_id: str
    memory: Memory
    claims: Mapping[str, tuple[bool, bool, bool, PinFault | None]]


@dataclass(frozen=True, slots=True)
class Wrote:
    """A write is on the card."""

    write: Write


@dataclass(frozen=True, slots=True)
class Failed:
    """A write failed, as the program sees it; it may be on the card all the same."""

    write: Write
    is_there: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The core said this, whether or not it arrived; `true_ms` is the world's time."""

    message: Message
    true_ms: int


@dataclass(frozen=True, slots=True)
class WelcomeCame:
    """A welcome that answers a hello of this session reached the core: how far the server's clock was ahead of true time, and how long
    it took from the hello.
    """

    mono: int
    ahead_ms: int
    took_ms: int


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link went down."""

    mono: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The agent was killed, or its power cut: then these are the levels that are left."""

    levels: Mapping[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class FellBack:
    """The card is as it was when this was its last record, whatever it had said to be written since."""

    last_seq: int


@dataclass(frozen=True, slots=True)
class Mended:
    """A pin works again."""

    mono: int
    channel: str


Entry = Heard | Pressed | Drove | Started | Wrote | Failed | Told | WelcomeCame | LinkLost | Stopped | FellBack | Mended


@contextmanager
def failing(card: Card, fault: CardFault = CardFault.FULL) -> Iterator[None]:
    """For a while, nothing can be written."""
    card.fault = fault
    try:
        yield
    finally:
        card.fault = None
