"""Nothing is lost, nothing is invented, and what people were told holds."""

from collections import defaultdict
from collections.abc import Iterator

from protocol.messages import ClockTrust, Event, Receipt
from tests.faults.histories import SETTLED, DeviceHistory, History, Violation
from tests.faults.rules_pins import Aligned


def every_event_is_kept_once(history: History, aligned: Aligned) -> Iterator[Violation]:
    """Every record of every journal has one content, no number is left out, and each event is in the database as it was told."""
    _ = aligned
    for device in history.devices.values():
        yield from _numbers(device)
        yield from _rows(device)


def _numbers(device: DeviceHistory) -> Iterator[Violation]:
    rule = "every event is kept once"
    missing = [seq for seq in range(1, device.last_seq + 1) if seq not in device.records]
    if missing:
        yield Violation(rule, f"{device.device_id}: records {missing[:10]} of {device.last_seq} were never heard of")
    beyond = [seq for seq in device.records if seq > device.last_seq]
    if beyond:
        yield Violation(rule, f"{device.device_id}: records {beyond[:10]} were sent, and the journal ends at {device.last_seq}")
    for seq, contents in device.records.items():
        if len(contents) > 1:
            yield Violation(rule, f"{device.device_id}: number {seq} was given to {len(contents)} different records")
    if device.mark != device.last_seq:
        yield Violation(rule, f"{device.device_id}: the journal ends at {device.last_seq}, and {device.mark} are kept")


def _rows(device: DeviceHistory) -> Iterator[Violation]:
    rule = "every event is kept once"
    if device.kept_elsewhere:
        yield Violation(rule, f"{device.device_id}: {device.kept_elsewhere} events of a journal that it never had")
    told = {event.seq: event for event in device.events()}
    for seq in sorted(told.keys() | device.kept.keys()):
        event, row = told.get(seq), device.kept.get(seq)
        if row is None:
            yield Violation(rule, f"{device.device_id}: event {seq} is not in the database")
        elif event is None:
            yield Violation(rule, f"{device.device_id}: event {seq} in the database was never told")
        elif differing := _differing(event, row):
            yield Violation(rule, f"{device.device_id}: event {seq} is kept with another {', '.join(differing)}")


def _differing(event: Event, row: dict[str, object]) -> list[str]:
    told = event.model_dump(mode="json")
    names = ["kind", "channel", "on", "cause", "actor", "command", "reason"]
    # the server may date anew what a device wrote down before it knew the time
    names += ["at_ms"] if event.clock is ClockTrust.SERVER else []
    return [name for name in names if row.get(name) != told[name]]


def every_command_has_one_fate(history: History, aligned: Aligned) -> Iterator[Violation]:
    """When all is healed no command is open, and where a device answered, its first answer is the fate."""
    _ = aligned
    rule = "every command has one fate"
    answers = _first_answers(history)
    for command in history.commands.values():
        if command.fate not in SETTLED:
            yield Violation(rule, f"{command.id} for {command.device_id}/{command.channel} is still {command.fate}")
            continue
        answer = answers.pop(command.id, None)
        if answer is not None and command.fate != answer.fate:
            yield Violation(rule, f"{command.id}: the device says {answer.fate}, the database {command.fate}")
        if answer is not None and command.reason != answer.reason:
            yield Violation(rule, f"{command.id}: the device says {answer.reason}, the database {command.reason}")
        if answer is None and command.fate in ("applied", "rejected"):
            yield Violation(rule, f"{command.id} is {command.fate}, and its device never said so")
    for command_id in answers:
        yield Violation(rule, f"a device answered {command_id}, which the server never accepted")


def _first_answers(history: History) -> dict[str, Receipt]:
    answers: dict[str, Receipt] = {}
    for device in history.devices.values():
        for receipt in device.receipts():
            answers.setdefault(receipt.command, receipt)
    return answers


def each_command_is_answered_once(history: History, aligned: Aligned) -> Iterator[Violation]:
    """A device writes one receipt for a command."""
    _ = aligned
    for device in history.devices.values():
        numbers: dict[str, list[int | None]] = defaultdict(list)
        for receipt in device.receipts():
            numbers[receipt.command].append(receipt.seq)
        for command, seqs in numbers.items():
            if len(seqs) > 1:
                yield Violation("each command is answered once", f"{device.device_id}: {command} by the records {seqs}")


def what_was_told_holds(history: History, aligned: Aligned) -> Iterator[Violation]:
    """What a client or a page was told of a command is in the database, and a fate that was told as final stays."""
    _ = aligned
    rule = "what was told holds"
    for told in history.told:
        command = history.commands.get(told.command)
        if command is None:
            yield Violation(rule, f"{told.who} was told of {told.command} ({told.fate}), and there is no such command")
        elif told.fate in SETTLED and told.fate != command.fate:
            yield Violation(rule, f"{told.who} was told that {told.command} is {told.fate}, and it is {command.fate}")


def a_refusal_leaves_nothing(history: History, aligned: Aligned) -> Iterator[Violation]:
    """A request that was refused (4xx) made no command; one key made at most one, whatever was sent again."""
    _ = aligned
    made: dict[str, set[str]] = defaultdict(set)
    keys = {command.idempotency_key: command.id for command in history.commands.values()}
    answered: dict[str, set[bool]] = defaultdict(set)
    for asked in history.asked:
        if asked.idempotency_key is None:
            continue
        if asked.command is not None:
            made[asked.idempotency_key].add(asked.command)
        answered[asked.idempotency_key].add(asked.status is not None and 400 <= asked.status < 500)
    for key, commands in made.items():
        if len(commands) > 1:
            yield Violation("a key makes one command", f"{key} made {sorted(commands)}")
    for key, refused in answered.items():
        if refused == {True} and key in keys:
            yield Violation("a refusal leaves nothing", f"every request with {key} was refused, and it made {keys[key]}")


def the_page_is_true_at_the_end(history: History, aligned: Aligned) -> Iterator[Violation]:
    """When all is healed: page = database = pin, and every device is shown as there."""
    _ = aligned
    for channel in history.final:
        if not channel.page is channel.database is channel.pin:
            where = f"{channel.device_id}/{channel.channel}"
            text = f"{where}: page {channel.page}, database {channel.database}, pin {channel.pin}"
            yield Violation("the page is true at the end", text)
        if channel.presence != "online":
            yield Violation("the page is true at the end", f"{channel.device_id} is shown as {channel.presence}")
