"""What the pins did, against what people asked for and what the devices' safety allows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from protocol.messages import Cause, Fate
from tests.faults.causes import Alignment, Explained
from tests.faults.histories import DeviceHistory, History, Violation

ACTS_LATE_TOLERANCE_MS = 100.0
"""An agent that is stopped by the kernel between its last look at the clock and its pin may act this much late."""

Aligned = Mapping[tuple[str, str], Alignment]


def every_move_has_its_cause(history: History, aligned: Aligned) -> Iterator[Violation]:
    """One accepted command, or a named safety cause that fits; and nothing is told that no pin did."""
    rule = "every pin change has its cause"
    for (device_id, channel), alignment in aligned.items():
        device = history.devices[device_id]
        for explained in alignment.moves:
            fault = _cause_fault(history, device, channel, explained)
            if fault is not None:
                yield Violation(rule, f"{_where(device_id, channel, explained)}: {fault}")
        for event in alignment.unmoved:
            yield Violation(rule, f"{device_id}/{channel}: event {event.seq} tells of {event.cause} {event.on}, and no pin moved")


def _cause_fault(history: History, device: DeviceHistory, channel: str, explained: Explained) -> str | None:
    if explained.command is not None:
        return _command_fault(history, device, channel, explained)
    if explained.safety is None:
        return "nothing caused it"
    wire = next(wire for wire in device.outputs if wire.id == channel)
    match explained.safety:
        case Cause.LINK_LOSS if wire.link_loss == "keep":
            return "a lost link has no consequence here"
        case Cause.SCHEDULE | Cause.BUTTON | Cause.INPUT:
            return f"{explained.safety}: this device has none"
        case Cause.FAULT:
            return "its pin is said not to obey"
        case Cause.LEASE | Cause.RESTART | "power" if explained.move.on:
            return f"{explained.safety} switches nothing on"
        case _:
            return None


def _command_fault(history: History, device: DeviceHistory, channel: str, explained: Explained) -> str | None:
    command = history.commands.get(explained.command or "")
    if command is None:
        return f"the server never accepted the command {explained.command}"
    if (command.device_id, command.channel, command.on) != (device.device_id, channel, explained.move.on):
        return f"its command {command.id} is for {command.device_id}/{command.channel} {command.on}"
    return None


def no_command_acts_twice(history: History, aligned: Aligned) -> Iterator[Violation]:
    """At most one change for each command, over all channels of all devices."""
    _ = history
    acts: dict[str, list[str]] = defaultdict(list)
    for (device_id, channel), alignment in aligned.items():
        for explained in alignment.moves:
            if explained.command is not None:
                acts[explained.command].append(_where(device_id, channel, explained))
    for command, places in acts.items():
        if len(places) > 1:
            yield Violation("no command acts twice", f"{command} acted {len(places)} times: {'; '.join(places)}")


def no_command_acts_out_of_its_time(history: History, aligned: Aligned) -> Iterator[Violation]:
    """Neither after it expired nor before it was made; by the one clock of the machine that runs it all."""
    for (device_id, channel), alignment in aligned.items():
        for explained in alignment.moves:
            command = history.commands.get(explained.command or "")
            if command is None:
                continue
            at_ms = history.wall_of(explained.move.at_mono_ms)
            if at_ms > command.expires_ms + ACTS_LATE_TOLERANCE_MS:
                late = at_ms - command.expires_ms
                yield Violation(
                    "no command acts after its time", f"{_where(device_id, channel, explained)}: {command.id} {late:.0f} ms late"
                )
            if at_ms < command.created_ms - ACTS_LATE_TOLERANCE_MS:
                yield Violation(
                    "no command acts after its time", f"{_where(device_id, channel, explained)}: {command.id} was not made yet"
                )


def applied_means_moved_or_already_so(history: History, aligned: Aligned) -> Iterator[Violation]:
    """`applied` and changed: its pin change is there. Unchanged: the pin was as asked at some moment of the command's time."""
    rule = "applied means moved, or already so"
    moved = {explained.command for alignment in aligned.values() for explained in alignment.moves}
    for command in history.commands.values():
        device = history.devices.get(command.device_id)
        if device is None:
            continue
        if command.fate == "applied" and command.read_back is not command.on:
            yield Violation(rule, f"{command.id}: applied, and the pin read back {command.read_back}")
        if command.fate == "applied" and command.changed and command.id not in moved:
            yield Violation(rule, f"{command.id}: applied, and no pin changed for it")
        if command.fate == "applied" and not command.changed:
            if command.id in moved:
                yield Violation(rule, f"{command.id}: said to have changed nothing, and a pin changed for it")
            elif not _was_so(history, device, command.channel, command.on, command.created_ms, command.expires_ms):
                yield Violation(rule, f"{command.id}: said to be so already, and the pin was not")
        if command.fate != "applied" and command.id in moved and command.reason != "interrupted":
            yield Violation(rule, f"{command.id}: a pin changed for it, and its fate is {command.fate} {command.reason or ''}")


def _was_so(history: History, device: DeviceHistory, channel: str, on: bool, from_ms: float, to_ms: float) -> bool:
    begin, end = history.mono_of(from_ms), history.mono_of(to_ms)
    if device.level_at(channel, begin) is on:
        return True
    return any(move.on is on and begin <= move.at_mono_ms <= end for move in device.moves.get(channel, ()))


def commands_act_in_order(history: History, aligned: Aligned) -> Iterator[Violation]:
    """Commands for one channel are obeyed in the order in which they were accepted."""
    _ = aligned
    for device in history.devices.values():
        last: dict[str, str] = {}
        for receipt in device.receipts():
            if receipt.fate is not Fate.APPLIED:
                continue
            before = last.get(receipt.channel)
            if before is not None and receipt.command < before:
                where = f"{device.device_id}/{receipt.channel}"
                yield Violation("commands act in order", f"{where}: {receipt.command} was obeyed after {before}")
            last[receipt.channel] = max(receipt.command, before or "")


def _where(device_id: str, channel: str, explained: Explained) -> str:
    return f"{device_id}/{channel} {'on' if explained.move.on else 'off'} at {explained.move.at_mono_ms:.0f}"
