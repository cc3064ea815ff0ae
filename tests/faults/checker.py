"""Judges a history by all rules. Pure: it is given what was seen, and returns what must not be."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.faults import rules_keeping, rules_pins, rules_safety
from tests.faults.causes import explain
from tests.faults.histories import History, Violation
from tests.faults.rules_pins import Aligned

Rule = Callable[[History, Aligned], Iterator[Violation]]

RULES: Final[tuple[Rule, ...]] = (
    rules_pins.every_move_has_its_cause,
    rules_pins.no_command_acts_twice,
    rules_pins.no_command_acts_out_of_its_time,
    rules_pins.applied_means_moved_or_already_so,
    rules_pins.commands_act_in_order,
    rules_safety.leases_hold,
    rules_safety.interlocks_hold,
    rules_safety.rests_hold,
    rules_safety.a_lost_link_has_its_consequence,
    rules_keeping.every_event_is_kept_once,
    rules_keeping.every_command_has_one_fate,
    rules_keeping.each_command_is_answered_once,
    rules_keeping.what_was_told_holds,
    rules_keeping.a_refusal_leaves_nothing,
    rules_keeping.the_page_is_true_at_the_end,
)


def align(history: History) -> Aligned:
    """For each channel of each device: what caused each change of its pin."""
    return {
        (device.device_id, wire.id): explain(history, device, wire.id)
        for device in history.devices.values()
        for wire in device.outputs
    }


def check(history: History) -> list[Violation]:
    """Everything in this history that must never be; empty when all promises were kept."""
    aligned = align(history)
    return [violation for rule in RULES for violation in rule(history, aligned)]
