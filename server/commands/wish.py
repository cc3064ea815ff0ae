"""What people ask for, before it is a command."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """A channel on or off, for how long, and within which time it must reach the device.

    `when_online`: keep it until the device comes back, instead of refusing it while the device is away. `before_ms`: in any case
    it must reach the device before.
    """

    device_id: str
    channel: str
    on: bool
    for_s: int | None = None
    expires_in_s: float | None = None
    when_online: bool = False
    before_ms: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the id that is kept, and the name that travels to the device, as `server/actors.py` has it."""

    id: str
    name: str
