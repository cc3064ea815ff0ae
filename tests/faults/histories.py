"""The histories that the checker compares. Each is told by another witness, and none of them by the one who is judged.

All times are ms of one machine: `…_mono_ms` of its CLOCK_BOOTTIME, `…_ms` since 1970. `History.wall_of` turns one into the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from device.wiring import OutputWire
from protocol.messages import Event, Receipt

SETTLED = frozenset({"applied", "rejected", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class PinMove:
    """A change of an output, as its pin wrote it down. `life`: of which start of the agent, counted from 0.

    `fell`: nobody moved it, the power was cut.
    """

    on: bool
    at_mono_ms: float
    life: int
    fell: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """One start of an agent. `began_mono_ms`: it was about to touch its pins; `died_mono_ms` None: it lives."""

    boot_id: str
    began_mono_ms: float
    died_mono_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when something was so."""

    from_mono_ms: float
    to_mono_ms: float


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command in the server's database, read without the server's code."""

    id: str
    device_id: str
    channel: str
    on: bool
    for_s: int | None
    actor_id: str
    created_ms: int
    expires_ms: int
    fate: str
    idempotency_key: str | None = None
    reason: str | None = None
    settled_ms: int | None = None
    read_back: bool | None = None
    changed: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody was told of a command: by an answer, or by the live stream of a page."""

    command: str
    fate: str
    at_mono_ms: float
    who: str
    on: bool | None = None
    changed: bool | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a command, and its answer. `status` None: the connection broke first. No two wishes share a key."""

    device_id: str
    channel: str
    status: int | None
    command: str | None = None
    idempotency_key: str | None = None
    problem: str | None = None


@dataclass(slots=True)
class DeviceHistory:
    """What was seen of one device."""

    device_id: str
    outputs: tuple[OutputWire, ...]
    moves: dict[str, list[PinMove]] = field(default_factory=dict)
    """By channel, in order; every output begins off."""
    lives: list[Life] = field(default_factory=list)
    stops: list[Spell] = field(default_factory=list)
    """While its process was stopped."""
    away: list[Spell] = field(default_factory=list)
    """From a moment at which its link was closed under its eyes until a server's welcome reached it again."""
    journal: str = ""
    last_seq: int = 0
    """What the journal itself says at the end."""
    records: dict[int, list[Event | Receipt]] = field(default_factory=dict)
    """By number: each different content that it was ever heard to say, or still has."""
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The server's event rows of this journal, by number."""
    kept_elsewhere: int = 0
    """The server's event rows of other journals of this device: there was none."""
    mark: int = 0
    """How far the server says it has this journal."""

    def events(self) -> Iterator[Event]:
        """In the order of their numbers."""
        for seq in sorted(self.records):
            record = self.records[seq][0]
            if isinstance(record, Event):
                yield record

    def receipts(self) -> Iterator[Receipt]:
        """In the order of their numbers."""
        for seq in sorted(self.records):
            record = self.records[seq][0]
            if isinstance(record, Receipt):
                yield record

    def level_at(self, channel: str, mono_ms: float) -> bool:
        """Whether the output was on at that moment."""
        level = False
        for move in self.moves.get(channel, ()):
            if move.at_mono_ms > mono_ms:
                break
            level = move.on
        return level

    def unable(self) -> list[Spell]:
        """When the agent could do nothing: it was dead or stopped."""
        gaps = [
            Spell(life.died_mono_ms, after.began_mono_ms) for life, after in pairwise(self.lives) if life.died_mono_ms is not None
        ]
        return sorted([*gaps, *self.stops], key=lambda spell: spell.from_mono_ms)


@dataclass(frozen=True, slots=True)
class FinalChannel:
    """One channel when all was healed and quiet: on the page, in the database, at the pin."""

    device_id: str
    channel: str
    page: bool | None
    database: bool | None
    pin: bool
    presence: str = "online"


@dataclass(slots=True)
class History:
    """Everything that is known of a run, which ended at `end_mono_ms`.

    `heard_first_mono_ms`: when a record was first seen on the wire, by (device, number).
    """

    wall_minus_mono_ms: float = 0.0
    end_mono_ms: float = float("inf")
    devices: dict[str, DeviceHistory] = field(default_factory=dict)
    commands: dict[str, CommandRow] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    final: list[FinalChannel] = field(default_factory=list)
    heard_first_mono_ms: dict[tuple[str, int], float] = field(default_factory=dict)

    def wall_of(self, mono_ms: float) -> float:
        """The wall time of a monotonic moment."""
        return mono_ms + self.wall_minus_mono_ms

    def mono_of(self, wall_ms: float) -> float:
        """The monotonic moment of a wall time."""
        return wall_ms - self.wall_minus_mono_ms


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which one, and how."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"
