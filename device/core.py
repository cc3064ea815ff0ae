"""The agent's heart: inputs and a moment in, effects out. It does nothing, knows no clock, no pin, no disk and no network.

What it promises, whatever comes and in whatever order:
- a command moves a pin at most once, never after its time, never on without being written down before;
- "applied" is said only of what the pin read back;
- a lease ends, an interlock holds and a lost link has its consequence with no server to say so.

It counts on this: the effects of one call are carried out in order before the next input comes, and what a Drive or a failed
Journal tells comes in at once, before the effect that follows.
"""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from device.acts import Act, after
from device.boot import BootPlan, started
from device.clock import Moment
from device.ledger import Ledger
from device.link_loss import LostLink
from device.memory import Intent, LinkLost, Memory, Write
from device.records import Record, Records
from device.rules import InputRule, Output, OutputRule, Refusal, interlocked, lease, refusal_to_switch_on
from device.talk import PATIENT, WATCHFUL, Talk, boot_token
from device.words import (
    CommandCame,
    CommandRefused,
    Drive,
    DriveLate,
    Driven,
    Effect,
    Input,
    InputRead,
    Journal,
    JournalBegun,
    LinkUp,
    LinkWentDown,
    Opened,
    Publish,
    RollCalled,
    SendAgain,
    Spoilt,
    Tick,
    Unwritten,
    Welcomed,
)
from protocol.messages import (
    LONGEST_LIFE_MS,
    About,
    Cause,
    ChannelKind,
    ClockTrust,
    Command,
    EventKind,
    Fate,
    Presence,
    Reason,
    Receipt,
)

STATE_SETTLES_MS: Final = 100
TRY_AGAIN_MS: Final = 1_000
AT_ONCE_MS: Final = 1  # not 0: whoever is woken at a moment has done all that was due at it
REFUSALS_A_MINUTE: Final = 20
MINUTE_MS: Final = 60_000


