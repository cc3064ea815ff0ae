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
from device.relays import Relay, RelayList, at_inputs, moved, relays_of, without_channel
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

    Raises what is missing: WiringError, IdentityError or JournalError, the last also where the block does. Then every relay is off that
    this device has, or had in this run of the machine. Nothing is touched where another agent has the journal (JournalInUse), or where
    none ever ran and wiring or identity is missing. Raises PinError where there are no pins to be had.
    """
    known = RelayList(state / RELAYS, boot_id)
    listed, wires = known.read(), None
    try:
        wires = read_wiring(wiring)
        who = read_identity(identity)
    except (WiringError, IdentityError) as error:
        if listed or _may_have_run(state):
            _let_nothing_be_on(state, wires, listed or (), new_factory, error)
        raise
    pins, others = Pins(wires, new_factory()), without_channel(listed or (), wires)
    try:
        journal = _journal(state)
    except JournalInUse:
        raise
    except JournalError:
        doubt_outputs(state / JOURNAL)  # first: killed in between, the next start must not go on with what was on
        _all_off(pins, others, "a journal")
        raise
    with closing(journal):
        try:
            take_over(known, wires, pins, journal)
            yield Parts(wires, who, pins, journal)
        except JournalError:
            journal.doubt_outputs()
            _all_off(pins, others, "a journal")
            raise


def take_over(known: RelayList, wiring: Wiring, pins: Pins, journal: Journal) -> None:
    """Answer for the relays of this wiring from now on, and no longer for those that it does not have: they are switched off.

    What was on and is another relay now, by its pin or by its board, does not go on. Call it before the pins are opened.
    """
    before, now = known.read(), relays_of(wiring)
    if before is None:
        if journal.load().boot_id == known.boot_id:
            log.warning("which relays an earlier start of this run of the machine had is not known: all outputs start off")
            journal.doubt_outputs()
        before = ()
    others, gone = moved(before, wiring), without_channel(before, wiring)
    for channel in sorted(others):
        log.warning("%r has another pin or board than before, so it starts off", channel)
    for relay in gone:
        log.warning("GPIO %d, once %r, is not in the wiring file any more: it is switched off", relay.pin, relay.id)
    # first the journal, then the list: killed in between, the next start sees the same again
    _forget(journal, others | ({relay.id for relay in before} - {relay.id for relay in now}))
    known.write((*pins.switch_off(gone), *at_inputs(before, wiring), *now))


def _forget(journal: Journal, channels: Collection[str]) -> None:
    """Let what the journal remembers of these outputs not count."""
    if not channels:
        return
    try:
        journal.write(Write(outputs={**journal.load().outputs, **dict.fromkeys(channels, Output())}))
    except JournalError as error:
        log.error("%s: so all outputs start off", error)
        journal.doubt_outputs()


def _let_nothing_be_on(
    state: Path, wiring: Wiring | None, listed: Iterable[Relay], new_factory: NewFactory, missing: Exception
) -> None:
    """Raises JournalInUse while another agent runs: then its pins are its own."""
    journal: Journal | None = None
    try:
        journal = Journal(state / JOURNAL, new_token)
    except JournalInUse:
        raise
    except JournalError as error:
        log.critical("%s", error)
    doubt_outputs(state / JOURNAL)  # first, as above
    try:
        what = "a wiring file" if isinstance(missing, WiringError) else "an identity"
        _all_off(Pins(wiring, new_factory()), without_channel(listed, wiring), what)
    except PinError as error:
        log.critical("%s", error)
    finally:
        if journal is not None:
            journal.close()


def _may_have_run(state: Path) -> bool:
    try:
        return (state / JOURNAL).exists()
    except OSError:  # as where somebody else's slip has shut this program out
        return True


def _journal(folder: Path) -> Journal:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Journal(folder / JOURNAL, new_token)
    except JournalError:
        raise
    except OSError as error:
        raise JournalError(str(error)) from error


def _all_off(pins: Pins, others: Iterable[Relay], missing: str) -> None:
    """The agent cannot begin: the wiring's outputs go off, its inputs are inputs, and other relays that are known go off."""
    log.critical("without %s no relay may be on: switching all off", missing)
    known = pins.all_off()
    left = tuple(others)
    pins.switch_off(left)
    if not known and not left:
        log.critical("which relays there are is not known either: nothing could be switched off")
