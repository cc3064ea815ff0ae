"""A command and its fate. Pure: what each piece of news makes of it, and nothing else."""

from enum import StrEnum
from typing import Final, NamedTuple

from protocol.messages import Fate as Told
from protocol.messages import Receipt


class Fate(StrEnum):
    """Where a command stands. ACCEPTED, WAITING and PUBLISHED are under way; UNCONFIRMED may still be settled by the device."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    PUBLISHED = "published"
    APPLIED = "applied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNCONFIRMED = "unconfirmed"


UNDER_WAY: Final = frozenset({Fate.ACCEPTED, Fate.WAITING, Fate.PUBLISHED})
OPEN: Final = UNDER_WAY | {Fate.UNCONFIRMED}

_TOLD: Final = {Told.APPLIED: Fate.APPLIED, Told.REJECTED: Fate.REJECTED, Told.EXPIRED: Fate.EXPIRED}


class CommandRecord(NamedTuple):
    """A command as it stands. Times are ms since 1970, by the server's clock but `answered_ms`, which is the device's.

    `handed_over`: given to the link, so that the device may have it even where no acknowledgement ever came. `journal` is the
    device's journal at the time of asking, or of the first sending: an answer, or the lack of one, can only be read there.
    """

    id: str
    device_id: str
    channel: str
    on: bool
    for_s: int | None
    actor_id: str
    actor: str
    created_ms: int
    expires_ms: int
    fate: Fate
    journal: str | None = None
    handed_over: bool = False
    idempotency_key: str | None = None
    reason: str | None = None
    published_ms: int | None = None
    answered_ms: int | None = None
    settled_ms: int | None = None
    read_back: bool | None = None
    changed: bool | None = None
    clamped: bool | None = None
    lease_until_ms: int | None = None
    retry_after_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether its fate can still change."""
        return self.fate in OPEN

    @property
    def is_under_way(self) -> bool:
        """Whether there is still something to wait for within its time."""
        return self.fate in UNDER_WAY


def handed_over(command: CommandRecord, journal: str | None = None) -> CommandRecord:
    """It was given to the link: from now on only the device can say what became of it, in the journal that it had the first time."""
    if not command.is_open or command.handed_over:
        return command
    return command._replace(handed_over=True, journal=journal or command.journal)


def may_be_forgotten(command: CommandRecord, journal: str | None) -> bool:
    """Whether it was given to a device that has another journal by now: one that acted on it would not know it again."""
    return command.handed_over and command.journal is not None and command.journal != journal


def published(command: CommandRecord, now_ms: int) -> CommandRecord:
    """The broker has it."""
    if not command.is_open or command.published_ms is not None:
        return command
    fate = Fate.PUBLISHED if command.is_under_way else command.fate
    return command._replace(fate=fate, published_ms=now_ms, handed_over=True)


def answered(command: CommandRecord, receipt: Receipt, now_ms: int) -> CommandRecord:
    """The device answered. The first answer holds."""
    if not command.is_open:
        return command
    return command._replace(
        fate=_TOLD[receipt.fate],
        reason=receipt.reason,
        handed_over=True,
        answered_ms=receipt.at_ms,
        settled_ms=now_ms,
        read_back=receipt.on,
        changed=receipt.changed,
        clamped=receipt.clamped,
        lease_until_ms=receipt.lease_until_ms,
        retry_after_ms=receipt.retry_after_ms,
    )


def contradicts(command: CommandRecord, receipt: Receipt) -> bool:
    """Whether a device says now what cannot be, after what people were told: somebody lied to them."""
    return not command.is_open and command.fate is not _TOLD[receipt.fate]


def overdue(command: CommandRecord, now_ms: int, grace_ms: int) -> CommandRecord:
    """Its time has passed. What never left the server is expired; of what did, nobody can say before the device does."""
    if not command.is_under_way or now_ms < command.expires_ms:
        return command
    if not command.handed_over:
        return command._replace(fate=Fate.EXPIRED, settled_ms=now_ms)
    if now_ms < command.expires_ms + grace_ms:
        return command
    return command._replace(fate=Fate.UNCONFIRMED, settled_ms=now_ms)


def never_received(command: CommandRecord, journal: str | None, now_ms: int) -> CommandRecord:
    """All that the device ever wrote down is here and holds no answer, and the time is over: it never acted and never will."""
    same = command.journal is not None and command.journal == journal
    if not command.is_open or not same or now_ms < command.expires_ms:
        return command
    return command._replace(fate=Fate.EXPIRED, settled_ms=now_ms)


def cancelled(command: CommandRecord, now_ms: int) -> CommandRecord:
    """Taken back by a person before it left the server; too late, and nothing changes."""
    if command.handed_over or not command.is_under_way:
        return command
    return command._replace(fate=Fate.CANCELLED, settled_ms=now_ms)
