"""SQLite's fast lane for batches of hot statements: changes are made where the server runs, only the commit waits in a thread.

A change in WAL mode is some microseconds of memory; a hop to a thread and back is a hundred, and so is each wait for the interpreter's
lock when that thread comes back from SQLite, once for every row. The commit is what takes time: it waits for the disk, in the thread.
SQLAlchemy writes each statement once (see `sqlite_plan.py`); running it is the driver's, for SQLAlchemy's own way there takes longer
than SQLite's.
"""

import sqlite3
from collections.abc import Sequence
from typing import cast

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from server.db.batch import HotJob
from server.db.commit_thread import CommitThread
from server.db.errors import StorageError
from server.db.sqlite import prepare
from server.db.sqlite_plan import Plan
from server.db.statements import Hot, grouped


class SqliteLane:
    """One connection of its own. It never waits for a lock: a file that is locked by others is left to the slow way."""

    def __init__(self, url: URL) -> None:
        self._engine: Engine = create_engine(
            url.set(drivername="sqlite"),
            poolclass=NullPool,
            connect_args={"timeout": 0, "isolation_level": "IMMEDIATE", "check_same_thread": False},
        )
        prepare(self._engine, writes=True, busy_timeout_s=0)
        self._connection: PoolProxiedConnection | None = None
        self._plans: dict[Hot, Plan] = {}
        self._thread = CommitThread("database-commit")

    async def run(self, jobs: Sequence[HotJob]) -> bool:
        """Run and commit the jobs. False when that did not go through: then nothing was kept, and the slow way tells why.

        Raises StorageError when the commit failed, after which it is not sure that nothing was kept.
        """
        try:
            driver = self._connected()
            for hot, rows in grouped(op for job in jobs for op in job.ops):
                plan = self._plans.get(hot) or self._plans.setdefault(hot, Plan.of(hot, rows[0], self._engine.dialect))
                driver.executemany(plan.sql, plan.rows(rows))
        except Exception:  # noqa: BLE001 (drivers raise OverflowError and the like; the slow way meets it again and reports it)
            self.drop()
            return False
        try:
            await self._thread.run(driver.commit, [job.meanwhile for job in jobs if job.meanwhile is not None])
        except sqlite3.Error as error:
            self.drop()
            raise StorageError(f"the database could not write: {error}") from error
        return True

    def drop(self) -> None:
        """Close the connection, which undoes what was not committed; the next batch opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Wait for a commit that is under way, then close."""
        self._thread.close()
        self.drop()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        return cast("sqlite3.Connection", self._connection.driver_connection)
