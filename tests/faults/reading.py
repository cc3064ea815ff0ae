"""Puts the histories of a run together: from the pins' own record, the server's database read without its code, and the wire."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from firmware_sim.pins import PinChange, read_record, read_starts
from protocol.codec import decode
from protocol.messages import Event, Receipt
from protocol.topics import Topic
from tests.faults.histories import CommandRow, DeviceHistory, History, Life, PinMove, Spell
from tests.faults.people import Notes
from tests.faults.stage import Player

_FLAGS = ("on", "read_back", "changed")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database for reading only, by no code of ours."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def read_history(database: Path, players: list[Player], notes: Notes, wall_minus_mono_ms: float) -> History:
    """All that is known of a run. What the pages show at the end is not in it yet."""
    history = History(wall_minus_mono_ms, told=list(notes.told), asked=list(notes.asked))
    with opened(database) as connection:
        history.commands = {row.id: row for row in read_commands(connection)}
        for player in players:
            history.devices[player.id] = _device(player, connection)
            for seq, at in player.heard_first_mono_ms.items():
                history.heard_first_mono_ms[player.id, seq] = at
    return history


def read_commands(connection: sqlite3.Connection) -> list[CommandRow]:
    """Every command."""
    names = [field.name for field in fields(CommandRow)]
    return [CommandRow(**_booleans({name: row[name] for name in names})) for row in connection.execute("SELECT * FROM command")]


def _booleans(row: dict[str, Any]) -> dict[str, Any]:
    return {name: bool(value) if name in _FLAGS and value is not None else value for name, value in row.items()}


# ---- one device


def _device(player: Player, server: sqlite3.Connection) -> DeviceHistory:
    device = DeviceHistory(player.id, player.wiring.outputs)
    device.stops = list(player.stops)
    device.lives = read_lives(player)
    device.moves = read_moves(player, device.lives)
    device.away = read_away(player)
    device.records = {seq: list(contents) for seq, contents in player.records.items()}
    _read_journal(player, device)
    rows = [dict(row) for row in server.execute("SELECT * FROM event WHERE device_id = ?", (player.id,))]
    device.kept = {row["seq"]: _booleans(row) for row in rows if row["journal"] == device.journal}
    device.kept_elsewhere = len(rows) - len(device.kept)
    mark = server.execute(
        "SELECT have_seq FROM journal_mark WHERE device_id = ? AND journal = ?", (player.id, device.journal)
    ).fetchone()
    device.mark = 0 if mark is None else mark["have_seq"]
    return device


def read_lives(player: Player) -> list[Life]:
    """Each start of its agent that came as far as its pins, and when it was killed."""
    starts = read_starts(player.state / "starts.jsonl")
    lives = []
    for number, (mono_ns, boot_id) in enumerate(starts):
        began = mono_ns / 1e6
        next_began = starts[number + 1][0] / 1e6 if number + 1 < len(starts) else float("inf")
        died = min((at for at in player.died_mono_ms if began < at < next_began), default=None)
        lives.append(Life(boot_id, began, died))
    return lives


def read_moves(player: Player, lives: list[Life]) -> dict[str, list[PinMove]]:
    """What each output did, by the pins' own record; a power cut lets those fall that were on."""
    by_pin = {wire.pin: wire for wire in player.wiring.outputs}
    changes: dict[str, list[PinChange]] = {wire.id: [] for wire in player.wiring.outputs}
    for change in read_record(player.state / "pins.jsonl"):
        changes[by_pin[change.pin].id].append(change)
    return {wire.id: list(_moves(changes[wire.id], wire.active_high, lives)) for wire in player.wiring.outputs}


def _moves(changes: list[PinChange], active_high: bool, lives: list[Life]) -> Iterator[PinMove]:
    events = [(life.began_mono_ms, number, None) for number, life in enumerate(lives)]
    events += [(change.mono_ns / 1e6, len(lives), change) for change in changes]
    on, life_now = False, -1
    for at, number, change in sorted(events, key=lambda event: event[:2]):
        if change is None:
            fell = on and life_now >= 0 and lives[life_now].boot_id != lives[number].boot_id
            if fell:
                on = False
                yield PinMove(False, lives[life_now].died_mono_ms or at, number, fell=True)
            life_now = number
        elif (change.level is active_high) is not on:
            on = not on
            yield PinMove(on, at, life_now)


def read_away(player: Player) -> list[Spell]:
    """From each moment at which its connection was closed until the next welcome that reached it."""
    spells = []
    for closed in player.network.closed_mono_ms:
        back = min((at for at in player.welcomed_mono_ms if at > closed), default=float("inf"))
        spells.append(Spell(closed, back))
    return spells


def _read_journal(player: Player, device: DeviceHistory) -> None:
    with opened(player.state / "journal.db") as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        device.journal, device.last_seq = meta["journal"], int(meta["last_seq"])
        for row in connection.execute("SELECT seq, topic, body FROM records"):
            kind: type[Event | Receipt] = Receipt if row["topic"] == Topic.RECEIPT.name else Event
            record = decode(kind, row["body"])
            known = device.records.setdefault(row["seq"], [])
            if record not in known:
                known.append(record)


def read_levels(player: Player) -> dict[str, bool]:
    """How each output stands now, by its pin's own record."""
    moves = read_moves(player, read_lives(player))
    return {channel: bool(made) and made[-1].on for channel, made in moves.items()}
