"""What happens next with one channel by its schedules. Pure; until an agent runs them, whoever shows it says that nothing runs yet."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from protocol.schedules.runs import LOOK_DAYS, Run, next_run, runs
from server.schedules.schedules import ScheduleNow, Schedules, Where
from server.schedules.words import Says, sentence


@dataclass(frozen=True, slots=True)
class Next:
    """A run to come, with its rule in a sentence. `for_s` None: until something switches it off."""

    at_ms: int
    on: bool
    for_s: int | None
    sentence: str
    schedule: str


def what_next(schedules: Iterable[ScheduleNow], where: Where, now_ms: int, t: Says, most: int = 3) -> list[Next]:
    """The next runs of those schedules that are enabled, in order."""
    enabled = {it.id: it.rule for it in schedules if it.enabled}
    until_ms = now_ms + LOOK_DAYS * 86_400_000
    each = [runs(rule, where.zone, where.place, now_ms, until_ms) for rule in enabled.values()]
    coming = islice(heapq.merge(*each, key=lambda run: run.precedence), most)
    return [Next(run.at_ms, run.on, run.for_s, sentence(enabled[run.rule], t), run.rule) for run in coming]


def next_of(schedule: ScheduleNow, where: Where, now_ms: int) -> Run | None:
    """The next run of one of them; None where there is none, or where it is not enabled."""
    return next_run(schedule.rule, where.zone, where.place, now_ms) if schedule.enabled else None


async def next_of_channel(schedules: Schedules, device_id: str, channel: str, now_ms: int, t: Says, most: int = 3) -> list[Next]:
    """The same for a channel, read from what is kept."""
    found, where = await schedules.of_channel(device_id, channel)
    return [] if where is None else what_next(found, where, now_ms, t, most)
