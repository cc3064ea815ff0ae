"""The one who keeps the trail: entries are taken at once, and written a moment later, many together, each after the one before."""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from server.audit.chain import Entry, Link
from server.audit.flood import Flood
from server.audit.key import Head
from server.audit.notes import NOBODY, SERVER, entry
from server.audit.table import find_end, put_after, trim
from server.clock import Clock
from server.db import Database, StorageError, WriterBusy

log = logging.getLogger("congtac.audit")

DAY_MS: Final = 24 * 3600 * 1000
LAZY_S: Final = 0.25
AGAIN_S: Final = 1.0
CHORES_S: Final = 60.0
AT_ONCE: Final = 64
MOST_WAITING: Final = 10_000
TRIM_EVERY_MS: Final = 3600 * 1000
TRIM_AT_ONCE: Final = 1_000


class Trail:
    """Keeps entries in the order in which they were recorded. `record` never fails and never waits.

    What cannot be written is tried again; when too much waits, the newest are lost, which the log and the next row tell.
    """

    def __init__(
        self,
        database: Database,
        key: bytes,
        head: Head,
        now_ms: Clock,
        days: int,
        *,
        again_s: float = AGAIN_S,
        most: int = MOST_WAITING,
    ) -> None:
        self._database = database
        self._key = key
        self._head = head
        self._ending = False
        self._kept_end: Link | None = None
        self._aside = ThreadPoolExecutor(1, "audit-head")
        self._now_ms = now_ms
        self._days = days
        self._again_s = again_s
        self._most = most
        self._waiting: deque[Entry] = deque()
        self._flood = Flood()
        self._lost = 0
        self._end: Link | None = None
        self._tried: Link | None = None
        self._sent = False
        self._failing = False
        self._took = False
        self._due = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._timer: asyncio.TimerHandle | None = None
        self._trimmed_ms = now_ms()

    async def open(self) -> None:
        """Find the end of what earlier runs wrote. Raises StorageError."""
        async with self._database.read() as session:
            self._end = await find_end(session)

    def record(self, told: Entry, *, soon: bool = True) -> None:
        """Keep an entry; `soon=False`: it may wait a quarter of a second for others, as what is kept elsewhere too."""
        if (told.status >= 400 or told.actor == NOBODY) and not self._flood.admit(told):
            return
        if len(self._waiting) >= self._most:
            if self._lost == 0:
                log.error("the audit trail has a gap from here on: %d entries wait already", len(self._waiting))
            self._lost += 1
            return
        self._waiting.append(told)
        self._empty.clear()
        if soon or len(self._waiting) >= AT_ONCE:
            self._due.set()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LAZY_S, self._due.set)

    async def written(self, within_s: float = 1.0) -> bool:
        """Whether all that was recorded is on disk, at the latest after that time."""
        self._due.set()
        try:
            async with asyncio.timeout(within_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write, until cancelled; what waits then is handed to the writer."""
        try:
            await self._note_end_aside(None)  # so that the thread is there
            while True:
                await self._something_due()
                self._tell_counted()
                await self._write_all()
                await self._trim()
        finally:
            self._ending = True
            self._stop_timer()
            self._tell_counted(end=True)
            self._hand_over()
            self._aside.shutdown()
            self._note_end(self._kept_end)  # of what was kept just before, nobody may have come to note the end

    async def _something_due(self) -> None:
        try:
            async with asyncio.timeout(CHORES_S):
                await self._due.wait()
        except TimeoutError:
            pass
        self._stop_timer()
        self._due.clear()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _tell_counted(self, *, end: bool = False) -> None:
        self._waiting.extend(self._flood.counted(self._now_ms(), end=end))

    async def _write_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            try:
                await self._write(batch)
            except asyncio.CancelledError:
                if not self._sent:
                    self._waiting.extendleft(reversed(batch))
                raise
            if self._lost and self._took and not self._waiting:
                lost, self._lost = self._lost, 0
                self._waiting.append(entry(self._now_ms(), SERVER, "gap", status=500, facts={"entries": lost}))
        self._empty.set()

    async def _write(self, batch: list[Entry]) -> None:
        for pause_s in repeat(self._again_s):
            if await self._wrote(batch):
                return
            await asyncio.sleep(pause_s if self._failing else 0)

    async def _wrote(self, batch: list[Entry]) -> bool:
        """Whether these entries are done with. False: try again."""
        try:
            if self._end is None:
                await self.open()
                if self._end == self._tried:
                    return True  # the word of its commit was lost, not the commit
            await self._submitted(batch)
        except IntegrityError:
            log.debug("another process put a row there: go after it")
        except (StorageError, WriterBusy) as error:
            if not self._failing:
                log.error("the audit trail cannot be written, and will be tried again: %s", error)
            self._failing = True
        except Exception:
            log.exception("the audit trail has a gap: the database refused %d entries", len(batch))
            self._lost += len(batch)
            self._end, self._sent, self._took = None, False, False
            return True
        else:
            await self._note_end_aside(self._end)
            self._sent, self._took = False, True
            return True
        self._end, self._sent = None, False
        return False

    def _submitted(self, batch: list[Entry]) -> "asyncio.Future[None]":
        if self._end is None:
            raise StorageError("the end of the audit trail is not known")
        ops, end = put_after(self._key, self._end, batch)
        self._tried = None  # should the writer not even take it
        done = self._database.writer.submit(*ops, after_commit=partial(self._kept, end))
        self._end, self._tried, self._sent = end, end, True
        return done

    def _kept(self, end: Link) -> None:
        if self._failing:
            log.warning("the audit trail is written again")
        self._failing = False
        self._kept_end = end
        if self._ending:
            self._note_end(end)

    async def _note_end_aside(self, end: Link | None) -> None:
        """In a thread: a worn disk may take long for it, and nothing would be served meanwhile."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._aside, self._note_end, end)
        except RuntimeError as error:  # as where no more threads may be started
            log.warning("the end of the audit trail is noted where the server waits for it: %s", error)
            self._note_end(end)

    def _note_end(self, end: Link | None) -> None:
        try:
            if end is not None:
                self._head.write(end)
        except OSError as error:
            log.error("the end of the audit trail could not be noted outside the database: %s", error)

    def _hand_over(self) -> None:
        batch = list(self._waiting)
        self._waiting.clear()
        try:
            if batch:
                self._submitted(batch).add_done_callback(partial(_handed_over, len(batch)))
        except (StorageError, WriterBusy) as error:
            log.error("the audit trail ends with a gap: %d entries could not be written: %s", len(batch), error)

    async def _trim(self) -> None:
        now_ms = self._now_ms()
        if now_ms - self._trimmed_ms < TRIM_EVERY_MS:
            return
        self._trimmed_ms = now_ms
        try:
            await self.trim()
        except (StorageError, WriterBusy) as error:
            log.warning("old rows of the audit trail could not be removed: %s", error)
        if self._end is not None:
            log.info("audit head %d:%s", self._end.seq, self._end.hash)

    async def trim(self) -> int:
        """Remove what is older than `days` from the beginning, and seal the cut; how many rows went."""
        before_ms, gone = self._now_ms() - self._days * DAY_MS, 0
        while went := await self._database.writer.run(partial(_some, key=self._key, before_ms=before_ms)):
            gone += went
        return gone


async def _some(session: AsyncSession, *, key: bytes, before_ms: int) -> int:
    return await trim(session, key, before_ms, TRIM_AT_ONCE)


def _handed_over(number: int, done: "asyncio.Future[None]") -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("the audit trail ends with a gap: %d entries could not be written: %s", number, error)
