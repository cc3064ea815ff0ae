"""A small history in which every promise was kept, for the checker's own tests to break: one device, a morning's work."""

from pathlib import Path
from typing import Any

from device.wiring import parse_wiring
from protocol.messages import Cause, ClockTrust, Event, EventKind, Fate, Reason, Receipt
from tests.faults.histories import (
    CommandRow,
    DeviceHistory,
    FinalChannel,
    History,
    Life,
    PinMove,
    Told,
)

DEVICE = "d" * 16
JOURNAL = "b" * 16
WALL_MINUS_MONO_MS = 1_800_000_000_000.0

WIRING = """
[[channel]]
kind = "output"
id = "den"
name = "Đèn"
pin = 17
active_high = false

[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 27
active_high = false
max_on_s = 3
min_off_s = 2

[[channel]]
kind = "output"
id = "len"
name = "Lên"
pin = 22
active_high = false
interlock = "cua"
interlock_pause_s = 0.5

[[channel]]
kind = "output"
id = "xuong"
name = "Xuống"
pin = 23
active_high = false
interlock = "cua"
interlock_pause_s = 0.5

[[channel]]
kind = "output"
id = "cong"
name = "Cổng"
pin = 24
active_high = false
link_loss = "off"
link_loss_after_s = 5
"""


class Story:
    """Tells a history step by step: each step says it to all witnesses, as a sound system would."""

    def __init__(self) -> None:
        self.device = DeviceHistory(DEVICE, parse_wiring(WIRING, Path("wiring")).outputs, journal=JOURNAL)
        self.history = History(WALL_MINUS_MONO_MS, devices={DEVICE: self.device})
        self.levels: dict[str, bool] = {}

    # ---- the agent's lives

    def begins(self, at: float, boot_id: str = "boot-1", cause: Cause = Cause.RESTART) -> None:
        self.device.lives.append(Life(boot_id, at))
        self.event(EventKind.STARTED, at, cause=cause)

    def dies(self, at: float) -> None:
        last = self.device.lives[-1]
        self.device.lives[-1] = Life(last.boot_id, last.began_mono_ms, at)

    # ---- what it does

    def command(self, number: int, channel: str, on: bool, at: float, **fields: Any) -> CommandRow:
        """Accepted at this moment, with 10 s to live; its fate is still to come."""
        made = {"for_s": None, "actor_id": "lan", "fate": "published", "idempotency_key": f"key-{number}"}
        wall = round(at + WALL_MINUS_MONO_MS)
        row = CommandRow(f"{number:032x}", DEVICE, channel, on, created_ms=wall, expires_ms=wall + 10_000, **{**made, **fields})
        self.history.commands[row.id] = row
        return row

    def obeys(self, command: CommandRow, at: float) -> None:
        """The pin moves if it has to, and the receipt is told and kept."""
        changed = self.levels.get(command.channel, False) is not command.on
        if changed:
            self.moves(command.channel, command.on, at)
            self.switched(command.channel, command.on, at, Cause.COMMAND, command.id)
        self.receipt(command, at, Fate.APPLIED, changed=changed)

    def receipt(self, command: CommandRow, at: float, fate: Fate, *, changed: bool = False, reason: Reason | None = None) -> None:
        on = self.levels.get(command.channel, False)
        body = {"command": command.id, "channel": command.channel, "fate": fate, "reason": reason, "on": on, "changed": changed}
        seq = self._number()
        told = Receipt.model_validate({"journal": JOURNAL, "seq": seq, **self._stamp(at), **body})
        self._record(seq, told, at)
        self.settle(command, str(fate), changed=changed, read_back=on, reason=str(reason) if reason else None)
        self.history.told.append(Told(command.id, str(fate), at + 5, "client"))

    def settle(self, command: CommandRow, fate: str, **fields: Any) -> None:
        """The server's row gets its fate."""
        row = {name: getattr(command, name) for name in CommandRow.__slots__}
        self.history.commands[command.id] = CommandRow(**{**row, "fate": fate, **fields})

    def moves(self, channel: str, on: bool, at: float, *, fell: bool = False) -> None:
        """The pin alone."""
        self.device.moves.setdefault(channel, []).append(PinMove(on, at, len(self.device.lives) - 1, fell))
        self.levels[channel] = on

    def switched(self, channel: str, on: bool, at: float, cause: Cause, command: str | None = None) -> None:
        """The journal alone."""
        self.event(EventKind.SWITCHED, at, channel=channel, on=on, cause=cause, command=command)

    def event(self, kind: EventKind, at: float, **fields: Any) -> None:
        seq = self._number()
        event = Event.model_validate({"journal": JOURNAL, "seq": seq, **self._stamp(at), "kind": kind, **fields})
        self._record(seq, event, at)
        self.device.kept[seq] = event.model_dump(mode="json")

    def ends(self, at: float) -> History:
        """All is healed and quiet."""
        self.history.end_mono_ms = at
        self.device.mark = self.device.last_seq
        for wire in self.device.outputs:
            on = self.levels.get(wire.id, False)
            self.history.final.append(FinalChannel(DEVICE, wire.id, on, on, on))
        return self.history

    def _number(self) -> int:
        self.device.last_seq += 1
        return self.device.last_seq

    def _stamp(self, at: float) -> dict[str, Any]:
        return {"at_ms": round(at + WALL_MINUS_MONO_MS), "clock": ClockTrust.SERVER}

    def _record(self, seq: int, record: Event | Receipt, at: float) -> None:
        self.device.records[seq] = [record]
        self.history.heard_first_mono_ms[DEVICE, seq] = at + 1


def a_morning() -> Story:
    """Every kind of thing that may happen, done right. Not ended yet."""
    story = Story()
    story.begins(0, cause=Cause.BOOT)
    lamp_on = story.command(1, "den", True, 1_000)
    story.obeys(lamp_on, 1_020)
    already = story.command(2, "den", True, 2_000)
    story.obeys(already, 2_020)
    pump = story.command(3, "may-bom", True, 3_000)
    story.obeys(pump, 3_020)
    story.moves("may-bom", False, 6_030)
    story.switched("may-bom", False, 6_035, Cause.LEASE)
    up = story.command(4, "len", True, 7_000)
    story.obeys(up, 7_020)
    refused = story.command(5, "xuong", True, 7_500)
    story.receipt(refused, 7_520, Fate.REJECTED, reason=Reason.INTERLOCK)
    story.obeys(story.command(6, "len", False, 8_000), 8_020)
    story.obeys(story.command(7, "xuong", True, 8_600), 8_620)
    story.obeys(story.command(8, "xuong", False, 9_000), 9_020)
    gate = story.command(9, "cong", True, 10_000, for_s=2)
    story.obeys(gate, 10_020)
    story.moves("cong", False, 12_030)
    story.switched("cong", False, 12_031, Cause.LEASE)
    # killed between pin and journal: the pin moved, the restart takes it back, and only the receipt tells of it
    cut_short = story.command(10, "cong", True, 13_000)
    story.moves("cong", True, 13_020)
    story.dies(13_021)
    story.begins(14_000)
    story.moves("cong", False, 14_001)
    story.receipt(cut_short, 14_010, Fate.REJECTED, reason=Reason.INTERRUPTED)
    # a power cut while the lamp is on
    story.dies(15_000)
    story.device.lives.append(Life("boot-2", 16_000))
    story.moves("den", False, 15_000, fell=True)
    story.event(EventKind.STARTED, 16_000, cause=Cause.BOOT)
    story.switched("den", False, 16_000, Cause.BOOT)
    waited = story.command(11, "den", True, 17_000)
    story.settle(waited, "expired")
    return story
