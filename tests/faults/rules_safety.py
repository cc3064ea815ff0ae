"""What each device must keep by itself, whatever happens around it.

An agent that is dead or stopped cannot switch off. What is promised is this: once it is back, which means that it is about to touch
its pins or that the kernel lets it run on, it makes good what it missed within BACK_WITHIN_MS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from device.wiring import OutputWire
from protocol.messages import Cause, Fate, Receipt
from tests.faults.causes import Explained
from tests.faults.histories import CommandRow, DeviceHistory, History, PinMove, Violation
from tests.faults.rules_pins import Aligned

LATE_TOLERANCE_MS = 1_000.0
EARLY_TOLERANCE_MS = 300.0
PAUSE_TOLERANCE_MS = 20.0
BACK_WITHIN_MS = 2_000.0


@dataclass(frozen=True, slots=True)
class OnTime:
    """From a change to on until the change to off; `off` None: it is still on at the end of the history."""

    on: PinMove
    off: PinMove | None
    end: float


def on_times(history: History, device: DeviceHistory, channel: str) -> Iterator[OnTime]:
    """The times at which an output was on."""
    moves = device.moves.get(channel, [])
    began: PinMove | None = None
    for move in moves:
        if move.on:
            began = began or move
        elif began is not None:
            yield OnTime(began, move, move.at_mono_ms)
            began = None
    if began is not None:
        yield OnTime(began, None, history.end_mono_ms)


def excused_until(device: DeviceHistory, deadline: float, tolerance: float) -> float:
    """By when a deadline must have been met, where the agent was dead or stopped meanwhile."""
    limit = deadline + tolerance
    for spell in device.unable():
        if spell.from_mono_ms <= limit and spell.to_mono_ms > deadline:
            limit = max(limit, spell.to_mono_ms + BACK_WITHIN_MS)
    return limit


def leases_hold(history: History, aligned: Aligned) -> Iterator[Violation]:
    """No output stays on beyond its lease or its longest on-time, and no lease ends one early."""
    for device in history.devices.values():
        for wire in device.outputs:
            known = {explained.move: explained for explained in aligned[device.device_id, wire.id].moves}
            for time in on_times(history, device, wire.id):
                yield from _lease_faults(history, device, wire, time, known)


def _lease_faults(
    history: History, device: DeviceHistory, wire: OutputWire, time: OnTime, known: Mapping[PinMove, Explained]
) -> Iterator[Violation]:
    began, ended = known[time.on], known[time.off] if time.off is not None else None
    deadline, earliest = _deadlines(history, device, wire, time, began, ended)
    where = f"{device.device_id}/{wire.id} on at {time.on.at_mono_ms:.0f}"
    if deadline is not None and time.end > (limit := excused_until(device, deadline, LATE_TOLERANCE_MS)):
        yield Violation(
            "leases hold", f"{where}: off at {time.end:.0f}, had to be off by {deadline:.0f} (at the latest {limit:.0f})"
        )
    by_lease = ended is not None and ended.safety == Cause.LEASE
    if by_lease and (earliest is None or time.end < earliest - EARLY_TOLERANCE_MS):
        yield Violation("leases hold", f"{where}: its lease ended at {time.end:.0f}, and not before {earliest or 0:.0f}")


def _deadlines(
    history: History, device: DeviceHistory, wire: OutputWire, time: OnTime, began: Explained, ended: Explained | None
) -> tuple[float | None, float | None]:
    """The last moment at which this output had to be off, and the first at which a lease could end it; None: there is none.

    Each command to switch on that was obeyed meanwhile sets the lease anew, if it came before the lease had run out.
    """
    on_at = time.on.at_mono_ms
    longest = None if wire.max_on_s is None else on_at + wire.max_on_s * 1000
    first = history.commands.get(began.command or "")
    deadline = earliest = _first(longest, _lease_end(on_at, first))
    for receipt, command in _asked_again(history, device, wire.id, began, ended):
        acted_from, acted_to = _acted(history, device, receipt, command)
        if deadline is not None and acted_from > deadline + LATE_TOLERANCE_MS:
            break
        deadline = _first(longest, _lease_end(acted_to, command))
        earliest = _first(longest, _lease_end(acted_from, command))
    return deadline, earliest


def _lease_end(acted: float, command: CommandRow | None) -> float | None:
    return None if command is None or command.for_s is None else acted + command.for_s * 1000


def _asked_again(
    history: History, device: DeviceHistory, channel: str, began: Explained, ended: Explained | None
) -> Iterator[tuple[Receipt, CommandRow]]:
    """The commands that found it on already and were obeyed; by the journal's numbers between its two changes."""
    if began.event is None:
        return
    end = ended.event.seq if ended is not None and ended.event is not None else device.last_seq + 1
    for receipt in device.receipts():
        command = history.commands.get(receipt.command)
        mine = receipt.channel == channel and receipt.fate is Fate.APPLIED and not receipt.changed
        if mine and command is not None and command.on and began.event.seq < (receipt.seq or 0) < end:
            yield receipt, command


