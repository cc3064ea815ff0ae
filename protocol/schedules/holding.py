"""What should hold at a moment by the rules, and what to do about runs that were missed, as through a power cut."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from protocol.schedules.rules import Missed, Place, Rule
from protocol.schedules.runs import Run, last_run, window_end_ms


@dataclass(frozen=True, slots=True)
class Held:
    """What a channel should be by its rules: since when, until when (None: until the next run), and by which rule."""

    on: bool
    since_ms: int
    until_ms: int | None
    rule: str


def should_hold(rules: Iterable[Rule], zone: ZoneInfo, place: Place, now_ms: int) -> dict[str, Held]:
    """By channel, what its latest run asks for. A channel that no rule has spoken of yet is not in it."""
    return {channel: _held(run, now_ms) for channel, (run, _) in _latest(rules, zone, place, now_ms).items()}


def catch_up(rules: Iterable[Rule], zone: ZoneInfo, place: Place, since_ms: int, now_ms: int) -> dict[str, Run]:
    """By channel, what to do now about what was missed from `since_ms` on. The latest run that was missed decides."""
    found = {}
    for channel, (run, rule) in _latest(rules, zone, place, now_ms).items():
        deed = _late(run, rule, now_ms, window_end_ms(rule, zone, place, run)) if run.at_ms >= since_ms else None
        if deed is not None:
            found[channel] = deed
    return found


def _latest(rules: Iterable[Rule], zone: ZoneInfo, place: Place, now_ms: int) -> dict[str, tuple[Run, Rule]]:
    found: dict[str, tuple[Run, Rule]] = {}
    for rule in rules:
        run = last_run(rule, zone, place, now_ms)
        if run is not None and (rule.channel not in found or found[rule.channel][0].precedence < run.precedence):
            found[rule.channel] = run, rule
    return found


def _held(run: Run, now_ms: int) -> Held:
    until_ms = None if run.for_s is None else run.at_ms + run.for_s * 1000
    if until_ms is not None and until_ms <= now_ms:
        return Held(False, until_ms, None, run.rule)
    return Held(run.on, run.at_ms, until_ms, run.rule)


def _late(run: Run, rule: Rule, now_ms: int, end_ms: int | None) -> Run | None:
    match rule.missed:
        case Missed.SKIP:
            return None
        case Missed.LATE:
            left_s = None if end_ms is None else (end_ms - now_ms) // 1000
            in_time = rule.late_s is not None and now_ms - run.at_ms <= rule.late_s * 1000 and (left_s is None or left_s > 0)
            for_s = rule.for_s if rule.for_s is None or left_s is None else min(rule.for_s, left_s)
            return Run(now_ms, run.rule, run.channel, run.on, for_s) if in_time else None
        case Missed.RESTORE:
            held = _held(run, now_ms)
            left_s = None if held.until_ms is None else -((now_ms - held.until_ms) // 1000)
            return Run(now_ms, run.rule, run.channel, held.on, left_s)
