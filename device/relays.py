"""Which relays this run of the machine was given to, in a file beside the journal.

A relay holds when the agent ends. Where the next wiring file does not have it, or cannot be read, nobody would ever switch it off.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from device.wiring import Gpio, Wiring
from protocol.messages import ChannelId

log = logging.getLogger("congtac.relays")


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
        self._boot_id = boot_id

    def read(self) -> tuple[Relay, ...]:
        """The relays that may be on by an earlier start's doing. Of a file that cannot be read, the log says so."""
        try:
            listed = _Listed.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            log.error("which relays an earlier start had cannot be read: %s: %s", self._path, error)
            return ()
        return listed.relays if listed.boot == self._boot_id else ()

    def write(self, relays: Iterable[Relay]) -> None:
        """Keep these. Where that fails the file stays as it was, and the log says so: a full card keeps no agent from its work."""
        text = _Listed(boot=self._boot_id, relays=tuple(relays)).model_dump_json()
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._path)
        except OSError as error:
            log.error("which relays there are cannot be noted, should the wiring file change: %s: %s", self._path, error)


def relays_of(wiring: Wiring) -> tuple[Relay, ...]:
    """All relays of a wiring file."""
    return tuple(Relay(id=wire.id, pin=wire.pin, active_high=wire.active_high) for wire in wiring.outputs)


def given_up(known: Iterable[Relay], wiring: Wiring) -> tuple[Relay, ...]:
    """Those at whose pins the wiring file has no channel any more."""
    pins = {wire.pin for wire in wiring.channel}
    return tuple(relay for relay in known if relay.pin not in pins)


def moved(known: Iterable[Relay], wiring: Wiring) -> frozenset[str]:
    """The ids of outputs that were another relay before: at another pin, or on at the other level. What was on there is not on here."""
    before = set(known)
    ids = {relay.id for relay in before}
    return frozenset(relay.id for relay in relays_of(wiring) if relay.id in ids and relay not in before)
