"""When something happened on a device that did not know the time yet. Pure.

A Pi has no clock chip: after a power cut its system clock says the time of its last shutdown until somebody tells it better. What it
writes down until then carries how long the machine had run; with the hello of the same run that becomes a time.
"""

from dataclasses import dataclass

from protocol.messages import ClockTrust, Event, Hello


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a device's machine: its name, and the server's time (ms) at which it began."""

    boot: str
    began_ms: int


def run_of(hello: Hello, received_ms: int) -> Run | None:
    """What a hello tells of the run that it was said in; None from a device that does not tell."""
    if hello.boot is None or hello.mono_ms is None:
        return None
    return Run(hello.boot, received_ms - hello.mono_ms)


def dated(event: Event, run: Run | None) -> Event:
    """The event with the best time that can be given to it: its own where the server's time is in it, else by its run."""
    if event.clock is ClockTrust.SERVER or run is None or event.boot != run.boot or event.mono_ms is None:
        return event
    at_ms = max(run.began_ms + event.mono_ms, 0)
    later_ms = at_ms - event.at_ms
    until_ms = None if event.lease_until_ms is None else max(event.lease_until_ms + later_ms, 0)
    return event.model_copy(update={"at_ms": at_ms, "clock": ClockTrust.SERVER, "lease_until_ms": until_ms})
