"""Simulated pins that behave like a relay board: they hold their level when the agent dies, and write down every change by themselves.

The record is the third history that the fault tests compare: it is made at the pin, below all of our code, and survives any kill.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin


@dataclass(frozen=True, slots=True)
class PinChange:
    """One change of one pin. Times in ns: CLOCK_BOOTTIME, and the wall clock of the machine that simulates."""

    pin: int
    level: bool
    mono_ns: int
    wall_ns: int
    boot_id: str = ""


Record = Callable[[PinChange], None]


class LatchedPin(MockPin):  # type: ignore[misc]
    """A line with a latch: claimed as an output it has its level from the first moment, closed it keeps it."""

    _known = False

    def output_with_state(self, state: bool) -> None:
        """Become an output at this level, with nothing in between. The first level of a run of the machine is always written down."""
        self._function = "output"
        if not self._change_state(bool(state)) and not self._known:
            self.factory.changed(self._number, bool(state))
        self._known = True

    def close(self) -> None:
        """Keep the level, as the kernel of a Pi does."""
        self.when_changed = None

    def _change_state(self, value: bool) -> bool:
        changed: bool = super()._change_state(value)
        self.clear_states()  # gpiozero keeps them all, for tests of its own kind
        if changed and self._function == "output":
            self.factory.changed(self._number, value)
        return changed

    def latch(self, level: bool) -> None:
        """Start from this level without a change."""
        self._state = level
        self._known = True


class LatchedFactory(MockFactory):  # type: ignore[misc]
    """A board of latched pins. `latches`: the levels they start from; `record` is told of each change of an output."""

    def __init__(self, record: Record, boot_id: str = "", latches: dict[int, bool] | None = None) -> None:
        super().__init__(pin_class=LatchedPin)
        self._record = record
        self._boot_id = boot_id
        self._latches = latches or {}

    def pin(self, name: Any) -> Any:
        """The pin, from its latch on first use."""
        known = set(self.pins.values())
        found = super().pin(name)
        if found not in known and found._number in self._latches:  # noqa: SLF001 (our own pin class)
            found.latch(self._latches[found._number])  # noqa: SLF001
        return found

    def changed(self, number: int, level: bool) -> None:
        """Write a change down, in the moment that it happens."""
        self._record(PinChange(number, level, time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns(), self._boot_id))


class PinRecord:
    """The record in a file: one JSON line a change, appended by one write call each, so that a kill tears none."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def __call__(self, change: PinChange) -> None:
        """Append one change."""
        fields = {name: getattr(change, name) for name in ("pin", "level", "mono_ns", "wall_ns", "boot_id")}
        os.write(self._handle, json.dumps(fields).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def record_start(path: Path, boot_id: str) -> None:
    """Note that an agent is about to touch its pins: when (CLOCK_BOOTTIME, ns), and in which run of the machine."""
    fields = {"mono_ns": time.clock_gettime_ns(time.CLOCK_BOOTTIME), "boot_id": boot_id}
    with path.open("a", encoding="ascii") as file:
        file.write(json.dumps(fields) + "\n")


def read_starts(path: Path) -> list[tuple[int, str]]:
    """Every start that was noted: (CLOCK_BOOTTIME in ns, the run of the machine)."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    return [(line["mono_ns"], line["boot_id"]) for line in lines]


def read_record(path: Path) -> list[PinChange]:
    """Every change in the order in which it happened; empty where there is no file yet."""
    if not path.exists():
        return []
    return [PinChange(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def latches(changes: list[PinChange], boot_id: str) -> dict[int, bool]:
    """The level that each pin was left at in this run of the machine; a power cut (another boot id) lets all of them fall."""
    return {change.pin: change.level for change in changes if change.boot_id == boot_id}
