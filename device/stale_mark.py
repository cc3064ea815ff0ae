"""A mark beside the journal: what it remembers of the outputs may be out of date, since a write failed.

Off is obeyed also when it cannot be written down. Without the mark, the next start would go on with what was on before.
"""

import logging
import os
from pathlib import Path
from typing import Final

log = logging.getLogger("congtac.journal")

_SET: Final = b"1"
_UNSET: Final = b"0"


class StaleMark:
    """One byte in a file of its own, which is changed in place: a full card still can do that, one that only reads cannot.

    Nothing is raised: where there can be no mark, the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self.is_set = False
        self._is_kept = False
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.is_set = os.pread(self._file, 1, 0) == _SET
            self._is_kept = self.is_set
            self._put(_SET if self.is_set else _UNSET)  # so that it has its place on the card
        except OSError as error:
            log.error("%s: %s", path, error)

    def set(self, stale: bool) -> None:
        """Set it, or take it back; durable when this returns."""
        if stale is self.is_set and (self._is_kept or not stale):
            return
        try:
            self._put(_SET if stale else _UNSET)
        except OSError as error:
            log.error("%s: %s", self._path, error)
            self.is_set, self._is_kept = self.is_set or stale, False  # for this run at least
            return
        self.is_set = self._is_kept = stale

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)

    def _put(self, mark: bytes) -> None:
        if self._file is not None:
            os.pwrite(self._file, mark, 0)
            os.fdatasync(self._file)
