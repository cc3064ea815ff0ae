"""The coming days of all rules of one device: every run, when each channel would be on, and what speaks against it.

The device's own limits are played through as its agent keeps them: what it would cut short is cut short here, and what it would refuse is
not on here. What people switch by hand in the meantime, nobody can know.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from protocol.schedules.holding import should_hold
from protocol.schedules.local import day_of, moment_ms
from protocol.schedules.rules import Place, Rule
from protocol.schedules.runs import Run, runs

MOST_RUNS: Final = 4_000


class Trouble(StrEnum):
    """What can be wrong with a plan.

    CLASH: two rules ask different things of one channel in the same minute. OVERLAP: a rule speaks into the time of another. INTERLOCK: two
    channels that must not be on together would be. TOO_LONG: on for longer than its device lets it. TOO_SOON: on again
    before it has rested.
    """

    CLASH = "clash"
    OVERLAP = "overlap"
    INTERLOCK = "interlock"
    TOO_LONG = "too_long"
    TOO_SOON = "too_soon"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows one of its outputs, in seconds; None: no such limit."""

    max_on_s: int | None = None
    min_off_s: int = 0
    interlock: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A trouble: when first, how often, between which rules (the one that comes second is last) of which channels.

    `limit_s` is the limit that it runs into, where it is one of time.
    """

    trouble: Trouble
    at_ms: int
    count: int
    rules: tuple[str, ...]
    channels: tuple[str, ...]
    limit_s: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A time for which a channel would be on, by the rule that switched it on."""

    channel: str
    rule: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen in an interval. It ends early where there are more than MOST_RUNS runs."""

    since_ms: int
    until_ms: int
    runs: tuple[Run, ...]
    spans: tuple[Span, ...]
    findings: tuple[Finding, ...]


def preview(
    rules: Sequence[Rule], zone: ZoneInfo, place: Place, limits: Mapping[str, Limits], since_ms: int, days: int = 7
) -> Preview:
    """What those rules would do from a moment on, until the end of that many local days, the moment's own among them."""
    until_ms = moment_ms(day_of(since_ms, zone) + timedelta(days=days), "00:00", zone)
    in_order = heapq.merge(*(runs(rule, zone, place, since_ms, until_ms) for rule in rules), key=lambda run: run.precedence)
    found = list(islice(in_order, MOST_RUNS + 1))
    if len(found) > MOST_RUNS:
        until_ms = found[-1].at_ms
        found = [run for run in found if run.at_ms < until_ms]
    play = _Play(limits, since_ms)
    for channel, held in should_hold(rules, zone, place, since_ms - 1).items():
        if held.on:
            play.begin(channel, held.rule, held.since_ms, held.until_ms)
    for run in found:
        play.take(run)
    return Preview(since_ms, until_ms, tuple(found), play.end(until_ms), play.findings())


@dataclass(slots=True)
class _Output:
    """A channel while the plan is played. `by_since`: since when `rule` has it. `end_ms` None: on until something switches it off."""

    limits: Limits
    rule: str = ""
    by_since: int = 0
    on_since: int | None = None
    end_ms: int | None = None
    timed: bool = False
    off_since: int | None = None
    said: Run | None = None


