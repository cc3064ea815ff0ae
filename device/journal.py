"""The journal on disk: SQLite in WAL mode, each write one transaction that is on the card before it returns.

After a kill or a power cut at any point it opens again with every finished write whole and every other one absent. A file that a
worn card has made unreadable is set aside and a new one begun: relays must come to their safe state all the same.
"""

import json
import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic_core import to_json

from device.errors import JournalError
from device.journal_file import alone, is_broken, set_aside
from device.memory import MOST_RECORDS, Answered, Intent, Memory, Write
from device.rules import Output
from device.stale_mark import StaleMark
from protocol.codec import encode
from protocol.ids import CHANNEL_ID_PATTERN, COMMAND_ID_PATTERN, TOKEN_PATTERN
from protocol.messages import NO_CONTROL_PATTERN, Receipt
from protocol.topics import Topic

log = logging.getLogger("congtac.journal")

LAYOUT: Final = 1
WAIT_FOR_READERS_S: Final = 1.0
_OUTPUT: Final = TypeAdapter(Output)
_RECORDED: Final = (Topic.EVENT, Topic.RECEIPT)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outputs (channel TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS intents (
    command TEXT PRIMARY KEY, exp_ms INTEGER NOT NULL, channel TEXT NOT NULL, on_ INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answered (command TEXT PRIMARY KEY, exp_ms INTEGER NOT NULL, seq INTEGER) WITHOUT ROWID;
"""
_RENAME: Final = """
UPDATE records SET body = CAST(json_set(CAST(body AS TEXT), '$.journal', ?) AS BLOB) WHERE json_valid(CAST(body AS TEXT))
"""


class Journal:
    """One device's memory in one file. `point` is told the name of each step of a write, for those who test what a crash does there.

    Raises JournalError from every call that the storage fails, and JournalInUse at once when another agent has this journal.
    """

    def __init__(self, path: Path, new_token: Callable[[], str], point: Callable[[str], None] = lambda _name: None) -> None:
        self._path = path
        self._point = point
        self._lock = alone(path)
        self._stale = StaleMark(_mark_of(path))
        try:
            self._db = self._open(new_token)
            self.name = self._name()
        except BaseException:
            self._stale.close()
            self._lock.close()
            raise

    def _open(self, new_token: Callable[[], str]) -> sqlite3.Connection:
        try:
            return self._open_as_it_is(new_token)
        except JournalError as error:
            if not is_broken(self._path, error):
                raise
            log.critical("%s. It is kept as %s; a new journal begins", error, set_aside(self._path))
            return self._open_as_it_is(new_token)

    def _open_as_it_is(self, new_token: Callable[[], str]) -> sqlite3.Connection:
        if self._path.exists() and not self._path.is_file():
            raise JournalError(f"the journal {self._path} is no file") from IsADirectoryError()
        with _storage(self._path):
            db = sqlite3.connect(self._path, WAIT_FOR_READERS_S, isolation_level=None)
        try:
            with _storage(self._path):
                _prepare(db, new_token)
                _check_records(db)
                _load(db)
        except BaseException:
            db.close()
            raise
        return db

    def _name(self) -> str:
        with _storage(self._path):
            return str(self._db.execute("SELECT value FROM meta WHERE key = 'journal'").fetchone()[0])

    def close(self) -> None:
        """Close the file. What was written stays."""
        self._db.close()
        self._stale.close()
        self._lock.close()

    def doubt_outputs(self) -> None:
        """Let nothing of the outputs count at the next load: they may have been driven without being written down."""
        self._stale.set(True)

    def load(self) -> Memory:
        """All that is remembered; of the outputs nothing, where the last write failed: off is obeyed without being written down."""
        with _storage(self._path):
            memory = _load(self._db)
        if not self._stale.is_set:
            return memory
        log.warning("the journal %s could not be written to: what it remembers of the outputs does not count", self._path)
        return replace(memory, outputs={channel: Output() for channel in memory.outputs})

    def write(self, write: Write) -> None:
        """Do one write, durably, whole or not at all."""
        try:
            self._write(write)
        except JournalError:
            self._stale.set(True)
            raise
        self._stale.set(False)

    def _write(self, write: Write) -> None:
        with _storage(self._path), self._transaction():
            run = self._db.execute
            for record in write.records:
                topic = Topic.RECEIPT if isinstance(record, Receipt) else Topic.EVENT
                run("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (record.seq, topic.name, encode(record)))
            self._point("records")
            for channel, output in write.outputs.items():
                run("INSERT OR REPLACE INTO outputs VALUES (?, ?)", (channel, to_json(output).decode()))
            if write.intent is not None:
                intent = write.intent
                row = (intent.command, intent.exp_ms, intent.channel, intent.on)
                run("INSERT OR REPLACE INTO intents VALUES (?, ?, ?, ?)", row)
            for command in write.settled:
                run("DELETE FROM intents WHERE command = ?", (command,))
            for command, answered in write.answered.items():
                run("INSERT OR REPLACE INTO answered VALUES (?, ?, ?)", (command, answered.exp_ms, answered.seq))
            self._point("outputs")
            self._set_meta(write)

    def _set_meta(self, write: Write) -> None:
        run = self._db.execute
        if write.records:
            last_seq = write.records[-1].seq or 0
            run("UPDATE meta SET value = ? WHERE key = 'last_seq'", (str(last_seq),))
            run("DELETE FROM records WHERE seq <= ?", (last_seq - MOST_RECORDS,))
        if write.boot_id is not None:
            run("INSERT OR REPLACE INTO meta VALUES ('boot_id', ?)", (write.boot_id,))
        if write.link_lost is not None:
            since = "" if write.link_lost.since is None else str(write.link_lost.since)
            run("INSERT OR REPLACE INTO meta VALUES ('link_lost', ?)", (since,))
        if write.untold_after is not None:
            run("INSERT OR REPLACE INTO meta VALUES ('untold_after', ?)", (str(write.untold_after),))
        if write.forget_before_ms is not None:
            run("DELETE FROM answered WHERE exp_ms < ?", (write.forget_before_ms,))

    def records_after(self, seq: int, most: int) -> list[tuple[int, Topic, bytes]]:
        """The records that follow this number, oldest first, at most so many: (number, topic, payload)."""
        with _storage(self._path), _as_written():
            rows = self._db.execute("SELECT seq, topic, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?", (seq, most))
            return [(number, Topic[topic], body) for number, topic, body in rows]

    def drop_until(self, seq: int) -> None:
        """Let go of the records up to this number: the server has them. Those that follow may be told from now on."""
        with _storage(self._path), self._transaction():
            self._db.execute("DELETE FROM records WHERE seq <= ?", (seq,))
            self._db.execute("DELETE FROM meta WHERE key = 'untold_after'")

    def is_untold(self) -> bool:
        """Whether the last of the records were never told, and the card still says so."""
        with _storage(self._path):
            return self._db.execute("SELECT 1 FROM meta WHERE key = 'untold_after'").fetchone() is not None

    def begin(self, name: str, after_seq: int) -> None:
        """Be another journal, of this name: keep the records that follow this number under it, and none of those before."""
        with _storage(self._path), self._transaction():
            run = self._db.execute
            run("DELETE FROM records WHERE seq <= ?", (after_seq,))
            self._point("records")
            run(_RENAME, (name,))
            self._point("outputs")
            run("UPDATE meta SET value = ? WHERE key = 'journal'", (name,))
        self.name = name

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._point("begin")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._point("commit")
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._point("committed")


def doubt_outputs(path: Path) -> None:
    """The same for a journal that is not open, and need not be one that can be opened."""
    with closing(StaleMark(_mark_of(path))) as mark:
        mark.set(True)


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + ".stale")


def _prepare(db: sqlite3.Connection, new_token: Callable[[], str]) -> None:
    """Make the tables where there are none. Raises sqlite3.Error, without a code for a file that is damaged or not ours."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    (layout,) = db.execute("PRAGMA user_version").fetchone()
    if verdict != "ok" or layout not in (0, LAYOUT):
        raise sqlite3.DatabaseError(f"the file is damaged or another program's ({verdict}, layout {layout})")
    if layout != LAYOUT:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {LAYOUT}; COMMIT")
    db.execute("INSERT OR IGNORE INTO meta VALUES ('journal', ?), ('last_seq', '0')", (new_token(),))


def _check_records(db: sqlite3.Connection) -> None:
    """See that all records can be read, now that the file can still be set aside. Raises sqlite3.DatabaseError."""
    with _as_written():
        for topic, kind in db.execute("SELECT DISTINCT topic, typeof(body) FROM records"):
            if Topic[topic] not in _RECORDED or kind != "blob":
                raise ValueError(f"a record of {topic} in {kind}")


def _load(db: sqlite3.Connection) -> Memory:
    with _as_written():
        return _read(db)


@contextmanager
def _as_written() -> Iterator[None]:
    """Raises sqlite3.DatabaseError for what cannot be read back: a worn card changed it, or another program wrote it."""
    try:
        yield
    except (KeyError, ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(f"holds what this program did not write ({type(error).__name__}: {error})") from error


def _read(db: sqlite3.Connection) -> Memory:
    meta = dict(db.execute("SELECT key, value FROM meta"))
    last_seq = int(meta["last_seq"])
    (first_seq,) = db.execute("SELECT MIN(seq) FROM records").fetchone()
    return Memory(
        journal=_like(TOKEN_PATTERN, meta["journal"]),
        last_seq=last_seq,
        first_seq=last_seq + 1 if first_seq is None else first_seq,
        boot_id=meta.get("boot_id"),
        outputs={channel: _output(body) for channel, body in db.execute("SELECT channel, body FROM outputs")},
        intents=tuple(
            Intent(_like(COMMAND_ID_PATTERN, command), exp_ms, _like(CHANNEL_ID_PATTERN, channel), bool(on))
            for command, exp_ms, channel, on in db.execute("SELECT command, exp_ms, channel, on_ FROM intents")
        ),
        commands={
            command: Answered(exp_ms, seq) for command, exp_ms, seq in db.execute("SELECT command, exp_ms, seq FROM answered")
        },
        link_lost=int(meta["link_lost"]) if meta.get("link_lost") else None,
        untold_after=int(meta["untold_after"]) if "untold_after" in meta else None,
    )


def _like(pattern: str, text: str) -> str:
    """The text, if it looks so. Raises ValueError or TypeError: the messages that it goes into would refuse it at each start."""
    if not re.fullmatch(pattern, text):
        raise ValueError(f"{text!r} is not like {pattern}")
    return text


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter where SQLite's own words quote a damaged file
        raise JournalError(f"the journal {path}: {error}") from error


def _output(body: str) -> Output:
    output = _OUTPUT.validate_json(body)
    unknown = json.loads(body).keys() - Output.__dataclass_fields__.keys()
    if unknown:
        raise ValueError(f"an output with {', '.join(sorted(unknown))}")
    if output.actor is not None:
        _like(NO_CONTROL_PATTERN, output.actor)
    return output
