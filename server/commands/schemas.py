"""What the API takes and gives for commands."""

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from protocol.messages import LONGEST_LEASE_S
from server.commands.desk import LONGEST_DELIVERY_S, LONGEST_WAIT_S
from server.commands.record import Fate

SHORTEST_EXPIRY_S: Final = 1
LONGEST_NOW_S: Final = 60

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)


class WishIn(BaseModel):
    """Switch a channel on or off. `for_s`: switch it off again after so many seconds, on the device itself.

    `deliver` `now`: refuse it if the device is offline. `when_online`: keep it until the device comes back, for `expires_in_s`.
    """

    model_config = ConfigDict(extra="forbid")

    on: StrictBool
    for_s: Annotated[StrictInt, Field(ge=1, le=LONGEST_LEASE_S)] | None = None
    deliver: Literal["now", "when_online"] = "now"
    expires_in_s: Annotated[float, Field(ge=SHORTEST_EXPIRY_S, le=LONGEST_DELIVERY_S, allow_inf_nan=False)] | None = None


class CommandOut(BaseModel):
    """A command with every step that it has taken; times in ms since 1970, null where a step is not taken.

    `published_ms`: the broker has it. `answered_ms`: the device's own time of its answer. `read_back`: what the pin read.
    """

    id: str
    device: str
    channel: str
    on: bool
    for_s: int | None
    actor: str | None
    fate: Fate
    reason: str | None
    created_ms: int
    expires_ms: int
    published_ms: int | None
    answered_ms: int | None
    settled_ms: int | None
    read_back: bool | None
    changed: bool | None
    clamped: bool | None
    lease_until_ms: int | None
    retry_after_ms: int | None


class CommandPage(BaseModel):
    """Commands, newest first. `before`: give it back to get those that are older; null: there are none."""

    commands: list[CommandOut]
    before: str | None


def wait_s(prefer: str | None) -> int:
    """How long the caller wants to wait, in seconds, from a `Prefer: wait=N` header (RFC 7240); 0 where it says nothing."""
    found = _WAIT.search(prefer or "")
    return min(int(found.group(1)), LONGEST_WAIT_S) if found else 0
