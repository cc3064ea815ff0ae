"""A drive under way, and what an output is once its pin was read back. Pure."""

from dataclasses import dataclass, replace

from device.rules import Output
from protocol.messages import Cause, Command


@dataclass(frozen=True, slots=True)
class Act:
    """A drive under way: why, for whom, and the lease that holds once the pin has moved."""

    on: bool
    cause: Cause
    actor: str | None = None
    command: Command | None = None
    lease_until: int | None = None
    clamped: bool = False


def after(act: Act, was: Output, level: bool | None, now: int, at_ms: int) -> Output:
    """The output after this drive, by what its pin read back and nothing else; `now` monotonic, `at_ms` wall time.

    A pin that did not obey is there by FAULT. It keeps whatever lease it had, unless it reads as off; and since when it is on,
    for what was not seen off may have been on all the while.
    """
    if level is act.on and level is False and was.on is False:
        return was
    changed = level is not was.on
    output = replace(was, on=level, since_ms=at_ms) if changed else was
    if level and was.on_since is None:
        output = replace(output, on_since=now)
    if level is False:
        output = replace(output, lease_until=None, on_since=None, off_since=now if changed else was.off_since)
    if level is not act.on:
        return replace(output, cause=Cause.FAULT, actor=None)
    return replace(output, cause=act.cause, actor=act.actor, lease_until=act.lease_until)
