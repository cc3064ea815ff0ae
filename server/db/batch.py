"""One batch of the writer's jobs in one transaction: hot ones merged, general ones as barriers, a culprit found and left out."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db.errors import StorageError, is_storage_failure
from server.db.statements import Op, grouped

Work = Callable[[AsyncSession], Awaitable[Any]]
AfterCommit = Callable[[], None]


@dataclass(eq=False, slots=True)
class Job:
    """What a caller waits for. `done` is settled by the writer, after the commit; `result` and `error` by the batch."""

    done: Future[Any]
    after_commit: AfterCommit | None
    result: Any = field(default=None, init=False)
    error: Exception | None = field(default=None, init=False)


@dataclass(eq=False, slots=True)
class HotJob(Job):
    """Ops that may merge with others of their kind. `meanwhile` is called while the disk is waited for, where that can be told."""

    ops: Sequence[Op]
    meanwhile: Callable[[], None] | None = None


@dataclass(eq=False, slots=True)
class GeneralJob(Job):
    """A function of a session: sees all that was submitted before it."""

    work: Work


async def run_batch(connection: AsyncConnection, jobs: Sequence[Job]) -> None:
    """Run and commit the jobs. A job at fault has its `error` set and leaves nothing behind; the others are kept.

    Raises StorageError when the database failed: then nothing of the batch was kept, and the connection is to be dropped.
    """
    try:
        if not await _all_hot(connection, jobs):
            await _begin(connection)
            for segment in _segments(jobs):
                await _run_segment(connection, segment)
        await connection.commit()
    except StorageError:
        raise
    except Exception as error:
        if is_storage_failure(error):
            raise _storage_error(error) from error
        raise


async def _all_hot(connection: AsyncConnection, jobs: Sequence[Job]) -> bool:
    """The common case, without savepoints. False, with nothing done, where it does not apply or a statement was refused."""
    hot = [job for job in jobs if isinstance(job, HotJob)]
    if len(hot) != len(jobs):
        return False
    try:
        await _run_ops(connection, hot)
    except Exception as error:  # noqa: BLE001 (drivers raise OverflowError and the like for values that they cannot bind)
        _raise_if_storage(error)
        await connection.rollback()
        return False
    return True


async def _run_ops(connection: AsyncConnection, jobs: Sequence[HotJob]) -> None:
    for hot, rows in grouped(op for job in jobs for op in job.ops):
        await connection.execute(hot.statement, rows)


def _segments(jobs: Sequence[Job]) -> Iterator[list[HotJob] | GeneralJob]:
    for _, same in groupby(jobs, key=lambda job: job if isinstance(job, GeneralJob) else None):
        members = list(same)
        if isinstance(members[0], GeneralJob):
            yield members[0]
        else:
            yield [job for job in members if isinstance(job, HotJob)]


async def _run_segment(connection: AsyncConnection, segment: list[HotJob] | GeneralJob) -> None:
    if isinstance(segment, GeneralJob):
        await _run_general(connection, segment)
        return
    try:
        async with connection.begin_nested():
            await _run_ops(connection, segment)
    except Exception as error:  # noqa: BLE001 (as above)
        _raise_if_lost(connection, error)
        for job in segment:
            await _run_alone(connection, job)


async def _run_alone(connection: AsyncConnection, job: HotJob) -> None:
    try:
        async with connection.begin_nested():
            await _run_ops(connection, [job])
    except Exception as error:  # noqa: BLE001 (as above; the caller gets it)
        _raise_if_lost(connection, error)
        job.error = error


async def _run_general(connection: AsyncConnection, job: GeneralJob) -> None:
    session = AsyncSession(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
    try:
        async with session, session.begin():
            job.result = await job.work(session)
    except Exception as error:  # noqa: BLE001 (whatever the caller's function raises is the caller's)
        _raise_if_lost(connection, error)
        job.error = error


async def _begin(connection: AsyncConnection) -> None:
    """Begin before the first savepoint, with SQLite's write lock: its driver begins by itself only at the first change."""
    await connection.begin()
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")


def _raise_if_storage(error: Exception) -> None:
    if is_storage_failure(error):
        raise _storage_error(error) from error


def _raise_if_lost(connection: AsyncConnection, error: Exception) -> None:
    """Also where SQLite undid the whole transaction by itself, as it may when the disk is full, savepoints and all."""
    _raise_if_storage(error)
    if connection.invalidated or not connection.in_transaction():
        raise _storage_error(error) from error
    if connection.dialect.name == "sqlite":
        driver = connection.sync_connection and connection.sync_connection.connection.driver_connection
        if not getattr(driver, "in_transaction", False):
            raise _storage_error(error) from error


def _storage_error(error: Exception) -> StorageError:
    return StorageError(f"the database could not write: {getattr(error, 'orig', None) or error}")
