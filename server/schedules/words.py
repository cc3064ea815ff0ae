"""A rule in one plain sentence."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from protocol.schedules.preview import Finding
from protocol.schedules.rules import EVERY_DAY, Deed, Loop, Missed, Once, Sun, Weekly


class Says(Protocol):
    """One language's texts, by key."""

    def __call__(self, key: str, **places: object) -> str:
        """The text of a key with its places filled in."""


_UNITS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def sentence(deed: Deed, t: Says) -> str:
    """When, and what: `Thứ 2, 4, 6 lúc 06:00: bật 30 phút`."""
    whole = f"{when(deed, t)}: {what(deed.on, deed.for_s, t)}"
    return whole[0].upper() + whole[1:]


def when(deed: Deed, t: Says) -> str:
    """The first half of it."""
    match deed.when:
        case Weekly(days=chosen, at=at):
            return t("plan.when.weekly", days=days(chosen, t), time=at)
        case Sun() as sun:
            event = _beside(t(f"plan.sun.{sun.event}"), sun.offset_s, t)
            return event if sun.days == EVERY_DAY else t("plan.when.sun", days=days(sun.days, t), event=event)
        case Loop() as loop:
            around = "all_day" if loop.start == loop.end else "over_night" if loop.end < loop.start else "loop"
            every = duration(loop.every_s, t)
            return t(f"plan.when.{around}", days=days(loop.days, t), start=loop.start, end=loop.end, every=every)
        case Once(date=on_date, at=at):
            year, month, day = on_date.split("-")
            return t("plan.when.once", date=f"{day}/{month}/{year}", time=at)


def what(on: bool, for_s: int | None, t: Says) -> str:
    """The second half of it."""
    if not on:
        return t("plan.what.off")
    return t("plan.what.on") if for_s is None else t("plan.what.for", time=duration(for_s, t))


def missed(deed: Deed, t: Says) -> str:
    """What is done about a run that was missed."""
    late = duration(deed.late_s, t) if deed.missed is Missed.LATE and deed.late_s is not None else ""
    return t(f"plan.missed.{deed.missed}", time=late)


def days(chosen: Sequence[int], t: Says) -> str:
    """`thứ 2, 4, 6`."""
    match tuple(chosen):
        case (1, 2, 3, 4, 5, 6, 7):
            return t("plan.days.every")
        case (1, 2, 3, 4, 5):
            return t("plan.days.work")
        case (day,):
            return t(f"plan.day.{day}")
        case several:
            return t("plan.days.some", days=", ".join(t(f"plan.listed.{day}") for day in several))


def duration(seconds: int, t: Says) -> str:
    """`1 giờ 30 phút`."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(t(f"plan.{unit}", n=count))
    return " ".join(parts)


def _beside(event: str, offset_s: int, t: Says) -> str:
    if offset_s == 0:
        return event
    return f"{event} {'+' if offset_s > 0 else '−'} {duration(abs(offset_s), t)}"


def soon(at_ms: int, now_ms: int, zone: ZoneInfo, t: Says) -> str:
    """A moment to come, as people say it: `hôm nay lúc 18:00`, `thứ 2, 23/11 lúc 06:00`."""
    at, now = (datetime.fromtimestamp(ms // 1000, zone) for ms in (at_ms, now_ms))
    away = (at.date() - now.date()).days
    if away in (0, 1):
        return t("plan.soon.tomorrow" if away else "plan.soon.today", time=at.strftime("%H:%M"))
    on_date = at.strftime("%d/%m" if at.year == now.year else "%d/%m/%Y")
    return t("plan.soon.later", day=t(f"plan.day.{at.isoweekday()}"), date=on_date, time=at.strftime("%H:%M"))


def row_day(day: date, t: Says) -> str:
    """A day at the head of a row: `T2 23/11`."""
    return f"{t(f'plan.head.{day.isoweekday()}')} {day:%d/%m}"


def trouble(found: Finding, told: str, rules: Mapping[str, str], channels: Mapping[str, str], t: Says) -> str:
    """What speaks against a plan. `told`: when it comes first; `rules` and `channels`: what each is called."""
    rule_names = [rules.get(rule, t("plan.other")) for rule in found.rules]
    channel_names = [channels.get(channel, channel) for channel in found.channels]
    said = t(
        f"plan.trouble.{found.trouble}",
        when=told,
        first=rule_names[0],
        second=rule_names[-1],
        a=channel_names[0],
        b=channel_names[-1],
        limit=duration(found.limit_s or 0, t),
    )
    more = f" {t('plan.trouble.more', n=found.count - 1)}" if found.count > 1 else ""
    return said[0].upper() + said[1:] + more
