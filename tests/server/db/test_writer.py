"""The writer's contract, on every database that we support."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import Pool
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db import Database, Op, StorageError, WriterBusy
from tests.server.db.ledger import ADD, ADD_ONCE, SET_NOTE, Entry, entry


@asynccontextmanager
async def opened(address: str, *, queue_limit: int = 4096) -> AsyncIterator[Database]:
    database = Database(address, queue_limit=queue_limit)
    async with database.engine.begin() as connection:
        await connection.run_sync(Entry.metadata.create_all)
    serving = asyncio.create_task(database.writer.serve(), name="writer")
    try:
        yield database
    finally:
        database.writer.stop()
        await serving
        await database.close()


async def kept(database: Database) -> dict[str, str]:
    async with database.read() as session:
        return {row.id: row.note for row in await session.exec(select(Entry))}


async def test_what_is_submitted_is_kept_once_its_future_is_done(address: str) -> None:
    async with opened(address) as database:
        await database.writer.submit(ADD(**entry("a", "one")))
        assert await kept(database) == {"a": "one"}


async def test_the_ops_of_one_job_are_kept_together_or_not_at_all(address: str) -> None:
    async with opened(address) as database:
        with pytest.raises(IntegrityError):
            await database.writer.submit(ADD(**entry("a")), ADD(**entry("a")))
        assert await kept(database) == {}


async def test_a_job_at_fault_fails_alone(address: str) -> None:
    async with opened(address) as database:
        await database.writer.submit(ADD(**entry("a", "first")))
        results = await asyncio.gather(
            *(database.writer.submit(ADD(**entry(name, "batch"))) for name in ("b", "a", "c")), return_exceptions=True
        )
        assert [type(result) for result in results] == [type(None), IntegrityError, type(None)]
        assert await kept(database) == {"a": "first", "b": "batch", "c": "batch"}


async def test_a_value_that_the_driver_cannot_bind_fails_only_its_own_job(address: str) -> None:
    async with opened(address) as database:
        results = await asyncio.gather(
            database.writer.submit(ADD(**entry("a"))),
            database.writer.submit(ADD(**entry("b", count=2**80))),
            database.writer.submit(ADD(**entry("c"))),
            return_exceptions=True,
        )
        assert [isinstance(result, Exception) for result in results] == [False, True, False]
        assert await kept(database) == {"a": "", "c": ""}


async def test_ops_run_by_rank_and_inside_a_rank_in_the_order_of_submission(address: str) -> None:
    async with opened(address) as database:
        await asyncio.gather(
            database.writer.submit(SET_NOTE(entry="a", new_note="early")),
            database.writer.submit(ADD(**entry("a", "new"))),
            database.writer.submit(SET_NOTE(entry="a", new_note="late")),
        )
        assert await kept(database) == {"a": "late"}


async def test_an_insert_that_ignores_what_is_there_changes_nothing(address: str) -> None:
    async with opened(address) as database:
        await asyncio.gather(*(database.writer.submit(ADD_ONCE(**entry("a", note))) for note in ("one", "two")))
        await database.writer.submit(ADD_ONCE(**entry("a", "three")))
        assert await kept(database) == {"a": "one"}


async def test_a_general_job_sees_what_was_submitted_before_it_and_not_what_comes_after(address: str) -> None:
    async def look(session: AsyncSession) -> list[str]:
        return sorted((await session.exec(select(Entry.id))).all())

    async with opened(address) as database:
        before = database.writer.submit(ADD(**entry("a")))
        looking = asyncio.ensure_future(database.writer.run(look))
        await asyncio.sleep(0)
        after = database.writer.submit(ADD(**entry("b")))
        assert await looking == ["a"]
        await asyncio.gather(before, after)
        assert await kept(database) == {"a": "", "b": ""}


async def test_a_general_job_that_raises_undoes_only_itself(address: str) -> None:
    async def stumble(session: AsyncSession) -> None:
        session.add(Entry(id="half"))
        await session.flush()
        raise LookupError("nothing there")

    async def add(session: AsyncSession) -> str:
        session.add(Entry(id="whole"))
        return "done"

    async with opened(address) as database:
        results = await asyncio.gather(
            database.writer.submit(ADD(**entry("a"))),
            database.writer.run(stumble),
            database.writer.run(add),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), LookupError, str]
        assert await kept(database) == {"a": "", "whole": ""}


async def test_a_general_job_that_breaks_a_constraint_at_its_end_fails_alone(address: str) -> None:
    async def add_again(session: AsyncSession) -> None:
        session.add(Entry(id="a", note="again"))

    async with opened(address) as database:
        results = await asyncio.gather(
            database.writer.submit(ADD(**entry("a", "first"))), database.writer.run(add_again), return_exceptions=True
        )
        assert [type(result) for result in results] == [type(None), IntegrityError]
        assert await kept(database) == {"a": "first"}


async def test_callbacks_run_after_the_commit_in_order_and_only_for_what_was_kept(address: str) -> None:
    told: list[str] = []

    async with opened(address) as database:
        await asyncio.gather(
            *(
                database.writer.submit(ADD(**entry(name)), after_commit=lambda name=name: told.append(name))
                for name in ("a", "b", "a", "c")
            ),
            return_exceptions=True,
        )
        assert told == ["a", "b", "c"]


async def test_a_callback_that_raises_is_logged_and_harms_nobody(address: str, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ValueError("broken callback")

    async with opened(address) as database:
        await asyncio.gather(
            database.writer.submit(ADD(**entry("a")), after_commit=broken), database.writer.submit(ADD(**entry("b")))
        )
        assert await kept(database) == {"a": "", "b": ""}
    assert "broken callback" in caplog.text


async def test_a_full_queue_refuses_at_once(address: str) -> None:
    async with opened(address, queue_limit=2) as database:
        accepted = [database.writer.submit(ADD(**entry(name))) for name in ("a", "b")]
        with pytest.raises(WriterBusy) as refused:
            database.writer.submit(ADD(**entry("c")))
        assert refused.value.waiting == 2
        await asyncio.gather(*accepted)
        assert await kept(database) == {"a": "", "b": ""}


async def test_a_waiter_that_gives_up_does_not_stop_the_others(address: str) -> None:
    async with opened(address) as database:
        leaver, stayer = (database.writer.submit(ADD(**entry(name))) for name in ("a", "b"))
        leaver.cancel()
        await stayer
        assert await kept(database) == {"a": "", "b": ""}


async def test_stopping_writes_what_is_queued_and_refuses_what_comes_after(address: str) -> None:
    async with opened(address) as database:
        last = database.writer.submit(ADD(**entry("a")))
        database.writer.stop()
        with pytest.raises(StorageError):
            database.writer.submit(ADD(**entry("b")))
        await last
        assert await kept(database) == {"a": ""}


async def test_a_writer_that_is_cut_down_leaves_nobody_waiting(address: str) -> None:
    async def never_ends(_session: AsyncSession) -> None:
        working.set()
        await asyncio.Event().wait()

    database, working = Database(address), asyncio.Event()
    serving = asyncio.create_task(database.writer.serve(), name="writer")
    stuck = asyncio.create_task(database.writer.run(never_ends), name="stuck")
    await working.wait()
    waiting = database.writer.submit(ADD(**entry("a")))
    serving.cancel()
    results = await asyncio.gather(serving, stuck, waiting, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError, StorageError, StorageError]
    await database.close()


async def test_a_reader_cannot_write(address: str) -> None:
    async with opened(address) as database:
        with pytest.raises((DBAPIError, StorageError)):
            async with database.read() as session:
                await session.exec(text("DELETE FROM entry"))  # type: ignore[call-overload]


async def test_a_reader_sees_one_state_throughout(address: str) -> None:
    async with opened(address) as database, database.read() as session:
        first = (await session.exec(select(Entry.id))).all()
        await database.writer.submit(ADD(**entry("a")))
        assert (await session.exec(select(Entry.id))).all() == first == []


async def test_many_submitters_share_commits(address: str) -> None:
    async with opened(address) as database:
        await asyncio.gather(*(database.writer.submit(ADD(**entry(f"{n:04}"))) for n in range(1500)))
        assert len(await kept(database)) == 1500


async def test_a_locked_sqlite_file_fails_the_jobs_and_the_writer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.db.database.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "locked.db"
    async with opened(f"sqlite+aiosqlite:///{path}") as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            await database.writer.submit(ADD(**entry("a")))
        assert database.writer.failing is not None
        other.execute("ROLLBACK")
        other.close()
        await database.writer.submit(ADD(**entry("b")))
        assert database.writer.failing is None
        assert await kept(database) == {"b": ""}


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Every SQLite file may grow to 8 pages."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 8")
        cursor.close()

    event.listen(Pool, "connect", limit)
    yield
    event.remove(Pool, "connect", limit)


@pytest.mark.usefixtures("small_disk")
async def test_a_full_disk_fails_the_jobs_and_the_writer_goes_on(tmp_path: Path) -> None:
    async with opened(f"sqlite+aiosqlite:///{tmp_path / 'full.db'}") as database:
        small = database.writer.submit(ADD(**entry("small")))
        large = database.writer.submit(ADD(**entry("large", "x" * 100_000)))
        results = await asyncio.gather(small, large, return_exceptions=True)
        assert [type(result) for result in results] == [StorageError, StorageError]
        assert "full" in str(results[0])
        await database.writer.submit(ADD(**entry("later")))
        assert await kept(database) == {"later": ""}


async def test_a_lost_database_server_fails_the_jobs_and_the_writer_comes_back(postgres_server: str) -> None:
    async def end_the_others(session: AsyncSession) -> None:
        statement = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
        )
        await session.exec(statement)  # type: ignore[call-overload]

    async with opened(f"{postgres_server}/postgres") as database, opened(f"{postgres_server}/postgres") as other:
        await database.writer.submit(ADD_ONCE(**entry("a")))
        await other.writer.run(end_the_others)
        with pytest.raises(StorageError):
            await database.writer.submit(ADD_ONCE(**entry("b")))
        await database.writer.submit(ADD_ONCE(**entry("c")))
        assert await kept(database) == {"a": "", "c": ""}


async def test_a_job_of_a_hot_statement_may_name_parameters_as_a_mapping(address: str) -> None:
    async with opened(address) as database:
        await database.writer.submit(Op(ADD, entry("a", "mapped")))
        assert await kept(database) == {"a": "mapped"}
