"""The journal as a file: who may have it, when it is past use, and where it goes then."""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO, Final

from device.errors import JournalError, JournalInUse

MOST_KEPT: Final = 5
_ITS_FILES: Final = ("", "-wal", "-shm")
# What another storage would not mend: this file itself is at fault. Everything else (full, read-only, not permitted) passes.
_BROKEN: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH})
_BROKEN_READS: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})


def alone(path: Path) -> IO[bytes]:
    """Take the journal for this process, until the file that is returned is closed or the process ends, in whatever way.

    Raises JournalInUse, or JournalError when the folder cannot be written.
    """
    try:
        lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise JournalError(f"the journal {path}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise JournalInUse(f"another agent is running: it has the journal {path}") from error
    return lock


def is_broken(path: Path, error: JournalError) -> bool:
    """Whether the file is at fault, so that a new one may help."""
    cause = error.__cause__
    if not path.exists():
        return False
    if not isinstance(cause, sqlite3.Error):
        return True
    code = getattr(cause, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _BROKEN or code in _BROKEN_READS


def set_aside(path: Path) -> Path:
    """Rename the journal to `<name>.broken-1`, or the next number that is free; the last is replaced. Raises JournalError."""
    names = [path.with_name(f"{path.name}.broken-{number}") for number in range(1, MOST_KEPT + 1)]
    target = next((name for name in names if not name.exists()), names[-1])
    try:
        for suffix in _ITS_FILES:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(target.with_name(target.name + suffix))
    except OSError as error:
        raise JournalError(f"the journal {path} is damaged and cannot be set aside: {error}") from error
    return target
