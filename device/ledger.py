"""The numbering of records and the memory of commands, kept in step with the journal. Pure: it makes writes and does none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from device.memory import Answered, Intent, LinkLost, Memory, Write
from device.rules import Output
from protocol.messages import Event, Receipt

REMEMBER_AFTER_EXPIRY_MS: Final = 48 * 3600 * 1000
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

    def next_seq(self) -> int:
        """The number of the record that is being made."""
        self.last_seq += 1
        return self.last_seq

    def answered(self, command: str) -> Answered | None:
        """What is remembered of a command, if it was answered before."""
        return self._answered.get(command)

    @property
    def is_full(self) -> bool:
        """Whether no further command can be remembered, so that none may be obeyed."""
        return len(self._answered) >= MOST_REMEMBERED

    def write(
        self,
        *,
        records: tuple[Event | Receipt, ...] = (),
        outputs: Mapping[str, Output] | None = None,
        intent: Intent | None = None,
        answers: Mapping[str, int] | None = None,
        boot_id: str | None = None,
        link_lost: LinkLost | None = None,
        latest_ms: int | None = None,
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
            forget_before_ms=self._forget(latest_ms),
            boot_id=boot_id,
            link_lost=link_lost,
        )
        held, self._unwritten = self._unwritten, None
        return write if held is None else _joined(held, write)

    def failed(self, write: Write) -> tuple[Event | Receipt, ...]:
        """The journal did not take this write: keep what it says for the next, but for an intent, since nothing may follow that.

        Returns the records that had not failed before.
        """
        fresh = tuple(record for record in write.records if (record.seq or 0) > self._failed_seq)
        self._failed_seq = self.last_seq
        self._unwritten = replace(write, records=write.records[-MOST_UNWRITTEN:], intent=None)
        return fresh

    def _forget(self, latest_ms: int | None) -> int | None:
        """Now and then, drop the ids of commands that expired long ago; the time before which they did, in ms."""
        if latest_ms is None or len(self._answered) < FORGET_EVERY or len(self._answered) % FORGET_EVERY:
            return None
        before = latest_ms - REMEMBER_AFTER_EXPIRY_MS
        self._answered = {command: known for command, known in self._answered.items() if known.exp_ms >= before}
        return before


def _joined(first: Write, then: Write) -> Write:
    return Write(
        records=first.records + then.records,
        outputs={**first.outputs, **then.outputs},
        intent=then.intent,
        settled=first.settled + then.settled,
        answered={**first.answered, **then.answered},
        forget_before_ms=then.forget_before_ms if then.forget_before_ms is not None else first.forget_before_ms,
        boot_id=then.boot_id or first.boot_id,
        link_lost=then.link_lost or first.link_lost,
    )
