"""Opening the database at a start: the folder made, the tables brought up to date or their owner told to do it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db import Database
from server.errors import CongtacError
from server.migrations import migrate, pending
from server.settings import Settings


class StartError(CongtacError):
    """The server cannot start. The text says why, and what to do."""


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    """The database with its tables ready; its writer does not serve yet.

    SQLite's tables are brought up to date, PostgreSQL's must be. Raises StartError, or SchemaError when a newer program has been here.
    """
    async with _made_database(settings) as database:
        if database.dialect == "sqlite":
            await _told(database, migrate)
        elif missing := await _told(database, pending):
            raise StartError(f"the database lacks {len(missing)} of this version's changes. Run: congtac admin migrate")
        yield database


async def migrate_database(settings: Settings) -> list[str]:
    """Take the missing steps, and return them. Raises as `opened_database` does."""
    async with _made_database(settings) as database:
        return await _told(database, migrate)


@asynccontextmanager
async def _made_database(settings: Settings) -> AsyncIterator[Database]:
    _make_folder(settings.data_dir)
    database = Database(settings.database)
    try:
        yield database
    finally:
        await database.close()


async def _told(database: Database, step: Callable[[AsyncEngine], Awaitable[list[str]]]) -> list[str]:
    try:
        return await step(database.engine)
    except (SQLAlchemyError, OSError) as error:
        raise StartError(_cannot_open(database, error)) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"the data folder {folder} cannot be made: {error.strerror}. Choose another with CONGTAC_DATA_DIR, or mend its permissions"
        ) from error


def _cannot_open(database: Database, error: Exception) -> str:
    where = database.url.render_as_string(hide_password=True)
    what = getattr(error, "orig", None) or error
    hint = (
        "Is its folder writable, and the disk not full?" if database.dialect == "sqlite" else "Does it run, and may this user in?"
    )
    return f"the database {where} cannot be opened: {what}. {hint}"
