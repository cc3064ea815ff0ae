"""Histories as short words, so that a test can compare all of one at a glance."""

from device.rules import BootState, InputRule, LinkLoss, OutputRule
from protocol.messages import ChannelKind, Event, Receipt
from tests.device.checker import Checker
from tests.device.parts import Drove, Told
from tests.device.world import BEGINNING_MS, World, wires

PUMP = OutputRule("pump", max_on_ms=600_000)
LAMP = OutputRule("lamp", boot=BootState.RESTORE)
OPEN = OutputRule("open", interlock="gate", interlock_pause_ms=500)
SHUT = OutputRule("shut", interlock="gate", interlock_pause_ms=2_000)
COOLER = OutputRule("cooler", min_off_ms=180_000)
VALVE = OutputRule("valve", link_loss=LinkLoss.OFF)
FAN = OutputRule("fan", link_loss=LinkLoss.ON)
BUTTON = InputRule("button", ChannelKind.BUTTON, switches="pump")
DOOR = InputRule("door", ChannelKind.CONTACT)
MINUTE = 60_000


def online(*rules: OutputRule | InputRule) -> World:
    """A world whose device has just been welcomed."""
    world = World(wires(*rules))
    world.link_up()
    assert world.core.is_welcomed
    return world


def moves(world: World, channel: str) -> list[tuple[int, bool]]:
    """When the pin moved, in ms since the beginning, and to where."""
    return [(drove.true_ms - BEGINNING_MS, drove.after) for drove in _drives(world, channel) if drove.after != drove.before]


def drives(world: World, channel: str) -> list[tuple[int, bool]]:
    """When the pin was driven, in ms since the beginning, and to where it should have moved."""
    return [(drove.true_ms - BEGINNING_MS, drove.wanted) for drove in _drives(world, channel)]


def records(world: World) -> list[str]:
    """All that the card ever held, in order."""
    return [words(record) for _, record in sorted(world.card.history.items())]


def words(record: Event | Receipt) -> str:
    """One record in a few words; commands by the number in which the world made them."""
    if isinstance(record, Receipt):
        parts = [f"{record.channel} {_level(record.on)}", f"#{int(record.command, 16)}", record.fate, record.reason]
        parts += ["changed" if record.changed else None, "clamped" if record.clamped else None]
    else:
        parts = [record.kind, f"{record.channel} {_level(record.on)}" if record.channel else None, record.cause, record.reason]
        parts += [f"#{int(record.command, 16)}" if record.command else None, f"by {record.actor}" if record.actor else None]
    return " ".join(part for part in parts if part)


def fates(world: World) -> list[str]:
    """The receipts on the card."""
    return [words(record) for _, record in sorted(world.card.history.items()) if isinstance(record, Receipt)]


def told(world: World, kind: type) -> list:
    """What the core said of this kind, whether it arrived or not."""
    return [entry.message for entry in world.log if isinstance(entry, Told) and isinstance(entry.message, kind)]


def told_at(world: World, kind: type) -> list[int]:
    """When the core said messages of this kind, in ms since the beginning."""
    return [entry.true_ms - BEGINNING_MS for entry in world.log if isinstance(entry, Told) and isinstance(entry.message, kind)]


def proven(world: World) -> None:
    """The world so far breaks no promise."""
    Checker(world).look()


def _drives(world: World, channel: str) -> list[Drove]:
    return [entry for entry in world.log if isinstance(entry, Drove) and entry.channel == channel]


def _level(on: bool | None) -> str:
    return {True: "on", False: "off", None: "?"}[on]
