"""What a start needs, and what is switched off where one of it is missing: nothing may be on that nobody would switch off."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from device.errors import IdentityError, JournalError, JournalInUse, PinError, WiringError
from device.identity import Identity, read_identity
from device.journal import Journal, doubt_outputs
from device.memory import Write
from device.pins import Pins
from device.relays import Relay, RelayList, given_up, moved, relays_of
from device.rules import Output
from device.wiring import Wiring, read_wiring
from protocol.ids import new_token

log = logging.getLogger("congtac.agent")

JOURNAL: Final = "journal.db"
RELAYS: Final = "relays.json"

NewFactory = Callable[[], Any]
"""Makes gpiozero's pin factory. Raises PinError."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent is made of."""

    wiring: Wiring
    identity: Identity
    pins: Pins
    journal: Journal


@contextmanager
def starting(wiring: Path, identity: Path, state: Path, new_factory: NewFactory, boot_id: str) -> Iterator[Parts]:
    """All that an agent needs, for as long as the block lasts. `state` is the journal's folder.

    Raises what is missing: WiringError, IdentityError, JournalError or PinError. Then every relay is off that this device has, or had
    in this run of the machine. Nothing is touched where another agent has the journal (JournalInUse), or where none ever ran.
    """
    known = RelayList(state / RELAYS, boot_id)
    relays = known.read()
    try:
        wires = read_wiring(wiring)
        relays = (*relays_of(wires), *given_up(relays, wires))
        who = read_identity(identity)
    except (WiringError, IdentityError) as error:
        if (state / JOURNAL).exists():
            _let_nothing_be_on(state, relays, new_factory, error)
        raise
    pins = Pins(wires, new_factory())
    try:
        journal = _journal(state)
    except JournalInUse:
        raise
    except JournalError:
        _all_off(relays, pins, "a journal")
        doubt_outputs(state / JOURNAL)
        raise
    with closing(journal):
        take_over(known, wires, pins, journal)
        yield Parts(wires, who, pins, journal)


def take_over(known: RelayList, wiring: Wiring, pins: Pins, journal: Journal) -> None:
    """Answer for the relays of this wiring from now on, and no longer for those that it does not have: they are switched off.

    What was on and is another relay now, by its pin or by its board, does not go on. Call it before a pin is touched.
    """
    before, now = known.read(), relays_of(wiring)
    gone, others = given_up(before, wiring), moved(before, wiring)
    for channel in sorted(others):
        log.warning("%r has another pin or board than before, so it starts off", channel)
    for relay in gone:
        log.warning("GPIO %d, once %r, is not in the wiring file any more: it is switched off", relay.pin, relay.id)
    _forget(journal, others | ({relay.id for relay in gone} - {relay.id for relay in now}))
    known.write((*gone, *now))
    if gone:
        known.write((*pins.switch_off(gone), *now))


def _forget(journal: Journal, channels: Collection[str]) -> None:
    """Let what the journal remembers of these outputs not count."""
    if not channels:
        return
    try:
        journal.write(Write(outputs={**journal.load().outputs, **dict.fromkeys(channels, Output())}))
    except JournalError as error:
        log.error("%s: so all of them start off", error)  # what could not be written puts all outputs in doubt


def _let_nothing_be_on(state: Path, relays: Iterable[Relay], new_factory: NewFactory, missing: Exception) -> None:
    """Raises JournalInUse while another agent runs: then its pins are its own."""
    journal: Journal | None = None
    try:
        journal = Journal(state / JOURNAL, new_token)
    except JournalInUse:
        raise
    except JournalError as error:
        log.critical("%s", error)
    doubt_outputs(state / JOURNAL)  # or the next start would go on with what was on
    try:
        _all_off(relays, Pins(None, new_factory()), "a wiring file" if isinstance(missing, WiringError) else "an identity")
    except PinError as error:
        log.critical("%s", error)
    finally:
        if journal is not None:
            journal.close()


def _journal(folder: Path) -> Journal:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Journal(folder / JOURNAL, new_token)
    except JournalError:
        raise
    except OSError as error:
        raise JournalError(str(error)) from error


def _all_off(relays: Iterable[Relay], pins: Pins, missing: str) -> None:
    """The agent cannot begin."""
    log.critical("without %s no relay may be on: switching all off", missing)
    known = tuple(relays)
    if not known:
        log.critical("which relays there are is not known either: nothing could be switched off")
    pins.switch_off(known)
