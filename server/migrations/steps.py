"""Bringing a database's tables up to this program's, and knowing whether they are.

An empty database gets the tables as the models have them, at once; one with tables takes each step that it lacks. A test holds that both
lead to the same.
"""

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from server.errors import CongtacError

_POSTGRES_LOCK: Final = "SELECT pg_advisory_xact_lock(4858219)"


class SchemaError(CongtacError):
    """The tables do not fit this program. The text says what to do."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the steps of this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def steps_to_do(connection: Connection) -> list[str]:
    """The revisions that the database does not have, the first one first. Raises SchemaError when it has one that is unknown here."""
    heads = MigrationContext.configure(connection).get_current_heads()
    try:
        missing = [step.revision for step in _script().iterate_revisions("heads", heads or "base")]
    except (CommandError, RevisionError) as error:
        raise SchemaError("a newer version of this program has changed the database; start that version") from error
    return missing[::-1]


async def pending(engine: AsyncEngine) -> list[str]:
    """As `steps_to_do`, over a connection of the engine's."""
    async with engine.connect() as connection:
        return await connection.run_sync(steps_to_do)


async def migrate(engine: AsyncEngine) -> list[str]:
    """Do all that is missing in one transaction, and return the steps that it stands for. Raises SchemaError as `steps_to_do` does."""
    async with engine.connect() as connection:
        if not await connection.run_sync(steps_to_do):
            return []
        await connection.rollback()
        await connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else _POSTGRES_LOCK)
        missing = await connection.run_sync(steps_to_do)
        if missing:
            await connection.run_sync(_begin if await connection.run_sync(_is_empty) else take_steps)
        await connection.commit()
        return missing


def take_steps(connection: Connection) -> None:
    """Step by step, whatever the database has."""
    command.upgrade(alembic_config(connection), "heads")


def _is_empty(connection: Connection) -> bool:
    return not inspect(connection).get_table_names()


def _begin(connection: Connection) -> None:
    from server.models import metadata  # late: the models' own packages lead here

    metadata.create_all(connection, checkfirst=False)
    MigrationContext.configure(connection).stamp(_script(), "heads")
