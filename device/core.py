"""The agent's heart: inputs and a moment in, effects out. It does nothing, knows no clock, no pin, no disk and no network.

What it promises, whatever comes and in whatever order:
- a command moves a pin at most once, never after its time, never without being written down before;
- "applied" is said only of what the pin read back;
- a lease ends, an interlock holds and a lost link has its consequence with no server to say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from device.boot import BootPlan
from device.clock import Moment
from device.ledger import Ledger
from device.memory import Intent, LinkLost, Memory, Write
from device.rules import InputRule, LinkLoss, Output, OutputRule, Refusal, lease, refusal_to_switch_on
from device.talk import Talk
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
    LinkUp,
    LinkWentDown,
    Opened,
    Publish,
    SendAgain,
    Tick,
    Unwritten,
    Welcomed,
)
from protocol.messages import (
    About,
    Cause,
    ChannelKind,
    ChannelState,
    Command,
    Event,
    EventKind,
    Fate,
    Presence,
    Reason,
    Receipt,
    State,
)

STATE_SETTLES_MS: Final = 100
TRY_AGAIN_MS: Final = 1_000
REFUSALS_A_MINUTE: Final = 20
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Act:
    """A drive under way: why, for whom, and the lease that begins when the pin has moved."""

    on: bool
    cause: Cause
    actor: str | None = None
    command: Command | None = None
    lease_until: int | None = None
    clamped: bool = False


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
        self._talk = Talk(self._ledger, new_token, uniform)
        self._outputs = {channel: Output() for channel in rules}
        self._levels: dict[str, Output] = {channel: Output() for channel in inputs}
        self._acts: dict[str, Act] = {}
        self._retry: dict[str, int] = {}
        self._state_due: int | None = None
        self._write_due: int | None = None
        self._link_lost: int | None = memory.link_lost if not boot.power_on else None
        self._loss_done: set[str] = set()
        self._refusals: list[int] = []

    @property
    def outputs(self) -> Mapping[str, Output]:
        """Every output as it stands."""
        return self._outputs

    @property
    def is_welcomed(self) -> bool:
        """Whether the link carries both ways: the server answered this session."""
        return self._talk.welcomed

    @property
    def next_wake(self) -> int | None:
        """The next moment (monotonic ms) at which something is due; None: nothing is."""
        dues = [self._talk.next_wake, self._state_due, self._write_due, *self._retry.values()]
        dues += [output.lease_until for channel, output in self._outputs.items() if channel not in self._retry]
        dues += [self._loss_due(channel) for channel in self._rules]
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
            case LinkUp():
                return self._link_up(what.session, moment)
            case LinkWentDown():
                return self._link_down(moment)
            case Opened():
                return self._opened(what.levels, moment)

    # ---- starting

    def _opened(self, levels: Mapping[str, bool | None], moment: Moment) -> list[Effect]:
        cause = Cause.BOOT if self._boot.power_on else Cause.RESTART
        records: list[Event | Receipt] = [self._event(EventKind.STARTED, moment, cause=cause)]
        for channel in self._rules:
            was = self._memory.outputs.get(channel, Output(on=False))
            now = self._outputs[channel] = self._started(channel, was, levels.get(channel), moment)
            if now.on != was.on:
                records.append(self._switched(channel, now, moment))
        records += [self._interrupted(intent, levels.get(intent.channel), moment) for intent in self._memory.intents]
        if self._link_lost is None:
            self._link_lost = moment.mono
        answers = {intent.command: intent.exp_ms for intent in self._memory.intents}
        return self._written(tuple(records), self._outputs, answers, moment, boot_id=self._boot_id)

    def _started(self, channel: str, was: Output, level: bool | None, moment: Moment) -> Output:
        planned = self._boot.outputs[channel]
        if level != planned.on:
            self._retry[channel] = moment.mono
        until = planned.lease_until if level else None
        if level is not None and level == was.on:
            # monotonic times of an earlier run of the machine mean nothing: count its rest from now
            return replace(was, lease_until=until, off_since=moment.mono if self._boot.power_on else was.off_since)
        at_ms, _trust = self._talk.clock.stamp(moment)
        return Output(level, at_ms, until, moment.mono, planned.cause if level == planned.on else Cause.FAULT)

    def _interrupted(self, intent: Intent, level: bool | None, moment: Moment) -> Receipt:
        return self._receipt(intent.command, intent.channel, Fate.REJECTED, moment, reason=Reason.INTERRUPTED, on=level)

    # ---- commands

    def _command(self, command: Command, moment: Moment) -> list[Effect]:
        known = self._ledger.answered(command.jti)
        if known is not None:
            again: list[Effect] = [SendAgain(known.seq)] if known.seq is not None else []
            return again + self._refused(Reason.REPLAYED, command.jti, moment, command.channel)
        refusal = self._refusal(command, moment)
        if refusal is not None:
            return self._reject(command, refusal, moment)
        until, clamped = lease(self._rules[command.channel], command.for_s, moment.mono) if command.on else (None, False)
        self._acts[command.channel] = Act(command.on, Cause.COMMAND, command.actor, command, until, clamped)
        intent = Intent(command.jti, command.exp_ms, command.channel, command.on)
        write = self._ledger.write(intent=intent, latest_ms=self._talk.clock.latest_ms(moment))
        return [Journal(write), Drive(command.channel, command.on, self._not_after(command))]

    def _refusal(self, command: Command, moment: Moment) -> Refusal | None:
        latest_ms = self._talk.clock.latest_ms(moment)
        rule = self._rules.get(command.channel)
        if latest_ms is None:
            return Refusal(Reason.CLOCK_UNKNOWN)
        if command.exp_ms <= latest_ms:
            return Refusal(Reason.EXPIRED)
        if rule is None:
            return Refusal(Reason.NOT_AN_OUTPUT if command.channel in self._inputs else Reason.UNKNOWN_CHANNEL)
        if rule.locked:
            return Refusal(Reason.LOCKED)
        if self._ledger.is_full:
            return Refusal(Reason.BUSY)
        return refusal_to_switch_on(command.channel, self._rules, self._outputs, moment.mono) if command.on else None

    def _reject(self, command: Command, refusal: Refusal, moment: Moment) -> list[Effect]:
        fate = Fate.EXPIRED if refusal.reason is Reason.EXPIRED else Fate.REJECTED
        receipt = self._receipt(
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
        if act.command is None:
            return []
        return self._reject(act.command, Refusal(Reason.EXPIRED), moment)

    # ---- pins

    def _driven(self, channel: str, level: bool | None, moment: Moment) -> list[Effect]:
        act = self._acts.pop(channel)
        was = self._outputs[channel]
        now = self._outputs[channel] = self._after(act, was, level, moment)
        records: list[Event | Receipt] = []
        if now.on != was.on:
            records.append(self._switched(channel, now, moment, act.command))
        elif level is not None and level == act.on and now.lease_until != was.lease_until:
            records.append(self._switched(channel, now, moment, act.command, EventKind.LEASED))
        answers = {}
        if act.command is not None:
            records.append(self._answer(act, act.command, was, now, moment))
            answers = {act.command.jti: act.command.exp_ms}
        self._retry.pop(channel, None)
        if level != act.on:
            # whatever was wanted, a pin that does not obey is switched off until it does
            self._retry[channel] = moment.mono + (0 if act.on else TRY_AGAIN_MS)
        if now == was and not records:
            return []
        return self._written(tuple(records), {channel: now}, answers, moment)

    def _after(self, act: Act, was: Output, level: bool | None, moment: Moment) -> Output:
        at_ms, _trust = self._talk.clock.stamp(moment)
        since_ms = at_ms if level != was.on else was.since_ms
        if level is None or level != act.on:
            # the pin did not obey: keep whatever lease there was, so that switching off is tried again and again
            return replace(was, on=level, since_ms=since_ms, cause=Cause.FAULT, actor=None)
        if level:
            return Output(True, since_ms, act.lease_until, was.off_since, act.cause, act.actor)
        if was.on is False:
            return was
        return Output(False, since_ms, None, moment.mono, act.cause, act.actor)

    def _answer(self, act: Act, command: Command, was: Output, now: Output, moment: Moment) -> Receipt:
        obeyed = now.on is not None and now.on == act.on
        return self._receipt(
            command.jti,
            command.channel,
            Fate.APPLIED if obeyed else Fate.REJECTED,
            moment,
            reason=None if obeyed else Reason.PIN_FAULT,
            on=now.on,
            changed=now.on != was.on,
            clamped=act.clamped,
            lease_until_ms=self._talk.clock.wall_of(now.lease_until, moment),
        )

    def _drive(self, channel: str, on: bool, cause: Cause, moment: Moment) -> list[Effect]:
        """A drive of the agent's own. Off is driven before it is written down: no full disk may keep a pump on."""
        until = lease(self._rules[channel], None, moment.mono)[0] if on else None
        self._acts[channel] = Act(on, cause, lease_until=until)
        return [Drive(channel, on)]

    # ---- inputs

    def _input(self, channel: str, on: bool, moment: Moment) -> list[Effect]:
        rule, was = self._inputs[channel], self._levels[channel].on
        if was is on:
            return []
        at_ms, _trust = self._talk.clock.stamp(moment)
        self._levels[channel] = Output(on, at_ms, cause=Cause.INPUT)
        if rule.kind is ChannelKind.BUTTON:
            # a button that is found pressed at the start was not pressed now
            return self._pressed(rule, moment) if on and was is False else []
        return self._written((self._switched(channel, self._levels[channel], moment),), {}, {}, moment)

    def _pressed(self, rule: InputRule, moment: Moment) -> list[Effect]:
        channel = rule.switches
        if channel is None:
            return []
        if self._outputs[channel].on:
            return self._drive(channel, False, Cause.BUTTON, moment)
        refusal = refusal_to_switch_on(channel, self._rules, self._outputs, moment.mono)
        if refusal is not None:
            return self._refused(refusal.reason, None, moment, channel)
        return self._drive(channel, True, Cause.BUTTON, moment)

    # ---- time

    def _tick(self, moment: Moment) -> list[Effect]:
        effects: list[Effect] = []
        for channel, output in self._outputs.items():
            effects += self._lease_end(channel, output, moment) or self._loss_end(channel, output, moment)
        effects += self._talk.tick(moment)
        if self._state_due is not None and moment.mono >= self._state_due:
            self._state_due = None
            effects += self._state(moment)
        if self._write_due is not None and moment.mono >= self._write_due:
            effects += self._written((), {}, {}, moment)
        return effects

    def _lease_end(self, channel: str, output: Output, moment: Moment) -> list[Effect]:
        """Off when the lease is over, and off again each second for as long as the pin does not obey."""
        retry = self._retry.get(channel)
        if retry is not None:
            return self._drive(channel, False, Cause.FAULT, moment) if moment.mono >= retry else []
        if output.on is False or output.lease_until is None or moment.mono < output.lease_until:
            return []
        return self._drive(channel, False, Cause.LEASE, moment)

    def _loss_due(self, channel: str) -> int | None:
        rule = self._rules[channel]
        if self._link_lost is None or rule.link_loss is LinkLoss.KEEP or channel in self._loss_done:
            return None
        return self._link_lost + rule.link_loss_after_ms

    def _loss_end(self, channel: str, output: Output, moment: Moment) -> list[Effect]:
        due = self._loss_due(channel)
        if due is None or moment.mono < due:
            return []
        self._loss_done.add(channel)
        wanted = self._rules[channel].link_loss is LinkLoss.ON
        if output.on is wanted:
            return []
        if wanted and refusal_to_switch_on(channel, self._rules, self._outputs, moment.mono) is not None:
            return []
        return self._drive(channel, wanted, Cause.LINK_LOSS, moment)

    # ---- the link

    def _link_up(self, session: str, moment: Moment) -> list[Effect]:
        return [Publish(Presence(session=session, online=True)), Publish(self._about), *self._talk.up(session, moment)]

    def _link_down(self, moment: Moment) -> list[Effect]:
        self._talk.down()
        self._state_due = None
        if self._link_lost is not None:
            return []
        self._link_lost = moment.mono
        return self._remember_link(moment)

    def _welcomed(self, what: Welcomed, moment: Moment) -> list[Effect]:
        effects, answered = self._talk.hear(what.welcome, moment)
        if not answered:
            return effects
        effects += self._state(moment)
        if self._link_lost is not None:
            self._link_lost = None
            self._loss_done.clear()
            effects += self._remember_link(moment)
        return effects

    def _remember_link(self, moment: Moment) -> list[Effect]:
        """Written only where a lost link has a consequence: a card should not wear out from a bad one."""
        if all(rule.link_loss is LinkLoss.KEEP for rule in self._rules.values()):
            return []
        return self._written((), {}, {}, moment, link_lost=LinkLost(self._link_lost))

    # ---- what is written and said

    def _refused(self, reason: Reason, command: str | None, moment: Moment, channel: str | None = None) -> list[Effect]:
        """Write down what was turned away; not more often than a card and a link can bear."""
        self._refusals = [at for at in self._refusals if moment.mono - at < MINUTE_MS]
        if len(self._refusals) >= REFUSALS_A_MINUTE:
            return []
        self._refusals.append(moment.mono)
        known = channel if channel in self._rules or channel in self._inputs else None
        return self._written(
            (self._event(EventKind.REFUSED, moment, channel=known, command=command, reason=reason),), {}, {}, moment
        )

    def _unwritten(self, write: Write, moment: Moment) -> list[Effect]:
        """Answers are still given, unnumbered; off is still obeyed; nothing is switched on that could not be written down."""
        fresh = self._ledger.failed(write)
        self._write_due = moment.mono + TRY_AGAIN_MS
        effects: list[Effect] = [Publish(told.model_copy(update={"seq": None})) for told in fresh if isinstance(told, Receipt)]
        if write.intent is None:
            return effects
        act = self._acts[write.intent.channel]
        if act.command is None:  # pragma: no cover (only commands have an intent)
            raise AssertionError("an intent without a command")
        if not act.on:
            return [*effects, Drive(write.intent.channel, False, self._not_after(act.command))]
        del self._acts[write.intent.channel]
        return effects + self._reject(act.command, Refusal(Reason.STORAGE), moment)

    def _written(
        self,
        records: tuple[Event | Receipt, ...],
        outputs: Mapping[str, Output],
        answers: Mapping[str, int],
        moment: Moment,
        *,
        boot_id: str | None = None,
        link_lost: LinkLost | None = None,
    ) -> list[Effect]:
        if outputs and self._state_due is None and self._talk.session is not None:
            self._state_due = moment.mono + STATE_SETTLES_MS
        self._talk.recorded(moment)
        self._write_due = None
        write = self._ledger.write(
            records=records,
            outputs=dict(outputs),
            answers=answers,
            boot_id=boot_id,
            link_lost=link_lost,
            latest_ms=self._talk.clock.latest_ms(moment),
        )
        return [Journal(write)]

    def _state(self, moment: Moment) -> list[Effect]:
        if self._talk.session is None:
            return []
        at_ms, trust = self._talk.clock.stamp(moment)
        everything = {**self._outputs, **self._levels}
        channels = {channel: self._channel_state(output, moment) for channel, output in everything.items()}
        return [
            Publish(
                State(
                    session=self._talk.session,
                    journal=self._ledger.journal,
                    seq=self._ledger.last_seq,
                    at_ms=max(at_ms, 0),
                    clock=trust,
                    channels=channels,
                )
            )
        ]

    def _channel_state(self, output: Output, moment: Moment) -> ChannelState:
        return ChannelState(
            on=output.on,
            since_ms=output.since_ms or None,
            lease_until_ms=self._talk.clock.wall_of(output.lease_until, moment),
            cause=output.cause,
            actor=output.actor,
        )

    def _event(self, kind: EventKind, moment: Moment, **fields: object) -> Event:
        at_ms, trust = self._talk.clock.stamp(moment)
        seq = self._ledger.next_seq()
        return Event.model_validate(
            {"journal": self._ledger.journal, "seq": seq, "at_ms": at_ms, "clock": trust, "kind": kind, **fields}
        )

    def _switched(
        self,
        channel: str,
        now: Output,
        moment: Moment,
        command: Command | None = None,
        kind: EventKind = EventKind.SWITCHED,
    ) -> Event:
        return self._event(
            kind,
            moment,
            channel=channel,
            on=now.on,
            cause=now.cause,
            actor=now.actor,
            command=command.jti if command else None,
            lease_until_ms=self._talk.clock.wall_of(now.lease_until, moment),
        )

    def _receipt(self, command: str, channel: str, fate: Fate, moment: Moment, **fields: object) -> Receipt:
        at_ms, trust = self._talk.clock.stamp(moment)
        told = {"command": command, "channel": channel, "fate": fate, "at_ms": at_ms, "clock": trust}
        return Receipt.model_validate({"journal": self._ledger.journal, "seq": self._ledger.next_seq(), **told, **fields})
