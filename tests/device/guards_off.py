"""How each guard of the core is switched off, in a test alone."""

from dataclasses import replace

import device.boot
import device.core
import device.ledger
import device.talk
from device.clock import LearntClock
from device.core import Core
from device.ledger import Ledger
from device.link_loss import LostLink
from device.rules import Output, Refusal
from device.talk import Talk
from device.words import Drive, Journal
from protocol.messages import Reason, Receipt


def no_ids(patch):
    patch.setattr(Ledger, "answered", lambda _self, _command: None)


def ids_in_memory_only(patch):
    write = Ledger.write
    patch.setattr(Ledger, "write", lambda self, **what: replace(write(self, **what), answered={}))


def no_expiry(patch):
    latest_ms = LearntClock.latest_ms
    patch.setattr(LearntClock, "latest_ms", lambda self, moment: (latest_ms(self, moment) or 0) - 7_200_000)
    patch.setattr(Core, "_not_after", lambda _self, _command: None)


def no_not_after(patch):
    patch.setattr(Core, "_not_after", lambda _self, _command: None)


def any_welcome(patch):
    hear = Talk.hear

    def believe(self, welcome, moment):
        self._said[welcome.hello] = moment.mono
        return hear(self, welcome.model_copy(update={"session": self.session, "journal": self._ledger.journal}), moment)

    patch.setattr(Talk, "hear", believe)


def the_systems_clock(patch):
    patch.setattr(LearntClock, "latest_ms", lambda _self, moment: moment.system_ms)


def pin_before_journal(patch):
    command = Core._command

    def reversed_(self, what, moment):
        effects = command(self, what, moment)
        return effects[::-1] if any(isinstance(effect, Drive) for effect in effects) else effects

    patch.setattr(Core, "_command", reversed_)


def no_journal(patch):
    command = Core._command
    patch.setattr(
        Core,
        "_command",
        lambda self, what, moment: [
            effect for effect in command(self, what, moment) if not (isinstance(effect, Journal) and effect.write.intent)
        ],
    )


def on_without_a_card(patch):
    unwritten = Core._unwritten

    def bold(self, write, moment):
        if write.intent is None:
            return unwritten(self, write, moment)
        self._ledger.failed(write)
        return [Drive(write.intent.channel, write.intent.on)]

    patch.setattr(Core, "_unwritten", bold)


def no_lease_end(patch):
    patch.setattr(Core, "_lease_end", lambda *_: [])
    patch.setattr(Core, "next_wake", None)


def no_longest(patch):
    patch.setattr(
        device.core, "lease", lambda _rule, for_s, now, _since=None: (None if for_s is None else now + for_s * 1000, False)
    )


def longest_from_each_command(patch):
    lease = device.core.lease
    patch.setattr(device.core, "lease", lambda rule, for_s, now, _since=None: lease(rule, for_s, now))


def no_interlock(patch):
    patch.setattr(device.core, "refusal_to_switch_on", lambda *_: None)


def nothing_under_way(patch):
    refusal = device.core.refusal_to_switch_on
    patch.setattr(
        Core, "_refusal_to_switch_on", lambda self, channel, moment: refusal(channel, self._rules, self._outputs, moment.mono)
    )


def belief_without_reading(patch):
    after = device.core.after
    patch.setattr(device.core, "after", lambda act, was, _level, now, at_ms: after(act, was, act.on, now, at_ms))


def no_second_try(patch):
    driven = Core._driven

    def once(self, channel, level, moment):
        effects = driven(self, channel, level, moment)
        self._retry.clear()
        self._outputs[channel] = replace(self._outputs[channel], lease_until=None)
        return effects

    patch.setattr(Core, "_driven", once)


def no_link_loss(patch):
    patch.setattr(LostLink, "due", lambda _self, _channel: None)


def a_link_that_is_lost_anew(patch):
    init = LostLink.__init__
    patch.setattr(LostLink, "__init__", lambda self, rules, _since: init(self, rules, None))


def everything_goes_on(patch):
    patch.setattr(device.boot, "_resume", lambda _rule, was, *_: device.boot.BootOutput(bool(was.on), device.boot.Cause.RESTART))


def forgotten_intents(patch):
    opened = Core._opened

    def forgetful(self, levels, moment):
        self._memory = replace(self._memory, intents=())
        return opened(self, levels, moment)

    patch.setattr(Core, "_opened", forgetful)


def a_fault_is_a_wish(patch):
    resume = device.boot._resume
    patch.setattr(device.boot, "_resume", lambda rule, was, *how: resume(rule, replace(was, cause=None), *how))


def no_interlock_at_start(patch):
    patch.setattr(device.boot, "_unless_interlocked", lambda _rules, wishes, channel: wishes[channel])


def every_level_is_a_press(patch):
    input_ = Core._input

    def eager(self, channel, on, moment):
        self._levels[channel] = Output(on=not on)
        return (
            input_(self, channel, on, moment)
            if channel != "button"
            else self._drive("pump", True, device.core.Cause.INPUT, moment)
        )

    patch.setattr(Core, "_input", eager)


def a_failed_write_is_lost(patch):
    patch.setattr(Ledger, "failed", lambda _self, write: write.records)


def numbers_come_twice(patch):
    failed = Ledger.failed

    def back(self, write):
        fresh = failed(self, write)
        self.last_seq -= len(fresh)
        self._unwritten = None
        return fresh

    patch.setattr(Ledger, "failed", back)


def answers_without_a_clock(patch):
    judge = Core._command

    def answer(self, command, moment):
        if self._talk.clock.latest is None and self._ledger.answered(command.jti) is None:
            return self._reject(command, Refusal(Reason.CLOCK_UNKNOWN), moment)
        return judge(self, command, moment)

    patch.setattr(Core, "_command", answer)


def the_latest_is_sure(patch):
    patch.setattr(LearntClock, "surely_ms", LearntClock.latest_ms)


def a_card_is_believed(patch):
    patch.setattr(Ledger, "lost_after", lambda _self, _have_seq: None)


def a_clock_that_nobody_sets(patch):
    learn = LearntClock.learn
    patch.setattr(
        LearntClock, "learn", lambda self, server_ms, _name, said, received: learn(self, server_ms, "c" * 16, said, received)
    )


def silence_after_the_welcome(patch):
    patch.setattr(Talk, "recorded", lambda *_: None)


def two_receipts(patch):
    answer = Core._answer
    driven = Core._driven

    def twice(self, channel, level, moment):
        act = self._acts[channel]
        effects = driven(self, channel, level, moment)
        if act.command is None:
            return effects
        output = self._outputs[channel]
        more = answer(self, act, act.command, output, output, moment)
        return [*effects, Journal(self._ledger.write(records=(more,)))]

    patch.setattr(Core, "_driven", twice)


def no_receipt(patch):
    driven = Core._driven

    def mute(self, channel, level, moment):
        effects = driven(self, channel, level, moment)
        kept = [record for record in effects[-1].write.records if not isinstance(record, Receipt)]
        for number, record in enumerate(kept):
            kept[number] = record.model_copy(update={"seq": effects[-1].write.records[0].seq + number})
        self._ledger.last_seq = kept[-1].seq
        return [Journal(replace(effects[-1].write, records=tuple(kept)))]

    patch.setattr(Core, "_driven", mute)