def _acted(history: History, device: DeviceHistory, receipt: Receipt, command: CommandRow) -> tuple[float, float]:
    """Between which moments a command was obeyed: in its own time, and not after its receipt was heard."""
    heard = history.heard_first_mono_ms.get((device.device_id, receipt.seq or 0), float("inf"))
    return history.mono_of(command.created_ms), min(history.mono_of(command.expires_ms), heard)


def _first(*times: float | None) -> float | None:
    return min((time for time in times if time is not None), default=None)


def interlocks_hold(history: History, aligned: Aligned) -> Iterator[Violation]:
    """Outputs of one interlock are never on together, and rest between."""
    _ = aligned
    for device in history.devices.values():
        for wire in device.outputs:
            for other in device.outputs:
                if wire.interlock is not None and wire.interlock == other.interlock and wire.id != other.id:
                    yield from _overlaps(history, device, wire, other)


def _overlaps(history: History, device: DeviceHistory, wire: OutputWire, other: OutputWire) -> Iterator[Violation]:
    pause = max(wire.interlock_pause_s, other.interlock_pause_s) * 1000 - PAUSE_TOLERANCE_MS
    for time in on_times(history, device, wire.id):
        for theirs in on_times(history, device, other.id):
            if theirs.on.at_mono_ms <= time.on.at_mono_ms < theirs.end:
                yield Violation("interlocks hold", f"{device.device_id}: {wire.id} and {other.id} on at {time.on.at_mono_ms:.0f}")
            elif theirs.off is not None and 0 <= time.on.at_mono_ms - theirs.end < pause:
                gap = time.on.at_mono_ms - theirs.end
                yield Violation("interlocks hold", f"{device.device_id}: {wire.id} on {gap:.0f} ms after {other.id}")


def rests_hold(history: History, aligned: Aligned) -> Iterator[Violation]:
    """An output that went off stays off for its shortest off-time."""
    _ = aligned
    for device in history.devices.values():
        for wire in device.outputs:
            times = list(on_times(history, device, wire.id))
            for before, after in pairwise(times):
                rest = after.on.at_mono_ms - before.end
                restored = before.off is not None and before.off.fell
                if rest < wire.min_off_s * 1000 - PAUSE_TOLERANCE_MS and not restored:
                    yield Violation(
                        "rests hold", f"{device.device_id}/{wire.id} on at {after.on.at_mono_ms:.0f} after {rest:.0f} ms"
                    )


def a_lost_link_has_its_consequence(history: History, aligned: Aligned) -> Iterator[Violation]:
    """What was on when the link was closed under the agent's eyes, and is to go off without a link, is off in time."""
    _ = aligned
    for device in history.devices.values():
        for wire in device.outputs:
            if wire.link_loss != "off":
                continue
            for away in device.away:
                yield from _link_loss_faults(history, device, wire, away.from_mono_ms, away.to_mono_ms)


def _link_loss_faults(history: History, device: DeviceHistory, wire: OutputWire, lost: float, back: float) -> Iterator[Violation]:
    due = lost + wire.link_loss_after_s * 1000
    limit = due + LATE_TOLERANCE_MS
    for spell in device.unable():
        # an agent that was not there when the link went may not have noticed before it was back
        if spell.from_mono_ms <= limit and spell.to_mono_ms > lost:
            limit = max(limit, spell.to_mono_ms + wire.link_loss_after_s * 1000 + BACK_WITHIN_MS)
    for time in on_times(history, device, wire.id):
        if time.on.at_mono_ms <= lost and time.end > limit and back > limit:
            yield Violation(
                "a lost link has its consequence", f"{device.device_id}/{wire.id}: link lost at {lost:.0f}, off at {time.end:.0f}"
            )