@dataclass(slots=True)
class _Play:
    limits: Mapping[str, Limits]
    since_ms: int
    outputs: dict[str, _Output] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    troubles: dict[tuple[Trouble, tuple[str, ...], tuple[str, ...]], Finding] = field(default_factory=dict)

    def take(self, run: Run) -> None:
        """One run acts."""
        for channel in self.outputs:
            self._settle(channel, run.at_ms)
        output = self._output(run.channel)
        self._compare(output, run)
        output.said = run
        if not run.on:
            self._off(run.channel, run.at_ms)
        elif output.on_since is not None or self._may_begin(output, run):
            self.begin(run.channel, run.rule, run.at_ms, None if run.for_s is None else run.at_ms + run.for_s * 1000)

    def begin(self, channel: str, rule: str, at_ms: int, wish_ms: int | None) -> None:
        """A channel goes on, or what is on is given another end. The longest on-time counts from when it went on."""
        output = self._output(channel)
        if output.on_since is None:
            output.on_since = output.by_since = at_ms
        elif output.rule != rule:
            self._show(channel, at_ms)
            output.by_since = at_ms
        most = output.limits.max_on_s
        limit_ms = None if most is None else output.on_since + most * 1000
        if wish_ms is not None and limit_ms is not None and wish_ms > limit_ms:
            self._note(Trouble.TOO_LONG, at_ms, (rule,), (channel,), most)
        ends = [end for end in (wish_ms, limit_ms) if end is not None]
        output.rule, output.end_ms, output.timed = rule, min(ends, default=None), wish_ms is not None

    def end(self, until_ms: int) -> tuple[Span, ...]:
        """All spans by their beginnings, within the interval."""
        for channel, output in self.outputs.items():
            self._settle(channel, until_ms)
            if output.on_since is not None:
                self._off(channel, until_ms)
        return tuple(sorted(self.spans, key=lambda it: (it.start_ms, it.channel)))

    def findings(self) -> tuple[Finding, ...]:
        """The troubles by when they come first."""
        return tuple(sorted(self.troubles.values(), key=lambda it: (it.at_ms, it.trouble, it.rules)))

    def _output(self, channel: str) -> _Output:
        return self.outputs.setdefault(channel, _Output(self.limits.get(channel, Limits())))

    def _compare(self, output: _Output, run: Run) -> None:
        """Whether another rule says otherwise in the same minute, or has the channel for a time that is not over."""
        said = output.said
        if said is not None and said.rule != run.rule and said.at_ms // 60_000 == run.at_ms // 60_000:
            if (said.on, said.for_s) != (run.on, run.for_s):
                self._note(Trouble.CLASH, run.at_ms, (said.rule, run.rule), (run.channel,))
        elif output.on_since is not None and output.rule != run.rule and (output.timed or run.for_s is not None):
            self._note(Trouble.OVERLAP, run.at_ms, (output.rule, run.rule), (run.channel,))

    def _may_begin(self, output: _Output, run: Run) -> bool:
        rested_ms = None if output.off_since is None else run.at_ms - output.off_since
        if rested_ms is not None and rested_ms < output.limits.min_off_s * 1000:
            self._note(Trouble.TOO_SOON, run.at_ms, (run.rule,), (run.channel,), output.limits.min_off_s)
            return False
        group = output.limits.interlock
        for channel, other in self.outputs.items():
            if group is not None and other is not output and other.limits.interlock == group and other.on_since is not None:
                self._note(Trouble.INTERLOCK, run.at_ms, (other.rule, run.rule), (channel, run.channel))
                return False
        return True

    def _settle(self, channel: str, now_ms: int) -> None:
        """What has come to its end by now, is off."""
        output = self.outputs[channel]
        if output.end_ms is None or output.end_ms > now_ms:
            return
        if not output.timed:
            self._note(Trouble.TOO_LONG, output.end_ms, (output.rule,), (channel,), output.limits.max_on_s)
        self._off(channel, output.end_ms)

    def _off(self, channel: str, at_ms: int) -> None:
        output = self._output(channel)
        if output.on_since is not None:
            self._show(channel, at_ms)
            output.off_since = at_ms
        output.on_since = output.end_ms = None

    def _show(self, channel: str, until_ms: int) -> None:
        output = self._output(channel)
        start_ms = max(output.by_since, self.since_ms)
        if until_ms > start_ms:
            self.spans.append(Span(channel, output.rule, start_ms, until_ms))

    def _note(
        self, trouble: Trouble, at_ms: int, rules: tuple[str, ...], channels: tuple[str, ...], limit_s: int | None = None
    ) -> None:
        if at_ms < self.since_ms:
            return
        known = self.troubles.get((trouble, rules, channels))
        first_ms, count = (at_ms, 0) if known is None else (known.at_ms, known.count)
        self.troubles[trouble, rules, channels] = Finding(trouble, first_ms, count + 1, rules, channels, limit_s)
