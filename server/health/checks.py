"""What must hold for the server to do its work. Other parts add theirs: `checks.add("broker", check)`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from server.clock import Clock
from server.db import Database, StorageError, WriterBusy
from server.db.facts import REMEMBER
from server.errors import CongtacError
from server.migrations import pending

TIMEOUT_S: Final = 3.0
OK: Final = "ok"

Check = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


class NotReady(CongtacError):  # noqa: N818 (a state)
    """Why a check does not hold, in words that anybody may read."""


class Checks:
    """Checks by name. Their outcome is kept for a moment, so that asking often costs nothing."""

    def __init__(self, clock: Clock, keep_ms: int = 2000) -> None:
        self._clock = clock
        self._keep_ms = keep_ms
        self._checks: dict[str, Check] = {}
        self._outcome: dict[str, str] = {}
        self._at_ms: int | None = None
        self._lock = asyncio.Lock()

    def add(self, name: str, check: Check) -> None:
        """A check returns when all is well, and raises when it is not; NotReady's text is told to whoever asks."""
        self._checks[name] = check

    async def outcome(self) -> dict[str, str]:
        """`ok` or what is wrong, by name. All checks run at once, each for 3 s at most."""
        async with self._lock:
            now = self._clock()
            if self._at_ms is None or not self._at_ms <= now < self._at_ms + self._keep_ms:
                words = await asyncio.gather(*(self._run(name, check) for name, check in self._checks.items()))
                self._outcome, self._at_ms = dict(zip(self._checks, words, strict=True)), now
            return self._outcome

    async def _run(self, name: str, check: Check) -> str:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await check()
        except NotReady as why:
            return str(why)
        except TimeoutError:
            return f"no answer within {TIMEOUT_S:g} s"
        except Exception:
            log.exception("the check %s failed", name)
            return "failed; the server's log has the details"
        return OK


def database_check(database: Database, clock: Clock) -> Check:
    """A write is kept."""

    async def check() -> None:
        try:
            await database.writer.submit(REMEMBER(key="ready", value=str(clock())))
        except WriterBusy:
            raise NotReady("more waits to be written than can be") from None
        except StorageError as error:
            log.warning("not ready: %s", error)
            raise NotReady("the database does not take writes") from None

    return check


def schema_check(database: Database) -> Check:
    """The tables are those of this program."""

    async def check() -> None:
        if await pending(database.reading):
            raise NotReady("the database's tables are older than this program: congtac admin migrate")

    return check
