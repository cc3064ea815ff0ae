"""Journals for tests: what is written into one, and how one is opened and read back."""

from collections.abc import Callable
from pathlib import Path

from device.journal import Journal
from device.memory import Answered, Intent, LinkLost, Memory, Write
from device.rules import Output
from protocol.messages import Cause, ClockTrust, Event, EventKind, Fate, Receipt
from protocol.topics import Topic

TOKEN = "00000000000000aa"
AT_MS = 1_790_000_000_000


def command_id(number: int) -> str:
    return f"{number:032x}"


def event(seq: int) -> Event:
    return Event(
        journal=TOKEN, seq=seq, at_ms=AT_MS + seq, clock=ClockTrust.SERVER, kind=EventKind.SWITCHED, channel="may-bom", on=True
    )


def receipt(seq: int) -> Receipt:
    return Receipt(
        journal=TOKEN,
        seq=seq,
        at_ms=AT_MS,
        clock=ClockTrust.SERVER,
        command=command_id(seq),
        channel="may-bom",
        fate=Fate.APPLIED,
        on=True,
        changed=True,
    )


PUMP_ON = Output(on=True, since_ms=AT_MS, lease_until=9_000, off_since=77, cause=Cause.COMMAND, actor="Minh")
EARLIER = Write(
    records=(event(1), receipt(2)),
    outputs={"may-bom": PUMP_ON, "den": Output(on=False)},
    intent=Intent(command_id(5), AT_MS, "den", on=True),
    answered={command_id(2): Answered(AT_MS, 2), command_id(1): Answered(5, None)},
    boot_id="first",
    link_lost=LinkLost(1_234),
)
WRITES = {
    "an intent": Write(intent=Intent(command_id(9), AT_MS, "may-bom", on=False)),
    "an answer": Write(
        records=(event(3), receipt(4)),
        outputs={"den": PUMP_ON},
        settled=(command_id(5),),
        answered={command_id(5): Answered(AT_MS, 4)},
    ),
    "a start": Write(records=(event(3),), outputs={"may-bom": Output(on=False)}, boot_id="second", link_lost=LinkLost(None)),
    "forgetting": Write(records=(event(3),), forget_before_ms=AT_MS),
    "much at once": Write(
        records=tuple(event(seq) for seq in range(3, 400)), answered={command_id(n): Answered(n, n) for n in range(200)}
    ),
    "untold": Write(untold_after=7),
    "nothing": Write(),
}


def opened(path: Path, point: Callable[[str], None] = lambda _name: None) -> Journal:
    return Journal(path, lambda: TOKEN, point)


def remembered(path: Path) -> tuple[Memory, list[tuple[int, Topic, bytes]]]:
    """All that a journal knows, after it was opened anew."""
    journal = opened(path)
    try:
        return journal.load(), journal.records_after(0, 10_000)
    finally:
        journal.close()


def written(path: Path, *writes: Write) -> Path:
    journal = opened(path)
    for write in writes:
        journal.write(write)
    journal.close()
    return path
