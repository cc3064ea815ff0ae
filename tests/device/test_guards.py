"""Each guard of the core, switched off on purpose in the test alone: the checker must notice. Where it could not, it proved nothing.

Every scenario is first played with all guards on, and then must be found without a fault.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

import device.boot
import device.core
import device.ledger
import device.talk
from device.clock import LearntClock
from device.core import Core
from device.ledger import Ledger
from device.link_loss import LostLink
from device.rules import LinkLoss, Output, OutputRule, Refusal
from device.talk import Talk
from device.words import Drive, Journal
from protocol.messages import Call, Reason, Receipt
from tests.device.checker import Checker, Violation
from tests.device.histories import BUTTON, FAN, LAMP, OPEN, PUMP, SHUT, VALVE, online
from tests.device.parts import CardFault, PinFault, TwoStories, failing
from tests.device.world import World, wires

COOLER = OutputRule("cooler", min_off_ms=180_000)


@dataclass(frozen=True)
class Guard:
    """A guard: how to switch it off, and a day on which it is needed. `found`: what the checker says then."""

    off: Callable[[pytest.MonkeyPatch], None]
    day: Callable[[], World]
    found: str


def healed(world: World) -> World:
    """All works again, and there was time to tell everything."""
    world.deaf = world.welcomes_held = world.answers_held = False
    world.journal_takes_ms, world.dies_after, world.card.fault = 0, None, None
    for channel, pin in world.pins.items():
        if pin.fault is not None:
            world.mend(channel)
    if not world.alive:
        world.start()
    world.link_up()
    world.advance(61_000)
    return world


# ---- the days


def a_replay() -> World:
    world = online(LAMP)
    first = world.switch("lamp", True)
    world.switch("lamp", False)
    world.hear(first)
    return world


def a_replay_after_a_crash() -> World:
    world = online(LAMP)
    first = world.switch("lamp", True)
    world.restart()
    world.link_up()
    world.switch("lamp", False)
    world.hear(first)
    return world


def a_late_command() -> World:
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=100)
    world.advance(3_600_000)
    world.hear(late)
    return world


def a_command_that_is_late_once_written() -> World:
    world = online(LAMP)
    world.journal_takes_ms = 200
    world.switch("lamp", True, lives_ms=100)
    return world


def a_welcome_from_elsewhere() -> World:
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=100)
    world.advance(3_600_000)
    hello = world.server.hellos[-1].model_copy(update={"session": "f" * 16})
    world.deliver(world.server.welcome(hello, world.true_ms - 3_600_000))
    world.hear(late)
    return world


def a_command_before_any_welcome() -> World:
    world = World(wires(LAMP))
    world.link_down()
    world.switch("lamp", True)
    return world


def a_plain_command() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    return world


def a_full_card() -> World:
    world = online(LAMP)
    with failing(world.card):
        world.switch("lamp", True)
    return world


def a_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=10)
    world.advance(20_000)
    return world


def a_long_wish() -> World:
    world = online(PUMP)
    world.switch("pump", True, for_s=3_600)
    world.advance(1_000_000)
    return world


def asked_again_and_again() -> World:
    world = online(PUMP)
    for _ in range(4):
        world.switch("pump", True)
        world.advance(300_000)
    return world


def both_ways_at_once() -> World:
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("shut", True)
    return world


def there_and_back() -> World:
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("open", False)
    world.switch("shut", True)
    return world


def two_that_a_lost_link_wants_on() -> World:
    world = online(*[OutputRule(channel, interlock="x", link_loss=LinkLoss.ON) for channel in "ab"])
    world.link_down()
    world.advance(100_000)
    return world


def a_short_rest() -> World:
    world = online(COOLER)
    world.advance(180_000)
    world.switch("cooler", True)
    world.switch("cooler", False)
    world.switch("cooler", True)
    return world


def a_pin_that_does_not_go_on() -> World:
    world = online(LAMP)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", True)
    return world


def a_pin_that_sticks_past_its_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=5)
    world.pins["lamp"].fault = PinFault.STUCK
    world.advance(10_000)
    world.mend("lamp")
    world.advance(5_000)
    return world


def a_lost_link() -> World:
    world = online(VALVE, FAN)
    world.switch("valve", True)
    world.link_down()
    world.advance(100_000)
    return world


def a_lost_link_and_a_restart() -> World:
    world = online(VALVE)
    world.switch("valve", True)
    world.link_down()
    world.advance(50_000)
    world.restart()
    world.advance(20_000)
    return world


def a_crash_in_the_middle_of_a_command() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    world.dies_after = 2
    world.switch("lamp", True, for_s=5)
    world.restart()
    return world


def a_power_cut() -> World:
    world = online(PUMP)
    world.switch("pump", True)
    world.reboot()
    return world


def a_restart_past_the_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=10)
    world.restart(after_ms=20_000)
    return world


def a_restart_with_a_stuck_pin() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", False)
    world.restart()
    return world


def a_new_wiring_file_with_an_interlock() -> World:
    world = online(OutputRule("a"), OutputRule("b"))
    world.switch("a", True)
    world.switch("b", True)
    world.restart(wires(OutputRule("a", interlock="x"), OutputRule("b", interlock="x")))
    return world


def a_button_found_pressed() -> World:
    world = World(wires(PUMP, BUTTON))
    world.press("button", True)
    return world


def a_full_card_and_then_a_good_one() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card):
        world.switch("lamp", False)
    world.switch("lamp", True)
    return world


def a_card_that_denies_what_it_wrote() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card, CardFault.UNSURE):
        world.switch("lamp", False)
    world.switch("lamp", True)
    return world


def a_deaf_link() -> World:
    world = online(LAMP)
    world.advance(61_000)
    world.deaf = True
    world.switch("lamp", True)
    return world


def a_slow_answer() -> World:
    world = World(wires(LAMP))
    world.answers_held = True
    world.link_up()
    world.advance(1_500)
    world.answers_held = False
    world.tick()
    world.deliver(Call(within_ms=0))
    world.advance(1)
    return world


def a_command_that_came_never_and_then_before_the_time_is_known() -> World:
    world = online(LAMP)
    command = world.command("lamp", True)
    world.advance(61_000)
    world.restart()
    world.hear(command)
    return world


# ---- and how each guard is switched off


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


GUARDS = {
    "ids are remembered": Guard(no_ids, a_replay, "moves a pin twice|second receipt"),
    "ids are remembered on the card": Guard(ids_in_memory_only, a_replay_after_a_crash, "moves a pin twice|second receipt"),
    "expired commands are refused": Guard(no_expiry, a_late_command, "acts after"),
    "what expires while it is written is refused": Guard(no_not_after, a_command_that_is_late_once_written, "acts after"),
    "only an answer to this session's hello is believed": Guard(any_welcome, a_welcome_from_elsewhere, "acts after"),
    "the device's own clock is not": Guard(the_systems_clock, a_command_before_any_welcome, "time was not known"),
    "the journal comes before the pin": Guard(pin_before_journal, a_plain_command, "not written down before"),
    "a command is journaled at all": Guard(no_journal, a_plain_command, "not written down before"),
    "nothing goes on that could not be written": Guard(on_without_a_card, a_full_card, "not written down before"),
    "a lease ends": Guard(no_lease_end, a_lease, "is on at"),
    "the longest on-time bounds a wish": Guard(no_longest, a_long_wish, "another lease|is on at"),
    "the longest on-time is not lifted": Guard(longest_from_each_command, asked_again_and_again, "is on at"),
    "an interlock holds": Guard(no_interlock, both_ways_at_once, "while the interlocked"),
    "an interlock waits its pause": Guard(no_interlock, there_and_back, "interlock's pause"),
    "what is under way counts as on": Guard(nothing_under_way, two_that_a_lost_link_wants_on, "while the interlocked"),
    "a shortest off-time is kept": Guard(no_interlock, a_short_rest, "shortest off-time"),
    "applied is said of what was read": Guard(belief_without_reading, a_pin_that_does_not_go_on, "without read-back"),
    "a pin that does not obey is tried again": Guard(no_second_try, a_pin_that_sticks_past_its_lease, "is on at"),
    "a lost link has its consequence": Guard(no_link_loss, a_lost_link, "although the link is lost"),
    "a restart remembers the lost link": Guard(a_link_that_is_lost_anew, a_lost_link_and_a_restart, "although the link is lost"),
    "what was cut short does not go on": Guard(everything_goes_on, a_crash_in_the_middle_of_a_command, "should start False"),
    "a power cut is no restart": Guard(everything_goes_on, a_power_cut, "should start False"),
    "a lease that ended meanwhile does not go on": Guard(everything_goes_on, a_restart_past_the_lease, "should start False"),
    "a fault is not what was wanted": Guard(a_fault_is_a_wish, a_restart_with_a_stuck_pin, "should start False"),
    "a start holds the interlocks": Guard(no_interlock_at_start, a_new_wiring_file_with_an_interlock, "should start False"),
    "what was cut short is answered": Guard(forgotten_intents, a_crash_in_the_middle_of_a_command, "has the fates set"),
    "the device does nothing unasked": Guard(every_level_is_a_press, a_button_found_pressed, "no command and no cause"),
    "a failed write is kept": Guard(a_failed_write_is_lost, a_full_card_and_then_a_good_one, "before the one that it follows"),
    "what could not be written is written later": Guard(numbers_come_twice, a_full_card_and_then_a_good_one, "was never written"),
    "a number is given once": Guard(numbers_come_twice, a_card_that_denies_what_it_wrote, "given twice"),
    "what a deaf link swallowed is asked for": Guard(silence_after_the_welcome, a_deaf_link, "the server has"),
    "a hello vouches for what is past only": Guard(the_latest_is_sure, a_slow_answer, "not past"),
    "what never came is answered only by whoever knows the time": Guard(
        answers_without_a_clock, a_command_that_came_never_and_then_before_the_time_is_known, "had said that it never came"
    ),
    "a command has one receipt": Guard(two_receipts, a_plain_command, "second receipt"),
    "a command has a receipt": Guard(no_receipt, a_plain_command, "has the fates set"),
}


@pytest.mark.parametrize("name", GUARDS)
def test_with_every_guard_on_the_day_passes_without_a_fault(name):
    world = GUARDS[name].day()
    checker = Checker(world)
    checker.look()
    healed(world)
    checker.settle()


@pytest.mark.parametrize("name", GUARDS)
def test_without_this_guard_the_checker_finds_the_fault(name, monkeypatch):
    guard = GUARDS[name]
    guard.off(monkeypatch)
    with pytest.raises((Violation, TwoStories), match=guard.found):
        live_through(guard.day)


def live_through(day: Callable[[], World]) -> None:
    world = day()
    checker = Checker(world)
    checker.look()
    healed(world)
    checker.settle()
