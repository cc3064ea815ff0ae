"""Which relays this run of the machine was given to, in a file beside the journal.

A relay holds when the agent ends. Where the next wiring file does not have it, or cannot be read, nobody would ever switch it off.
"""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from device.wiring import Gpio, Wiring
from protocol.messages import ChannelId

log = logging.getLogger("congtac.relays")

BYTES: Final = 4096
"""What the file has: room for a relay at each pin that there is. One write of a page is whole or absent, whatever kills the program."""


class Relay(BaseModel):
    """A relay at its pin, and the channel that it was."""

    model_config = ConfigDict(frozen=True)

    id: ChannelId
    pin: Gpio
    active_high: bool


class _Listed(BaseModel):
    boot: str
    relays: tuple[Relay, ...]


class RelayList:
    """The file. It counts in one run of the machine only: a power cut lets go of every pin. So it need not outlive one either."""

    def __init__(self, path: Path, boot_id: str) -> None:
        self._path = path
        self.boot_id = boot_id

    def read(self) -> tuple[Relay, ...] | None:
        """The relays that may be on by an earlier start's doing, the latest last. None: there is no such list, or none that can be read."""
        try:
            with self._path.open("rb") as file:
                listed = _Listed.model_validate_json(file.read(BYTES))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.critical("which relays an earlier start had cannot be read: %s: %s", self._path, error)
            return None
        return listed.relays if listed.boot == self.boot_id else ()

    def write(self, relays: Iterable[Relay]) -> None:
        """Keep these, in place, which a full card still allows. Nothing is raised: where it fails, the log says so."""
        by_pin = {relay.pin: relay for relay in relays}
        text = _Listed(boot=self.boot_id, relays=tuple(by_pin.values())).model_dump_json().encode()
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(file, text.ljust(BYTES), 0)
            finally:
                os.close(file)
        except OSError as error:
            log.error("which relays there are cannot be noted, should the wiring file change: %s: %s", self._path, error)


def relays_of(wiring: Wiring) -> tuple[Relay, ...]:
    """All relays of a wiring file."""
    return tuple(Relay(id=wire.id, pin=wire.pin, active_high=wire.active_high) for wire in wiring.outputs)


def without_channel(known: Iterable[Relay], wiring: Wiring | None) -> tuple[Relay, ...]:
    """Those at whose pins the wiring file has no channel any more; all, where there is no wiring file."""
    pins = set() if wiring is None else {wire.pin for wire in wiring.channel}
    return tuple(relay for relay in known if relay.pin not in pins)


def at_inputs(known: Iterable[Relay], wiring: Wiring) -> tuple[Relay, ...]:
    """Those whose pins are inputs by now. Nothing drives them, once the inputs are claimed."""
    pins = {wire.pin for wire in wiring.inputs}
    return tuple(relay for relay in known if relay.pin in pins)


def moved(known: Iterable[Relay], wiring: Wiring) -> frozenset[str]:
    """The ids of outputs that were another relay before: at another pin, or on at the other level. What was on there is not on here."""
    last = {relay.id: relay for relay in known}
    return frozenset(relay.id for relay in relays_of(wiring) if last.get(relay.id, relay) != relay)
