"""What the agent must still know after a crash or a power cut: the shape of the journal, without its storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from device.rules import Output
from protocol.messages import Event, Receipt

MOST_RECORDS: Final = 50_000  # the oldest are let go past this, also when the server never got them


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that was about to move a pin. Written before, taken away with its receipt: one that is left was interrupted."""

    command: str
    exp_ms: int
    channel: str
    on: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """All that the journal holds, as read at start.

    `boot_id` tells one run of the machine from another: monotonic times in `outputs` and `link_lost` belong to that run.
    `commands` are the ids that were answered, each with when it expires (ms) and the sequence number of its receipt. `untold_after`:
    nothing after this number was ever sent; None: it may have been.
    """

    journal: str
    last_seq: int = 0
    first_seq: int = 1
    boot_id: str | None = None
    outputs: Mapping[str, Output] = field(default_factory=dict)
    intents: tuple[Intent, ...] = ()
    commands: Mapping[str, "Answered"] = field(default_factory=dict)
    link_lost: int | None = None
    untold_after: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What is remembered of a command: enough to know it again and to send its receipt again."""

    exp_ms: int
    seq: int | None


@dataclass(frozen=True, slots=True)
class Write:
    """One durable transaction on the journal; whole or not at all.

    `records` are appended under their sequence numbers; `outputs`, `boot_id`, `link_lost` and `untold_after` replace what is remembered; an
    `intent` is added, those of `settled` commands are taken away; `answered` ids are remembered, those that expired before
    `forget_before_ms` are dropped.
    """

    records: tuple[Event | Receipt, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    intent: Intent | None = None
    settled: tuple[str, ...] = ()
    answered: Mapping[str, Answered] = field(default_factory=dict)
    forget_before_ms: int | None = None
    boot_id: str | None = None
    link_lost: "LinkLost | None" = None
    untold_after: int | None = None


@dataclass(frozen=True, slots=True)
class LinkLost:
    """Since when (monotonic ms) the link is lost; None: it is not, or that has no consequence."""

    since: int | None
