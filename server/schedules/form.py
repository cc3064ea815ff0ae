"""The form of a schedule: from what was typed to a rule, or to what is wrong with each field; and back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import ValidationError

from protocol.schedules.rules import (
    EVERY_DAY,
    LONGEST_FOR_S,
    LONGEST_LATE_S,
    LONGEST_OFFSET_S,
    SHORTEST_LOOP_S,
    Deed,
    Loop,
    Missed,
    Once,
    Rule,
    Sun,
    Weekly,
)
from server.names import BadName, clean_name

KINDS: Final = ("weekly", "sun", "loop", "once")
UNITS: Final = {"s": 1, "min": 60, "h": 3600}
LONGEST_TYPED: Final = 100


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, as texts. `thing`: a device's id, a slash, a channel's id. `do`: on, off, or for a time."""

    thing: str = ""
    kind: str = "weekly"
    name: str = ""
    days: tuple[str, ...] = tuple(map(str, EVERY_DAY))
    at: str = "06:00"
    event: str = "sunset"
    side: str = "at"
    offset: str = "15"
    start: str = "06:00"
    end: str = "18:00"
    every: str = "2"
    every_unit: str = "h"
    date: str = ""
    do: str = "for"
    n: str = "30"
    unit: str = "min"
    missed: str = "skip"
    late: str = "30"

    @property
    def channel(self) -> tuple[str, str]:
        """The ids of the device and of the channel."""
        device, _, channel = self.thing.partition("/")
        return device, channel


@dataclass(frozen=True, slots=True)
class Read:
    """What a form says: the rule, None where something is wrong. `wrong`: by field, the last part of the key of the words for it."""

    typed: Typed
    deed: Deed | None
    name: str
    wrong: Mapping[str, str]


def typed_of(values: Mapping[str, Sequence[str]], otherwise: Typed, *, sent: bool) -> Typed:
    """What came with a request, over what the form begins with. `sent`: the whole form came, so a box that is missing is not ticked."""
    given: dict[str, Any] = {name: texts[-1][:LONGEST_TYPED] for name, texts in values.items() if texts and name in _NAMES}
    if "days" in values or sent:
        given["days"] = tuple(day for day in map(str, EVERY_DAY) if day in values.get("days", ()))
    typed = replace(otherwise, **given)
    return typed if typed.kind in KINDS else replace(typed, kind="weekly")


