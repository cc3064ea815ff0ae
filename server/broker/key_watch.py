"""Notices that `congtac admin rotate-signing-key` changed the keys, beside a server that runs."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server.broker.key_ring import KeyRing, key_ring
from server.opening import StartError

log = logging.getLogger("congtac.broker")

EVERY_S: Final = 3.0


class KeyWatch:
    """`tell` gets the keys when they are not what they were."""

    def __init__(self, folder: Path, tell: Callable[[KeyRing], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._seen = self._mark()

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.look()

    def look(self) -> None:
        """Look once. Keys that cannot be read change nothing."""
        mark = self._mark()
        if mark == self._seen:
            return
        try:
            self._tell(key_ring(self._folder))
        except StartError as error:
            log.error("the signing keys changed, and cannot be used: %s", error)
        self._seen = mark

    def _mark(self) -> tuple[int, ...]:
        paths = (self._folder / "signing.key", self._folder / "signing.former")
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)
