"""The one writer: many callers, one transaction at a time, one commit for all who wait (group commit)."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db.batch import AfterCommit, GeneralJob, HotJob, Job, run_batch
from server.db.errors import StorageError, WriterBusy
from server.db.sqlite_lane import SqliteLane
from server.db.statements import Op

T = TypeVar("T")

QUEUE_LIMIT: Final = 4096
BATCH_LIMIT: Final = 256

log = logging.getLogger(__name__)


class Writer:
    """Keeps what it is given, in order, and says so only after the commit.

    `serve()` does the work and runs as one task for as long as the server does. What was submitted before a job is visible to it.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        lane: SqliteLane | None = None,
        *,
        queue_limit: int = QUEUE_LIMIT,
        batch_limit: int = BATCH_LIMIT,
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._queue_limit = queue_limit
        self._batch_limit = batch_limit
        self._queue: deque[Job] = deque()
        self._patient: deque[Job] = deque()
        self._patience_over = False
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._ended = False
        self._connection: AsyncConnection | None = None
        self.failing: StorageError | None = None
        """What the last batch failed with, None once a batch was kept."""

    @property
    def waiting(self) -> int:
        """How many jobs are queued."""
        return len(self._queue) + len(self._patient)

    def submit(
        self,
        *ops: Op,
        after_commit: AfterCommit | None = None,
        within_s: float = 0,
        meanwhile: Callable[[], None] | None = None,
    ) -> asyncio.Future[None]:
        """Queue hot ops as one unit: all are kept or none. The future is done after the commit.

        `within_s`: nobody waits for these, so the commit may come so much later, to be one with others that may wait. What may
        not wait can come before them; a function given to `run` sees them all the same.

        `after_commit` runs right after the commit and before the future's waiters, in the order of submission; it must not raise.
        `meanwhile` may be called, at most once, while the disk is waited for: for what is better done by then, and can be done later.
        Raises WriterBusy when the queue is full and StorageError when the writer has ended. The future raises StorageError when
        the database failed, and the database's own error (such as IntegrityError) when these ops were at fault.
        """
        job = HotJob(self._future(), after_commit, ops, meanwhile)
        self._put(job, within_s)
        return job.done

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]], *, after_commit: AfterCommit | None = None) -> T:
        """Run a function with a session of the write transaction, and return its result after the commit.

        It runs once, alone, inside a savepoint: what it raises undoes its own changes only, and is raised here. It must wait for
        nothing but its session, for the whole writer waits with it. Raises as `submit` does.
        """
        job = GeneralJob(self._future(), after_commit, work)
        self._put(job)
        return cast("T", await job.done)

    async def serve(self) -> None:
        """Write batches until `stop`. Whoever still waits when it ends for another reason gets a StorageError."""
        batch: list[Job] = []
        try:
            while batch := await self._take():
                await self._keep(batch)
        except Exception:
            log.exception("the writer broke down, and with it the server")
            raise
        finally:
            self._ended = True
            self._cancel_timer()
            await self._close()  # before anybody is told: who hears of it may cancel this task, and the cause would be lost
            for job in (*batch, *self._patient, *self._queue):
                _settle(job, StorageError("the writer has ended"))
            self._patient.clear()
            self._queue.clear()

    def stop(self) -> None:
        """Let `serve` end once all that is queued has been written."""
        self._stopping = True
        self._due.set()

    def _future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    def _put(self, job: Job, within_s: float = 0) -> None:
        if self._ended or self._stopping:
            raise StorageError("the writer has ended")
        if self.waiting >= self._queue_limit:
            raise WriterBusy(self.waiting)
        if within_s <= 0:
            self._queue.append(job)
            self._due.set()
            return
        self._patient.append(job)
        loop = asyncio.get_running_loop()
        if self._timer is None or loop.time() + within_s < self._timer.when():
            self._cancel_timer()
            self._timer = loop.call_later(within_s, self._lose_patience)

    def _lose_patience(self) -> None:
        self._timer = None
        self._patience_over = True
        self._due.set()

    async def _take(self) -> list[Job]:
        """The next batch, once something is due. Empty: the end."""
        while not (self._queue or self._patience_over or self._stopping):
            self._due.clear()
            await self._due.wait()
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_limit))]
        if any(isinstance(job, GeneralJob) for job in batch):
            batch[:0] = self._take_patient(len(self._patient))
        elif self._patience_over or self._stopping:
            batch[:0] = self._take_patient(self._batch_limit)
        return batch

    def _take_patient(self, most: int) -> list[Job]:
        taken = [self._patient.popleft() for _ in range(min(len(self._patient), most))]
        if not self._patient:
            self._patience_over = False
            self._cancel_timer()
        return taken

    def _cancel_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    async def _keep(self, batch: list[Job]) -> None:
        try:
            if not await self._took_the_lane(batch):
                await run_batch(await self._connected(), batch)
        except (StorageError, SQLAlchemyError, OSError) as error:
            await self._fail(batch, error)
            return
        self.failing = None
        for job in batch:
            if job.error is None and job.after_commit is not None:
                _call(job.after_commit)
            _settle(job, job.error)

    async def _took_the_lane(self, batch: list[Job]) -> bool:
        hot = [job for job in batch if isinstance(job, HotJob)]
        return self._lane is not None and len(hot) == len(batch) and await self._lane.run(hot)

    async def _fail(self, batch: list[Job], error: Exception) -> None:
        failure = error if isinstance(error, StorageError) else StorageError(f"the database could not write: {error}")
        if self.failing is None:
            log.error("writing failed, jobs=%d: %s", len(batch), failure)
        self.failing = failure
        await self._drop_connection()
        for job in batch:
            _settle(job, failure)

    async def _connected(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._engine.connect()
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.invalidate()
            await connection.close()
        except (SQLAlchemyError, OSError) as error:
            log.warning("closing the writer's connection: %s", error)

    async def _close(self) -> None:
        await self._drop_connection()
        if self._lane is not None:
            self._lane.close()


def _settle(job: Job, error: Exception | None) -> None:
    if job.done.done():
        return
    if error is None:
        job.done.set_result(job.result)
    else:
        job.done.set_exception(error)


def _call(after_commit: AfterCommit) -> None:
    try:
        after_commit()
    except Exception:
        log.exception("a callback after a commit failed; what was written stays written")