def typed_from(rule: Rule, device_id: str, name: str, otherwise: Typed) -> Typed:
    """A rule as the form shows it."""
    n, unit = _split(rule.for_s) if rule.for_s is not None else (otherwise.n, otherwise.unit)
    typed = replace(
        otherwise,
        thing=f"{device_id}/{rule.channel}",
        kind=rule.when.kind,
        name=name,
        do="off" if not rule.on else "on" if rule.for_s is None else "for",
        n=n,
        unit=unit,
        missed=rule.missed.value,
        late=otherwise.late if rule.late_s is None else str(rule.late_s // 60),
    )
    if not isinstance(rule.when, Once):
        typed = replace(typed, days=tuple(map(str, rule.when.days)))
    match rule.when:
        case Weekly(at=at):
            return replace(typed, at=at)
        case Once(date=date, at=at):
            return replace(typed, date=date, at=at)
        case Sun(event=event, offset_s=offset_s):
            side = "at" if offset_s == 0 else "after" if offset_s > 0 else "before"
            return replace(typed, event=event, side=side, offset=str(abs(offset_s) // 60) if offset_s else otherwise.offset)
        case Loop() as loop:
            every, every_unit = _split(loop.every_s)
            return replace(typed, start=loop.start, end=loop.end, every=every, every_unit=every_unit)


def read(typed: Typed) -> Read:
    """The rule that was meant."""
    form = _Form(typed)
    name = form.name()
    when = form.when()
    for_s = form.for_s()
    missed, late_s = form.missed()
    if form.wrong:
        return Read(typed, None, name, form.wrong)
    said = {"when": when, "on": typed.do != "off" or typed.kind == "loop", "for_s": for_s, "missed": missed, "late_s": late_s}
    try:
        deed = Deed.model_validate({"channel": typed.channel[1], **said})
    except ValidationError as error:
        return Read(typed, None, name, {_field(error): "other"})
    return Read(typed, deed, name, {})


@dataclass(slots=True)
class _Form:
    typed: Typed
    wrong: dict[str, str] = field(default_factory=dict)

    def name(self) -> str:
        try:
            return clean_name(self.typed.name) if self.typed.name.strip() else ""
        except BadName:
            self.wrong["name"] = "name"
            return ""

    def when(self) -> dict[str, Any]:
        typed = self.typed
        days = [int(day) for day in typed.days]
        if not days and typed.kind != "once":
            self.wrong["days"] = "days"
        match typed.kind:
            case "sun":
                return {
                    "kind": "sun",
                    "days": days,
                    "event": self._one_of("event", "sunrise", "sunset"),
                    "offset_s": self._offset(),
                }
            case "loop":
                start, end = self._time("start"), self._time("end")
                return {"kind": "loop", "days": days, "start": start, "end": end, "every_s": self._every()}
            case "once":
                return {"kind": "once", "date": self._date(), "at": self._time("at")}
            case _:
                return {"kind": "weekly", "days": days, "at": self._time("at")}

    def for_s(self) -> int | None:
        typed = self.typed
        do = "for" if typed.kind == "loop" else self._one_of("do", "on", "off", "for")
        if do != "for":
            return None
        seconds = self._number("n", UNITS.get(typed.unit, 60), 1, LONGEST_FOR_S)
        every = _whole(typed.every)
        if (
            typed.kind == "loop"
            and seconds is not None
            and every is not None
            and seconds >= every * UNITS.get(typed.every_unit, 60)
        ):
            self.wrong.setdefault("n", "too_long_for_loop")
        return seconds

    def missed(self) -> tuple[str, int | None]:
        missed = self._one_of("missed", *(it.value for it in Missed))
        return missed, self._number("late", 60, 60, LONGEST_LATE_S) if missed == Missed.LATE else None

    def _offset(self) -> int:
        side = self._one_of("side", "at", "before", "after")
        if side == "at":
            return 0
        offset_s = self._number("offset", 60, 60, LONGEST_OFFSET_S) or 0
        return -offset_s if side == "before" else offset_s

    def _every(self) -> int | None:
        return self._number("every", UNITS.get(self.typed.every_unit, 60), SHORTEST_LOOP_S, 86_400)

    def _time(self, name: str) -> str:
        text: str = getattr(self.typed, name)[:5]
        hour, colon, minute = text.partition(":")
        good = colon and len(text) == 5 and _whole(hour) is not None and _whole(minute) is not None
        if not good or int(hour) > 23 or int(minute) > 59:
            self.wrong[name] = "time"
        return text

    def _date(self) -> str:
        try:
            Once(date=self.typed.date, at="00:00")
        except ValidationError:
            self.wrong["date"] = "date"
        return self.typed.date

    def _one_of(self, name: str, *known: str) -> str:
        text: str = getattr(self.typed, name)
        if text not in known:
            self.wrong[name] = "choose"
        return text

    def _number(self, name: str, unit_s: int, least_s: int, most_s: int) -> int | None:
        count = _whole(getattr(self.typed, name))
        if count is None:
            self.wrong[name] = "number"
            return None
        if not least_s <= count * unit_s <= most_s:
            self.wrong[name] = f"{name}_range"
        return count * unit_s


_NAMES: Final = frozenset(Typed.__dataclass_fields__) - {"days"}


def _whole(text: str) -> int | None:
    """A whole number of few digits, None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 6 else None


def _split(seconds: int) -> tuple[str, str]:
    """The number and the largest unit in which it is whole."""
    unit = next(unit for unit in ("h", "min", "s") if seconds % UNITS[unit] == 0)
    return str(seconds // UNITS[unit]), unit


def _field(error: ValidationError) -> str:
    """The field of the form that a fault of the rule is shown beside."""
    where = [str(part) for part in error.errors()[0]["loc"]]
    return next((name for name in where if name in _NAMES or name == "days"), "thing" if "channel" in where else "n")
