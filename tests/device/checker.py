"""Judges a world by three histories: what the pins did, what is on the card, what the server got. It knows the rules, not the core.

`look` reads what was logged since the last look and raises Violation at the first thing that must never be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from device.memory import Intent, Write
from device.rules import LinkLoss, Output, OutputRule
from protocol.messages import Cause, Command, Event, EventKind, Fate, Hello, Reason, Receipt
from tests.device.parts import (
    Drove,
    Failed,
    FellBack,
    Heard,
    LinkLost,
    Mended,
    Pressed,
    Started,
    Stopped,
    Told,
    WelcomeCame,
    Wrote,
)
from tests.device.spans import earliest, end_of
from tests.device.starts import expected_at_start
from tests.device.violation import Violation
from tests.device.vouches import Vouches
from tests.device.world import World

RETRY_MS = 1_000
LINK_LOSS_CAUGHT_UP_MS = 1_000


@dataclass
class Watched:
    """What is known of one output from outside."""

    on: bool = False
    last_drive: Drove | None = None
    unexplained: Drove | None = None
    on_since: int | None = None
    off_since: int | None = None
    deadline: int | None = None
    mended: int = 0
    off_is_unwritten: bool = False
    told_unknown: bool = False


class Checker:
    """Reads the world's log as it grows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._read = 0
        self._rules: dict[str, OutputRule] = {}
        self._outputs: dict[str, Watched] = {}
        self._card: dict[int, Event | Receipt] = {}
        self._open: dict[str, Intent] = {}
        self._owed: dict[int, Event | Receipt] = {}  # what could not be written yet
        self._heard: dict[str, tuple[int, Command]] = {}
        self._intended: set[str] = set()  # commands written down before they act
        self._let_off: set[str] = set()  # commands to switch off that could not be written down
        self._moved: set[str] = set()
        self._fates: dict[str, Fate] = {}
        self._durable: dict[str, int] = {}
        self._busy: set[str] = set()
        self._forgotten: set[str] = set()
        self._seen: set[int] = set()  # receipts, by identity, that were looked at when they first appeared
        self._vouches = Vouches()
        self._undated: set[str] = set()  # commands that came before the time was known: no fate need be told of them
        self._pressed: tuple[int, str] | None = None
        self._link_lost: int | None = None
        self._loss_met: set[str] = set()
        self._alive_since = 0

    def look(self) -> None:
        """Read on, and judge how things stand now."""
        for entry in self.world.log[self._read :]:
            self._read += 1
            self._entry(entry)
        if self.world.alive and not self.world.is_due:
            self._quiet()

    # ---- what happened

    def _entry(self, entry: object) -> None:  # noqa: C901 (a table, one case a kind)
        match entry:
            case Heard(mono, command):
                self._heard.setdefault(command.jti, (mono, command))
                if not self._vouches.has_a_clock:
                    self._undated.add(command.jti)
            case Pressed(mono, channel, _):
                self._pressed = (mono, channel)
            case Drove():
                self._drove(entry)
            case Wrote(write):
                self._wrote(write)
            case Failed(write, is_there):
                if is_there:
                    self._wrote(write)
                if write.intent is not None and not write.intent.on:
                    self._let_off.add(write.intent.command)
                self._records(write.records)
                self._owed.update({record.seq or 0: record for record in write.records})
            case Told(Receipt() as receipt):
                self._receipt(receipt)
            case Told(Hello() as hello, true_ms):
                self._vouches.said(hello, true_ms, self.world.commands_made)
            case WelcomeCame():
                self._vouches.welcomed(entry)
                self._link_lost = None
                self._loss_met.clear()
            case LinkLost(mono):
                self._link_lost = mono if self._link_lost is None else self._link_lost
            case Started():
                self._started(entry)
            case Stopped(levels):
                self._stopped(levels)
            case FellBack(last_seq):
                self._fell_back(last_seq)
            case Mended(mono, channel):
                self._outputs.get(channel, Watched()).mended = mono
            case _:
                pass

    def _drove(self, drove: Drove) -> None:
        output, rule = self._outputs[drove.channel], self._rule(drove.channel)
        output.last_drive = drove
        if drove.before == drove.after:
            return
        if output.unexplained is not None:
            raise Violation(f"{drove} follows {output.unexplained}, of which nothing was written")
        output.on = drove.after
        # what is known to be unknown, and is switched off once more, has nothing new to tell
        output.unexplained = None if output.told_unknown and drove.read is None and not drove.wanted else drove
        if drove.after:
            self._may_go_on(drove, output, rule)
            output.on_since = drove.mono
            output.deadline = end_of(drove.mono, rule.max_on_ms)
        else:
            output.off_since, output.deadline, output.on_since = drove.mono, None, None

    def _may_go_on(self, drove: Drove, output: Watched, rule: OutputRule) -> None:
        if output.off_since is not None and drove.mono < output.off_since + rule.min_off_ms:
            raise Violation(f"{drove} before its shortest off-time had passed")
        for other in self._interlocked(drove.channel):
            if self._outputs[other.id].on:
                raise Violation(f"{drove} while the interlocked {other.id} is on")
            since = self._outputs[other.id].off_since
            if since is not None and drove.mono < since + max(rule.interlock_pause_ms, other.interlock_pause_ms):
                raise Violation(f"{drove} in the interlock's pause after {other.id}")

    def _wrote(self, write: Write) -> None:
        for record in write.records:
            self._numbered(record)
        self._records(write.records)
        if write.intent is not None:
            self._intended.add(write.intent.command)
            self._open[write.intent.command] = write.intent
        for command in write.settled:
            self._open.pop(command, None)
        for channel in write.outputs:
            if channel in self._outputs:
                self._outputs[channel].off_is_unwritten = False

    def _numbered(self, record: Event | Receipt) -> None:
        assert record.seq is not None
        if self._owed.get(record.seq) is record:
            del self._owed[record.seq]
        if self._card.setdefault(record.seq, record) is not record:
            raise Violation(f"number {record.seq} is given twice: {record} and {self._card[record.seq]}")
        if record.seq > 1 and record.seq - 1 not in self._card:
            raise Violation(f"number {record.seq} is on the card before the one that it follows")
        if isinstance(record, Receipt) and self._durable.setdefault(record.command, record.seq) != record.seq:
            raise Violation(f"a second receipt for {record.command}: {record}")

    def _records(self, records: tuple[Event | Receipt, ...]) -> None:
        for record in records:
            if id(record) in self._seen:
                continue
            self._seen.add(id(record))
            if isinstance(record, Receipt):
                self._receipt(record)
            else:
                self._event(record)

    def _event(self, event: Event) -> None:
        if event.kind is EventKind.REFUSED and event.reason is Reason.BUSY and event.command:
            self._busy.add(event.command)
        output = self._outputs.get(event.channel or "")
        if event.kind is not EventKind.SWITCHED or output is None:
            return
        output.told_unknown = event.on is None
        if output.unexplained is None:
            return
        drove, output.unexplained = output.unexplained, None
        if event.command is not None:
            self._by_command(drove, event.command)
        else:
            self._by_itself(drove, event.cause)
        if event.on != drove.read:
            raise Violation(f"{event} says what was not read back: {drove}")

    def _by_command(self, drove: Drove, jti: str) -> None:
        mono, command = self._heard.get(jti, (0, None))
        if command is None:
            raise Violation(f"{drove} for the command {jti}, which never came")
        if (command.channel, command.on) != (drove.channel, drove.wanted):
            raise Violation(f"{drove} is not what {command} asked for")
        if jti in self._moved:
            raise Violation(f"{drove}: the command {jti} moves a pin twice")
        self._moved.add(jti)
        self._in_time(drove, command)
        if jti not in self._intended and (drove.after or jti not in self._let_off):
            raise Violation(f"{drove} was not written down before")
        if drove.after:
            output, rule = self._outputs[drove.channel], self._rule(drove.channel)
            output.deadline = earliest(
                end_of(mono, command.for_s and command.for_s * 1000), end_of(output.on_since, rule.max_on_ms)
            )

    def _in_time(self, drove: Drove, command: Command) -> None:
        if self._vouches.ahead_ms is None:
            raise Violation(f"{drove} while the server's time was not known")
        if drove.true_ms + self._vouches.ahead_ms >= command.exp_ms:
            raise Violation(f"{drove} acts after {command.jti} expired")

    def _by_itself(self, drove: Drove, cause: Cause | None) -> None:
        if self._own_reason(drove, cause) is None:
            raise Violation(f"{drove} has no command and no cause ({cause})")

    def _own_reason(self, drove: Drove, cause: Cause | None) -> str | None:
        """Why the device may do this by itself, as seen from outside. A pin that fails says FAULT, whatever the cause was."""
        blames_pin = cause is Cause.FAULT
        rule = self._rule(drove.channel)
        if (cause is Cause.BUTTON or blames_pin) and self._was_pressed(drove):
            return "button"
        for_link = drove.after is (rule.link_loss is LinkLoss.ON) and self._loss_is_due(rule, drove.mono)
        if (cause is Cause.LINK_LOSS or blames_pin) and for_link:
            return "link loss"
        if drove.after:
            return None
        if cause is Cause.LEASE:
            return "lease"
        return "fault" if blames_pin else None

    def _was_pressed(self, drove: Drove) -> bool:
        if self._pressed is None:
            return False
        mono, channel = self._pressed
        return mono == drove.mono and self.world.wiring.inputs[channel].switches == drove.channel

    def _loss_is_due(self, rule: OutputRule, mono: int) -> bool:
        lost = self._link_lost
        return rule.link_loss is not LinkLoss.KEEP and lost is not None and mono >= lost + rule.link_loss_after_ms

    def _receipt(self, receipt: Receipt) -> None:
        if receipt.command not in self._fates and receipt.command in self._heard:
            self._vouches.answered(receipt, self._heard[receipt.command][1])
        known = self._fates.setdefault(receipt.command, receipt.fate)
        if known is not receipt.fate:
            raise Violation(f"{receipt} after the fate was told to be {known}")
        blind = self._outputs.get(receipt.channel)
        if receipt.reason is Reason.PIN_FAULT and blind is not None and blind.unexplained is not None and blind.told_unknown:
            drove, blind.unexplained = blind.unexplained, None
            self._by_command(drove, receipt.command)
        if receipt.fate is not Fate.APPLIED or (receipt.seq is None and receipt.command in self._durable):
            return
        mono, command = self._heard[receipt.command]
        output = self._outputs[command.channel]
        drove = output.last_drive
        if receipt.on is not command.on or drove is None or drove.read is not command.on or drove.mono < mono:
            raise Violation(f"{receipt} without read-back: {drove}")
        self._in_time(drove, command)
        if command.on and output.on:
            rule = self._rule(command.channel)
            output.deadline = earliest(
                end_of(mono, command.for_s and command.for_s * 1000), end_of(output.on_since, rule.max_on_ms)
            )
            if (receipt.lease_until_ms is None) != (output.deadline is None):
                raise Violation(f"{receipt} tells another lease than the one that holds: {output}")

    # ---- start and stop

    def _stopped(self, levels: Mapping[str, bool] | None) -> None:
        self._owed.clear()
        for channel, output in self._outputs.items():
            drove, output.unexplained = output.unexplained, None
            if drove is not None:
                self._cut_short(drove, output)
            output.last_drive = None
            output.on = output.on if levels is None else levels[channel]
        for jti in self._fates.keys() - self._durable.keys():
            # it could not be written down, and whoever knew it is dead: should the same command come again, it is new
            self._forgotten.add(jti)
            del self._fates[jti]
            self._moved.discard(jti)
        for jti in self._heard.keys() - self._durable.keys() - self._open.keys():
            del self._heard[jti]
            self._moved.discard(jti)

    def _fell_back(self, last_seq: int) -> None:
        self._card = {seq: record for seq, record in self._card.items() if seq <= last_seq}
        self._durable = {command: seq for command, seq in self._durable.items() if seq <= last_seq}
        self._open = dict(self.world.card.intents)

    def _cut_short(self, drove: Drove, output: Watched) -> None:
        """A pin moved, and the agent died before it could say why: was there a reason?"""
        output.off_is_unwritten = not drove.after
        for intent in self._open.values():
            if (intent.channel, intent.on) == (drove.channel, drove.wanted):
                self._by_command(drove, intent.command)
                return
        if drove.after and not self._was_pressed(drove) and not self._loss_is_due(self._rule(drove.channel), drove.mono):
            raise Violation(f"{drove} without reason, before a crash")

    def _started(self, started: Started) -> None:
        self._rules = dict(started.rules)
        self._outputs = {channel: self._outputs.get(channel, Watched()) for channel in started.rules}
        power_on = started.memory.boot_id != started.boot_id
        expected = expected_at_start(started.rules, started.memory, power_on, started.mono)
        for channel, (planned, before, after, fault) in started.claims.items():
            output = self._outputs[channel]
            if planned is not expected[channel]:
                raise Violation(f"{channel} starts {planned}, and should start {expected[channel]}: {started}")
            if planned and not before and fault is None and not power_on and not output.off_is_unwritten:
                raise Violation(f"a restart switched {channel} on: {started}")
            self._take_up(
                output, self._rule(channel), started, planned and after, after, power_on, started.memory.outputs.get(channel)
            )
        for channel, (_, _, after, fault) in started.claims.items():
            for other in self._interlocked(channel):
                other_fault = started.claims[other.id][3]
                if after and started.claims[other.id][2] and fault is None and other_fault is None:
                    raise Violation(f"{channel} and {other.id} both start on")
        lost = started.memory.link_lost if not power_on else None
        self._link_lost = started.mono if lost is None else lost
        self._alive_since = started.mono
        self._vouches.started()
        self._pressed = None

    def _take_up(
        self, output: Watched, rule: OutputRule, started: Started, goes_on: bool, on: bool, power_on: bool, was: Output | None
    ) -> None:
        turned_off = output.on and not on
        output.on = on
        if power_on:
            output.on_since = output.off_since = output.deadline = None
        if not on:
            output.deadline = output.on_since = None
            output.off_since = started.mono if power_on or turned_off else output.off_since
        elif goes_on:
            output.on_since = started.mono if output.on_since is None else output.on_since
            output.deadline = earliest(was.lease_until if was and not power_on else None, end_of(output.on_since, rule.max_on_ms))
        else:
            output.deadline = started.mono

    # ---- how it stands when nothing is under way

    def _quiet(self) -> None:
        for channel, output in self._outputs.items():
            if output.unexplained is not None:
                raise Violation(f"nothing was written of {output.unexplained}")
            pin = self.world.pins[channel]
            if pin.fault is None and pin.level:
                self._may_be_on(channel, output)
            if pin.fault is None:
                self._loss_had_its_consequence(channel, output)

    def _may_be_on(self, channel: str, output: Watched) -> None:
        now = self.world.mono
        if output.deadline is not None and now > max(output.deadline, output.mended + RETRY_MS):
            raise Violation(f"{channel} is on at {now}, past {output.deadline}")
        since = max(output.mended + RETRY_MS, output.on_since or 0)
        if now > since and any(self.world.pins[other.id].level for other in self._interlocked(channel)):
            raise Violation(f"{channel} is on together with one of its interlock group")

    def _loss_had_its_consequence(self, channel: str, output: Watched) -> None:
        rule, now = self._rule(channel), self.world.mono
        busy = max(output.mended, self._alive_since) + RETRY_MS > now
        if busy or channel in self._loss_met or not self._loss_is_due(rule, now - LINK_LOSS_CAUGHT_UP_MS):
            return
        self._loss_met.add(channel)
        assert self._link_lost is not None
        due = self._link_lost + rule.link_loss_after_ms
        moved_since = max(output.on_since or 0, output.off_since or 0) >= due
        simple = rule.interlock is None and rule.min_off_ms == 0
        if not moved_since and output.on and rule.link_loss is LinkLoss.OFF:
            raise Violation(f"{channel} is on although the link is lost since {self._link_lost}")
        if not moved_since and not output.on and rule.link_loss is LinkLoss.ON and simple:
            raise Violation(f"{channel} is off although the link is lost since {self._link_lost}")

    # ---- at the end, when all is well again

    def settle(self) -> None:
        """After healing (pins, card and link work, time has passed): all is told, and what is told is true."""
        self.look()
        world = self.world
        if self._owed:
            raise Violation(f"was never written: {self._owed}")
        if world.server.have_seq != world.card.last_seq or world.server.records != world.card.history:
            raise Violation(f"the server has {world.server.have_seq} of {world.card.last_seq} records")
        for jti in self._heard.keys() - self._busy - self._forgotten:
            fates = {receipt.fate for receipt in world.server.receipts(jti)}
            if len(fates) != 1 and (fates or jti not in self._undated):
                raise Violation(f"the command {jti} has the fates {fates}")
        state = world.server.state
        shown = {channel: state.channels[channel].on for channel in self._rules} if state else None
        if shown != {channel: world.pins[channel].level for channel in self._rules}:
            raise Violation(f"the server shows {shown}, and the pins are {world.pins}")

    def _rule(self, channel: str) -> OutputRule:
        return self._rules[channel]

    def _interlocked(self, channel: str) -> list[OutputRule]:
        group = self._rule(channel).interlock
        return [rule for rule in self._rules.values() if group and rule.interlock == group and rule.id != channel]
