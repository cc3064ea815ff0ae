"""The numbering of records and the memory of commands, kept in step with the journal. Pure: it makes writes and does none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from device.memory import MOST_RECORDS, Answered, Intent, LinkLost, Memory, Write
from device.rules import Output
from protocol.messages import Event, Receipt

REMEMBER_AFTER_EXPIRY_MS: Final = 48 * 3_600_000
REMEMBER_WHEN_CROWDED_MS: Final = 3_600_000
MOST_REMEMBERED: Final = 20_000
FORGET_EVERY: Final = 500
MOST_UNWRITTEN: Final = 1_000


class Ledger:
    """Gives each record its number, and knows which commands were answered.

    A write that failed is not lost while the agent runs: it is put in front of the next one.
    """

    def __init__(self, memory: Memory) -> None:
        self.journal = memory.journal
        self.last_seq = memory.last_seq
        self.server_has = memory.first_seq - 1
        self._answered: dict[str, Answered] = dict(memory.commands)
        self._unwritten: Write | None = None
        self._failed_seq = 0
        self._untold_after = memory.last_seq if memory.untold_after is None else memory.untold_after
        self._is_told = False
        self._look_at = FORGET_EVERY
        self._forget_before: int | None = None

    def next_seq(self) -> int | None:
        """The number of the record that is being made; None when too many could not be written: then it is not to be kept.

        A number that was given is always written, as long as the agent lives: a gap would hold up all that follows.
        """
        if self._unwritten is not None and len(self._unwritten.records) >= MOST_UNWRITTEN:
            return None
        self.last_seq += 1
        return self.last_seq

    @property
    def first_seq(self) -> int:
        """The oldest record that the journal may still hold."""
        return max(self.server_has, self.written_seq - MOST_RECORDS) + 1

    @property
    def written_seq(self) -> int:
        """The last record that is on the card. What is told to others counts to here: past it, a crash may give a number anew."""
        held = self._unwritten.records if self._unwritten is not None else ()
        return self.last_seq - len(held)

    @property
    def is_behind(self) -> bool:
        """Whether there are records of which the server has not said that it has them."""
        return self.server_has < self.last_seq

    @property
    def has_unwritten(self) -> bool:
        """Whether something failed to be written and waits for the next write."""
        return self._unwritten is not None

    def lost_after(self, have_seq: int) -> int | None:
        """The last number up to which card and server mean the same, where the server has more than it can have of this card: a power cut
        took what was said to be on it, and what was made since has numbers by which the server knows something else.

        None: nothing is lost. That the journal let go of its oldest records is no such loss.
        """
        if self._is_told:
            return self.server_has if have_seq > self.written_seq else None
        known = max(self._untold_after, self.first_seq - 1)
        return known if have_seq > known else None

    def begun(self, journal: str, after_seq: int) -> None:
        """All that follows this number goes by another journal's name from now on."""
        self.journal, self.server_has = journal, after_seq
        if self._unwritten is not None:
            records = tuple(record.model_copy(update={"journal": journal}) for record in self._unwritten.records)
            self._unwritten = replace(self._unwritten, records=records)

    def confirmed(self, have_seq: int) -> None:
        """The server has all up to this number."""
        self._is_told = True
        if self._unwritten is not None:
            self._unwritten = replace(self._unwritten, untold_after=None)
        self.server_has = max(self.server_has, have_seq)

    def answered(self, command: str) -> Answered | None:
        """What is remembered of a command, if it was answered before."""
        return self._answered.get(command)

    def has_room(self, surely_ms: int | None) -> bool:
        """Whether one more command can be remembered; if not, none may be obeyed. Lets go of what expired long ago."""
        if surely_ms is not None and len(self._answered) >= min(self._look_at, MOST_REMEMBERED):
            crowded = len(self._answered) > MOST_REMEMBERED - FORGET_EVERY
            self._forget(surely_ms - (REMEMBER_WHEN_CROWDED_MS if crowded else REMEMBER_AFTER_EXPIRY_MS))
        return len(self._answered) < MOST_REMEMBERED

    def write(
        self,
        *,
        records: tuple[Event | Receipt, ...] = (),
        outputs: Mapping[str, Output] | None = None,
        intent: Intent | None = None,
        answers: Mapping[str, int] | None = None,
        boot_id: str | None = None,
        link_lost: LinkLost | None = None,
    ) -> Write:
        """The next write. `answers`: command ids that are answered by a receipt among the records, each with its expiry in ms."""
        receipts = {record.command: record.seq for record in records if isinstance(record, Receipt)}
        answered = {command: Answered(exp_ms, receipts.get(command)) for command, exp_ms in (answers or {}).items()}
        self._answered.update(answered)
        write = Write(
            records=records,
            outputs=outputs or {},
            intent=intent,
            settled=tuple(answered),
            answered=answered,
            forget_before_ms=self._forget_before,
            boot_id=boot_id,
            link_lost=link_lost,
            untold_after=None if boot_id is None else self._untold_after,
        )
        self._forget_before = None
        held, self._unwritten = self._unwritten, None
        return write if held is None else _joined(held, write)

    def failed(self, write: Write) -> tuple[Event | Receipt, ...]:
        """The journal did not take this write: keep what it says for the next, but for its intent, which nothing may follow.

        Returns the records that had not failed before.
        """
        fresh = tuple(record for record in write.records if (record.seq or 0) > self._failed_seq)
        self._failed_seq = max([self._failed_seq, *(record.seq or 0 for record in fresh)])
        self._unwritten = write
        return fresh

    def _forget(self, before_ms: int) -> None:
        kept = {command: known for command, known in self._answered.items() if known.exp_ms >= before_ms}
        if len(kept) < len(self._answered):
            self._forget_before = before_ms
        self._answered = kept
        self._look_at = len(kept) + FORGET_EVERY


def _joined(first: Write, then: Write) -> Write:
    return Write(
        records=first.records + then.records,
        outputs={**first.outputs, **then.outputs},
        intent=then.intent,  # and not the first's: what it was for was refused, or is done
        settled=first.settled + then.settled,
        answered={**first.answered, **then.answered},
        forget_before_ms=then.forget_before_ms if then.forget_before_ms is not None else first.forget_before_ms,
        boot_id=then.boot_id or first.boot_id,
        link_lost=then.link_lost or first.link_lost,
        untold_after=first.untold_after,  # of a start, before which there is nothing
    )
