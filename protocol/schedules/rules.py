"""What a rule of a schedule is: one channel, when, on or off, and what to do about a run that was missed.

A rule with a field that is not known here is refused, not ignored: whoever understands half of a rule switches at the wrong time.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from protocol.ids import CHANNEL_ID_PATTERN

LONGEST_FOR_S: Final = 7 * 24 * 3600
LONGEST_LATE_S: Final = 24 * 3600
LONGEST_OFFSET_S: Final = 4 * 3600
SHORTEST_LOOP_S: Final = 60
DAY_S: Final = 24 * 3600
MOST_RULES: Final = 200
EVERY_DAY: Final = (1, 2, 3, 4, 5, 6, 7)
RULE_ID_PATTERN: Final = r"^[0-9a-f]{16}$"
TIME_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DATE_PATTERN: Final = r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}$"


def _real(text: str) -> str:
    date.fromisoformat(text)
    return text


def _ascending(days: tuple[int, ...]) -> tuple[int, ...]:
    if list(days) != sorted(set(days)):
        raise ValueError("must ascend, each day once")
    return days


RuleId = Annotated[str, StringConstraints(pattern=RULE_ID_PATTERN)]
LocalTime = Annotated[str, StringConstraints(pattern=TIME_PATTERN)]
LocalDate = Annotated[str, StringConstraints(pattern=DATE_PATTERN), AfterValidator(_real)]
Weekday = Annotated[int, Field(ge=1, le=7)]
Days = Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7, strict=False), AfterValidator(_ascending)]
"""Days of the week as in ISO 8601: 1 is Monday, 7 Sunday."""


class Part(BaseModel):
    """What all parts of a rule have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Place(Part):
    """Where the sun rises and sets, in degrees: north and east are positive."""

    latitude: Annotated[float, Field(ge=-90, le=90)] = 21.85
    longitude: Annotated[float, Field(ge=-180, le=180)] = 106.76


LANG_SON: Final = Place()


class Weekly(Part):
    """At a local time, on some days of the week."""

    kind: Literal["weekly"] = "weekly"
    days: Days = EVERY_DAY
    at: LocalTime


class Sun(Part):
    """At sunrise or sunset, `offset_s` later or, where that is negative, earlier. The days are those of the sun's event.

    Where the sun does not rise or set on a day, there is no run on it.
    """

    kind: Literal["sun"] = "sun"
    days: Days = EVERY_DAY
    event: Literal["sunrise", "sunset"]
    offset_s: Annotated[int, Field(ge=-LONGEST_OFFSET_S, le=LONGEST_OFFSET_S, multiple_of=60)] = 0


class Loop(Part):
    """Every so often between two local times, first at `start`. Where `end` is not later than `start`, it is on the day after.

    The days are those on which the window begins. What is on goes off at the end of the window at the latest.
    """

    kind: Literal["loop"] = "loop"
    days: Days = EVERY_DAY
    start: LocalTime
    end: LocalTime
    every_s: Annotated[int, Field(ge=SHORTEST_LOOP_S, le=DAY_S, multiple_of=60)]


class Once(Part):
    """At one local time of one day, and never again."""

    kind: Literal["once"] = "once"
    date: LocalDate
    at: LocalTime


class Missed(StrEnum):
    """What to do about a run when the device could not act at its time.

    SKIP: nothing. LATE: run it, if it is not later than `late_s`. RESTORE: bring about what should hold by now.
    """

    SKIP = "skip"
    LATE = "late"
    RESTORE = "restore"


When = Annotated[Weekly | Sun | Loop | Once, Field(discriminator="kind")]


class Deed(Part):
    """What a rule does, without its name: `for_s` is how long what was switched on stays on, None: until something switches it off."""

    channel: Annotated[str, StringConstraints(pattern=CHANNEL_ID_PATTERN)]
    when: When
    on: bool
    for_s: Annotated[int, Field(ge=1, le=LONGEST_FOR_S)] | None = None
    missed: Annotated[Missed, Field(strict=False)] = Missed.SKIP
    late_s: Annotated[int, Field(ge=60, le=LONGEST_LATE_S)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.for_s is not None and not self.on:
            raise ValueError("for_s: only what is switched on lasts for a time")
        if (self.late_s is None) is (self.missed is Missed.LATE):
            raise ValueError("late_s: says how late a missed run may be, and stands where missed is late, nowhere else")
        if isinstance(self.when, Loop):
            if self.for_s is None:
                raise ValueError("for_s: a loop switches on for a time")
            if self.for_s >= self.when.every_s:
                raise ValueError("for_s: must be shorter than every_s, or it would never go off")
        return self


class Rule(Deed):
    """A rule with the id by which it is told from others."""

    id: RuleId
