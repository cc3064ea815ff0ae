"""The database: SQLite or PostgreSQL by its address, one writer, and readers apart from it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db.errors import StorageError, is_storage_failure
from server.db.sqlite import prepare
from server.db.sqlite_lane import SqliteLane
from server.db.writer import QUEUE_LIMIT, Writer

READERS: Final = 4
BUSY_TIMEOUT_S: Final = 5
COMMAND_TIMEOUT_S: Final = 30


class Database:
    """The way to the data: `writer` for every change, `read()` for everything else."""

    def __init__(self, url: str | URL, *, readers: int = READERS, queue_limit: int = QUEUE_LIMIT) -> None:
        self.url: URL = make_url(url)
        self.dialect: str = self.url.get_backend_name()
        self._writing = _engine(self.url, connections=1, writes=True)
        self._reading = _engine(self.url, connections=readers, writes=False)
        lane = SqliteLane(self.url) if self.dialect == "sqlite" else None
        self.writer = Writer(self._writing, lane, queue_limit=queue_limit)

    @property
    def engine(self) -> AsyncEngine:
        """The engine that may write: for migrations, before the writer serves. It has one connection."""
        return self._writing

    @property
    def reading(self) -> AsyncEngine:
        """The readers' engine, for what needs a connection rather than a session."""
        return self._reading

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, None for a server."""
        return Path(self.url.database) if self.dialect == "sqlite" and self.url.database else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of what is committed, and cannot write.

        Raises StorageError when the database cannot be read, or no reader was free for 10 s.
        """
        try:
            async with AsyncSession(self._reading, expire_on_commit=False, autoflush=False) as session:
                yield session
        except PoolTimeoutError as error:
            raise StorageError("all readers of the database are busy") from error
        except DBAPIError as error:
            if is_storage_failure(error):
                raise StorageError(f"the database could not read: {error.orig}") from error
            raise

    async def close(self) -> None:
        """Close every connection. The writer must have ended."""
        await self._reading.dispose()
        await self._writing.dispose()


def _engine(url: URL, *, connections: int, writes: bool) -> AsyncEngine:
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10,
        connect_args=_sqlite_arguments(writes=writes) if sqlite else _postgres_arguments(writes=writes),
    )
    if sqlite:
        prepare(engine.sync_engine, writes=writes, busy_timeout_s=BUSY_TIMEOUT_S)
    return engine


def _sqlite_arguments(*, writes: bool) -> dict[str, Any]:
    return {"timeout": BUSY_TIMEOUT_S, "isolation_level": "IMMEDIATE" if writes else None}


def _postgres_arguments(*, writes: bool) -> dict[str, Any]:
    server_settings = {"application_name": "congtac", "timezone": "UTC"}
    if not writes:
        server_settings["default_transaction_read_only"] = "on"
        server_settings["default_transaction_isolation"] = "repeatable read"
    return {"timeout": 10, "command_timeout": COMMAND_TIMEOUT_S, "server_settings": server_settings}
