"""What people may be told of, and one such message before it has words."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a person chooses, for each site: a device that went away and came back, or a safety limit that acted.

    There is none for a run that was missed: schedules do not run yet.
    """

    LINK = "link"
    SAFETY = "safety"


class What(StrEnum):
    """What happened. The words are `notify.say.{what}`."""

    AWAY = "away"
    BACK = "back"
    LIMIT = "limit"
    LINK_LOSS = "link_loss"
    INTERLOCK = "interlock"
    POWER_CUT = "power_cut"

    @property
    def kind(self) -> Kind:
        """Which choice it falls under."""
        return Kind.LINK if self in (What.AWAY, What.BACK) else Kind.SAFETY


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. `id` is the same for the same thing for ever: nobody is told it twice by the same way.

    `facts` fill the words: `since_ms`, `channels` (ids). `but`: the person who need not be told, since they did it.
    """

    id: str
    what: What
    device_id: str
    at_ms: int
    facts: dict[str, Any] = field(default_factory=dict)
    but: str | None = None