class Core:
    """One device's outputs, inputs and promises. `handle` is the only way in; `next_wake` says when to come back."""

    def __init__(
        self,
        about: About,
        rules: Mapping[str, OutputRule],
        inputs: Mapping[str, InputRule],
        memory: Memory,
        boot: BootPlan,
        boot_id: str,
        new_token: Callable[[], str],
        uniform: Callable[[float, float], float],
    ) -> None:
        self._about = about
        self._rules = rules
        self._inputs = inputs
        self._memory = memory
        self._boot = boot
        self._boot_id = boot_id
        self._ledger = Ledger(memory)
        self._lost_link = LostLink(rules, None if boot.power_on else memory.link_lost)
        patience = WATCHFUL if self._lost_link.matters else PATIENT
        self._talk = Talk(self._ledger, boot_token(boot_id), new_token, uniform, patience)
        self._records = Records(self._ledger, self._talk)
        self._outputs = {channel: Output() for channel in rules}
        self._levels = {channel: Output() for channel in inputs}
        self._acts: dict[str, Act] = {}
        self._retry: dict[str, int] = {}
        self._state_due: int | None = None
        self._write_due: int | None = None
        self._start_written = True
        self._refusals: list[int] = []

    @property
    def outputs(self) -> Mapping[str, Output]:
        """Every output as it stands."""
        return self._outputs

    @property
    def is_welcomed(self) -> bool:
        """Whether the link carries both ways: the server answered this session."""
        return self._talk.welcomed

    def time_ms(self, moment: Moment) -> int | None:
        """The time by the server's clock; None while that is not known, or nobody would hear what is told."""
        at_ms, trust = self._talk.clock.stamp(moment)
        return at_ms if self._talk.welcomed and trust is ClockTrust.SERVER else None

    @property
    def next_wake(self) -> int | None:
        """The next moment (monotonic ms) at which something is due; None: nothing is."""
        dues = [self._talk.next_wake, self._state_due, self._write_due, *self._retry.values()]
        dues += [output.lease_until for channel, output in self._outputs.items() if channel not in self._retry]
        dues += [self._lost_link.due(channel) for channel in self._rules]
        return min((due for due in dues if due is not None), default=None)

    def handle(self, what: Input, moment: Moment) -> list[Effect]:  # noqa: C901 (a table, one line a case)
        """What to do about this, now, in this order."""
        match what:
            case CommandCame():
                return self._command(what.command, moment)
            case Driven():
                return self._driven(what.channel, what.level, moment)
            case DriveLate():
                return self._drive_late(what.channel, moment)
            case Tick():
                return self._tick(moment)
            case InputRead():
                return self._input(what.channel, what.on, moment)
            case CommandRefused():
                return self._refused(what.reason, what.command, moment)
            case Unwritten():
                return self._unwritten(what.write, moment)
            case Welcomed():
                return self._welcomed(what, moment)
            case JournalBegun():
                return self._talk.begun(what, moment)
            case Spoilt():
                return self._talk.spoilt(what.until_seq)
            case RollCalled():
                self._talk.called(what.call, moment)
                return []
            case LinkUp():
                return self._link_up(what.session, moment)
            case LinkWentDown():
                return self._link_down(moment)
            case Opened():
                return self._opened(what.levels, moment)
            case _:  # pragma: no cover
                assert_never(what)

    # ---- starting

    def _opened(self, levels: Mapping[str, bool | None], moment: Moment) -> list[Effect]:
        records = self._records.event(EventKind.STARTED, moment, cause=Cause.BOOT if self._boot.power_on else Cause.RESTART)
        for channel in self._rules:
            was = self._memory.outputs.get(channel, Output(on=False))
            planned, level = self._boot.outputs[channel], levels.get(channel)
            at_ms = self._talk.clock.stamp(moment)[0]
            now = self._outputs[channel] = started(planned, was, level, self._boot.power_on, moment.mono, at_ms)
            if level is not planned.on:
                self._retry[channel] = moment.mono
            if now.on != was.on or channel in self._retry or (self._boot.power_on and now.on):
                records += self._records.switched(channel, now, moment)
        for channel in self._rules:
            if self._outputs[channel].on and any(self._outputs[other].on is not False for other in self._rivals(channel)):
                self._retry[channel] = moment.mono
        records += [self._interrupted(intent, levels.get(intent.channel), moment) for intent in self._memory.intents]
        answers = {intent.command: intent.exp_ms for intent in self._memory.intents}
        self._lost_link.lost(moment.mono)
        link_lost = LinkLost(self._lost_link.since if self._lost_link.matters else None)
        # of a channel that the wiring file no longer has nothing is known from now on, should it ever come back
        gone = {channel: Output() for channel in self._memory.outputs if channel not in self._rules}
        outputs = {**gone, **self._outputs}
        return self._written(tuple(records), outputs, answers, moment, boot_id=self._boot_id, link_lost=link_lost)

    def _interrupted(self, intent: Intent, level: bool | None, moment: Moment) -> Receipt:
        reason = Reason.INTERRUPTED
        return self._records.receipt(intent.command, intent.channel, Fate.REJECTED, moment, reason=reason, on=level)

    def _rivals(self, channel: str) -> list[str]:
        return [other.id for other in interlocked(self._rules[channel], self._rules.values())]

    # ---- commands

    def _command(self, command: Command, moment: Moment) -> list[Effect]:
        known = self._ledger.answered(command.jti)
        if known is not None:
            again: list[Effect] = [SendAgain(known.seq)] if known.seq is not None else []
            return again + self._refused(Reason.REPLAYED, command.jti, moment, command.channel)
        latest_ms = self._talk.clock.latest_ms(moment)
        if latest_ms is None:
            # no receipt: its time may be over, and the server may have been told that it never came
            return self._refused(Reason.CLOCK_UNKNOWN, command.jti, moment, command.channel)
        if not self._ledger.has_room(self._talk.clock.surely_ms(moment)):
            # no receipt: what cannot be remembered could get a second one
            return self._refused(Reason.BUSY, command.jti, moment, command.channel)
        refusal = self._refusal(command, latest_ms, moment)
        if refusal is not None:
            return self._reject(command, refusal, moment)
        self._acts[command.channel] = self._wish(command, moment)
        intent = Intent(command.jti, command.exp_ms, command.channel, command.on)
        return [Journal(self._ledger.write(intent=intent)), Drive(command.channel, command.on, self._not_after(command))]

    def _refusal(self, command: Command, latest_ms: int, moment: Moment) -> Refusal | None:
        rule = self._rules.get(command.channel)
        if command.exp_ms <= latest_ms:
            return Refusal(Reason.EXPIRED)
        if command.exp_ms > latest_ms + LONGEST_LIFE_MS:
            return Refusal(Reason.NOT_VALID)
        if rule is None:
            return Refusal(Reason.NOT_AN_OUTPUT if command.channel in self._inputs else Reason.UNKNOWN_CHANNEL)
        if rule.locked:
            return Refusal(Reason.LOCKED)
        return self._refusal_to_switch_on(command.channel, moment) if command.on else None

    def _refusal_to_switch_on(self, channel: str, moment: Moment) -> Refusal | None:
        """As the rules have it, where what is about to be driven on counts as on."""
        about_to = {other: Output(on=True) for other, act in self._acts.items() if act.on}
        return refusal_to_switch_on(channel, self._rules, {**self._outputs, **about_to}, moment.mono)

    def _wish(self, command: Command, moment: Moment) -> Act:
        output = self._outputs[command.channel]
        until, clamped = None, False
        if command.on:
            until, clamped = lease(self._rules[command.channel], command.for_s, moment.mono, output.on_since)
        return Act(command.on, Cause.COMMAND, command.actor, command, until, clamped)

    def _reject(self, command: Command, refusal: Refusal, moment: Moment) -> list[Effect]:
        fate = Fate.EXPIRED if refusal.reason is Reason.EXPIRED else Fate.REJECTED
        receipt = self._records.receipt(
            command.jti,
            command.channel,
            fate,
            moment,
            reason=None if fate is Fate.EXPIRED else refusal.reason,
            on=self._outputs[command.channel].on if command.channel in self._outputs else None,
            retry_after_ms=refusal.retry_after_ms,
        )
        return self._written((receipt,), {}, {command.jti: command.exp_ms}, moment)

    def _not_after(self, command: Command) -> int | None:
        offset = self._talk.clock.latest
        return None if offset is None else command.exp_ms - offset

    def _drive_late(self, channel: str, moment: Moment) -> list[Effect]:
        act = self._acts.pop(channel)
        return [] if act.command is None else self._reject(act.command, Refusal(Reason.EXPIRED), moment)

    # ---- pins

    def _driven(self, channel: str, level: bool | None, moment: Moment) -> list[Effect]:
        act, was = self._acts.pop(channel), self._outputs[channel]
        now = self._outputs[channel] = after(act, was, level, moment.mono, self._talk.clock.stamp(moment)[0])
        obeyed = level is act.on
        records: list[Record] = []
        if now.on != was.on or (not obeyed and was.cause is not Cause.FAULT):
            records += self._records.switched(channel, now, moment, act.command)
        elif now.lease_until != was.lease_until:
            records += self._records.switched(channel, now, moment, act.command, EventKind.LEASED)
        answers = {}
        if act.command is not None:
            records.append(self._answer(act, act.command, was, now, moment))
            answers = {act.command.jti: act.command.exp_ms}
        self._retry.pop(channel, None)
        if not obeyed:
            # whatever was wanted, a pin that does not obey is switched off until it does
            self._retry[channel] = moment.mono + (AT_ONCE_MS if act.on else TRY_AGAIN_MS)
        return [] if now == was and not records else self._written(tuple(records), {channel: now}, answers, moment)

    def _answer(self, act: Act, command: Command, was: Output, now: Output, moment: Moment) -> Receipt:
        obeyed = now.on is act.on
        return self._records.receipt(
            command.jti,
            command.channel,
            Fate.APPLIED if obeyed else Fate.REJECTED,
            moment,
            reason=None if obeyed else Reason.PIN_FAULT,
            on=now.on,
            changed=now.on is not was.on,
            clamped=act.clamped,
            lease_until_ms=self._talk.clock.wall_of(now.lease_until, moment),
        )

    def _drive(self, channel: str, on: bool, cause: Cause, moment: Moment) -> list[Effect]:
        """A drive of the agent's own. It is driven before it is written down: no full disk may keep a pump on."""
        until = lease(self._rules[channel], None, moment.mono)[0] if on else None
        self._acts[channel] = Act(on, cause, lease_until=until)
        return [Drive(channel, on)]

    # ---- inputs

    def _input(self, channel: str, on: bool, moment: Moment) -> list[Effect]:
        rule, was = self._inputs[channel], self._levels[channel].on
        if was is on:
            return []
        self._levels[channel] = Output(on, self._talk.clock.stamp(moment)[0], cause=Cause.INPUT)
        self._tell_state_soon(moment)
        if rule.kind is ChannelKind.BUTTON:
            # a button that is found pressed at the start was not pressed now
            return self._pressed(rule, moment) if was is False else []
        return self._written(tuple(self._records.switched(channel, self._levels[channel], moment)), {}, {}, moment)

    def _pressed(self, rule: InputRule, moment: Moment) -> list[Effect]:
        """Off whatever happens; on under the rules of a command, but for writing it down before: who presses it sees what it does."""
        channel = rule.switches
        if channel is None:
            return []
        if self._outputs[channel].on is not False:
            return self._drive(channel, False, Cause.BUTTON, moment)
        locked = self._rules[channel].locked
        refusal = Refusal(Reason.LOCKED) if locked else self._refusal_to_switch_on(channel, moment)
        if refusal is not None:
            return self._refused(refusal.reason, None, moment, channel)
        return self._drive(channel, True, Cause.BUTTON, moment)

    # ---- time

    def _tick(self, moment: Moment) -> list[Effect]:
        drives: list[Effect] = []
        for channel, output in self._outputs.items():
            drives += self._lease_end(channel, output, moment)
            drives += self._loss_end(channel, output, moment)
        return [
            *drives,
            *self._talk.tick(moment),
            *self._state_due_end(bool(drives), moment),
            *self._write_again(bool(drives), moment),
        ]

    def _lease_end(self, channel: str, output: Output, moment: Moment) -> list[Effect]:
        """Off when the lease is over, and off again each second for as long as the pin does not obey."""
        retry = self._retry.get(channel)
        if retry is not None:
            return self._drive(channel, False, Cause.FAULT, moment) if moment.mono >= retry else []
        if output.lease_until is None or moment.mono < output.lease_until:
            return []
        return self._drive(channel, False, Cause.LEASE, moment)

    def _loss_end(self, channel: str, output: Output, moment: Moment) -> list[Effect]:
        """What a lost link wants, once; later, while it may not be or the pin is otherwise busy."""
        due = self._lost_link.due(channel)
        if due is None or moment.mono < due:
            return []
        if channel in self._acts or channel in self._retry:
            self._lost_link.postpone(channel, moment.mono + TRY_AGAIN_MS)
            return []
        wanted = self._lost_link.wants_on(channel)
        refusal = self._refusal_to_switch_on(channel, moment) if wanted else None
        if refusal is not None:
            self._lost_link.postpone(channel, moment.mono + (refusal.retry_after_ms or TRY_AGAIN_MS))
            return []
        self._lost_link.done(channel)
        return [] if output.on is wanted else self._drive(channel, wanted, Cause.LINK_LOSS, moment)

    def _state_due_end(self, drives: bool, moment: Moment) -> list[Effect]:
        if self._state_due is None or moment.mono < self._state_due:
            return []
        # what is driven now changes the state that would be told
        self._state_due = moment.mono + STATE_SETTLES_MS if drives else None
        return [] if drives else self._state(moment)

    def _write_again(self, drives: bool, moment: Moment) -> list[Effect]:
        if self._write_due is None or moment.mono < self._write_due:
            return []
        if drives:
            # what is driven now has records of its own, and would be written before what was held back: numbers must not overtake
            self._write_due = moment.mono + AT_ONCE_MS
            return []
        return self._written((), {}, {}, moment)

    # ---- the link

    def _link_up(self, session: str, moment: Moment) -> list[Effect]:
        return [Publish(Presence(session=session, online=True)), Publish(self._about), *self._talk.up(session, moment)]

    def _link_down(self, moment: Moment) -> list[Effect]:
        self._talk.down()
        return self._remember_link(moment) if self._lost_link.lost(moment.mono) else []

    def _welcomed(self, what: Welcomed, moment: Moment) -> list[Effect]:
        effects, answered = self._talk.hear(what.welcome, moment)
        if not answered:
            return effects
        effects += self._state(moment)
        return effects + self._remember_link(moment) if self._lost_link.back() else effects

    def _remember_link(self, moment: Moment) -> list[Effect]:
        """Written only where a lost link has a consequence: a card should not wear out from a bad one."""
        if not self._lost_link.matters:
            return []
        return self._written((), {}, {}, moment, link_lost=LinkLost(self._lost_link.since))

    # ---- what is written and said

    def _refused(self, reason: Reason, command: str | None, moment: Moment, channel: str | None = None) -> list[Effect]:
        """Write down what was turned away; not more often than a card and a link can bear."""
        self._refusals = [at for at in self._refusals if moment.mono - at < MINUTE_MS]
        if len(self._refusals) >= REFUSALS_A_MINUTE:
            return []
        self._refusals.append(moment.mono)
        known = channel if channel in self._rules or channel in self._inputs else None
        return self._written(tuple(self._records.refused(reason, command, moment, known)), {}, {}, moment)

    def _unwritten(self, write: Write, moment: Moment) -> list[Effect]:
        """Answers are still given, unnumbered; off is still obeyed; no command switches on what could not be written down."""
        fresh = self._ledger.failed(write)
        self._write_due = moment.mono + TRY_AGAIN_MS
        if write.boot_id is not None and self._start_written:
            self._start_unwritten(moment)
        effects: list[Effect] = [Publish(told.model_copy(update={"seq": None})) for told in fresh if isinstance(told, Receipt)]
        act = None if write.intent is None else self._acts[write.intent.channel]
        if write.intent is None or act is None or act.command is None:
            return effects
        if not act.on:
            return [*effects, Drive(write.intent.channel, False, self._not_after(act.command))]
        del self._acts[write.intent.channel]
        return effects + self._reject(act.command, Refusal(Reason.STORAGE), moment)

    def _start_unwritten(self, moment: Moment) -> None:
        """A journal that cannot be written to may not have been told what was switched off: nothing goes on on its word."""
        self._start_written = False
        for channel, output in self._outputs.items():
            if output.on is not False:
                self._retry[channel] = moment.mono

    def _written(
        self,
        records: tuple[Record, ...],
        outputs: Mapping[str, Output],
        answers: Mapping[str, int],
        moment: Moment,
        *,
        boot_id: str | None = None,
        link_lost: LinkLost | None = None,
    ) -> list[Effect]:
        """One write of all this, and what is due because of it. A receipt without a number is only told."""
        if outputs:
            self._tell_state_soon(moment)
        self._talk.recorded(moment)
        self._write_due = None
        kept = tuple(record for record in records if record.seq is not None)
        only_told: list[Effect] = [Publish(record) for record in records if record.seq is None]
        write = self._ledger.write(records=kept, outputs=dict(outputs), answers=answers, boot_id=boot_id, link_lost=link_lost)
        return [*only_told, Journal(write)]

    def _tell_state_soon(self, moment: Moment) -> None:
        if self._state_due is None and self._talk.session is not None:
            self._state_due = moment.mono + STATE_SETTLES_MS

    def _state(self, moment: Moment) -> list[Effect]:
        session = self._talk.session
        return [] if session is None else [Publish(self._records.state(session, {**self._outputs, **self._levels}, moment))]
