"""What goes into the core and what comes out of it. Nothing here does anything."""

from collections.abc import Mapping
from dataclasses import dataclass

from device.memory import Write
from protocol.messages import Call, Command, Message, Reason, Welcome

# ---- in


@dataclass(frozen=True, slots=True)
class Opened:
    """The pins are claimed at the levels of the boot plan; `levels` is what they read back."""

    levels: Mapping[str, bool | None]


@dataclass(frozen=True, slots=True)
class CommandCame:
    """A command whose signature and address are right. Whether it is in time, new and allowed is the core's to say."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A message on the command topic that the door turned away, unread or unsigned or retained."""

    reason: Reason
    command: str | None


@dataclass(frozen=True, slots=True)
class Driven:
    """What an output's pin read back right after it was driven; None when driving or reading failed."""

    channel: str
    level: bool | None


@dataclass(frozen=True, slots=True)
class DriveLate:
    """A drive that was not done, because its time had passed while the journal was written."""

    channel: str


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A write that the journal could not take (disk full, card broken)."""

    write: Write


@dataclass(frozen=True, slots=True)
class JournalBegun:
    """The card has this name for the journal from now on; what followed `after_seq` is kept under it, what came before is gone."""

    name: str
    after_seq: int


@dataclass(frozen=True, slots=True)
class Spoilt:
    """The server cannot get on: what the card should hold next, up to this number, is not there or not what was written."""

    until_seq: int


@dataclass(frozen=True, slots=True)
class InputRead:
    """A button or a contact changed."""

    channel: str
    on: bool


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link is up and subscribed, with this session id in its will."""

    session: str


@dataclass(frozen=True, slots=True)
class LinkWentDown:
    """The link is lost."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The server's signed answer to a hello. Whether it answers one of ours is the core's to say."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class RollCalled:
    """Somebody who may speak for the server asks for a hello."""

    call: Call


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed: at the latest when `Core.next_wake` said."""


Input = (
    Opened
    | CommandCame
    | CommandRefused
    | Driven
    | DriveLate
    | Unwritten
    | JournalBegun
    | Spoilt
    | InputRead
    | LinkUp
    | LinkWentDown
    | Welcomed
    | RollCalled
    | Tick
)

# ---- out: carried out in order; one that fails ends its list, and the failure comes back as an input


@dataclass(frozen=True, slots=True)
class Journal:
    """Write this, durably, before what follows; its records are then sent in order. On failure: Unwritten."""

    write: Write


@dataclass(frozen=True, slots=True)
class BeginJournal:
    """Give the journal this name: what follows `after_seq` is kept under it, the rest is let go (JournalBegun). On failure: nothing."""

    name: str
    after_seq: int


@dataclass(frozen=True, slots=True)
class Drive:
    """Set an output's pin and read it back (Driven), unless the monotonic clock has reached `not_after` ms (DriveLate)."""

    channel: str
    on: bool
    not_after: int | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """Say this now if the link is up; it is not kept."""

    message: Message


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Send the record with this number again, if the journal still has it."""

    seq: int


@dataclass(frozen=True, slots=True)
class ServerHas:
    """The server has all records up to this number: drop them, and send those that follow."""

    seq: int


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Nothing comes back on this link: end it and make a new one."""


Effect = Journal | BeginJournal | Drive | Publish | SendAgain | ServerHas | Reconnect
