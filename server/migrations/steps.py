"""Bringing a database's tables up to this program's, and knowing whether they are."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection
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


def steps_to_do(connection: Connection) -> list[str]:
    """The revisions that the database does not have, the first one first. Raises SchemaError when it has one that is unknown here."""
    script = ScriptDirectory.from_config(alembic_config())
    heads = MigrationContext.configure(connection).get_current_heads()
    try:
        missing = [step.revision for step in script.iterate_revisions("heads", heads or "base")]
    except (CommandError, RevisionError) as error:
        raise SchemaError("a newer version of this program has changed the database; start that version") from error
    return missing[::-1]


async def pending(engine: AsyncEngine) -> list[str]:
    """As `steps_to_do`, over a connection of the engine's."""
    async with engine.connect() as connection:
        return await connection.run_sync(steps_to_do)


async def migrate(engine: AsyncEngine) -> list[str]:
    """Take all missing steps in one transaction, and return them. Raises SchemaError as `steps_to_do` does."""
    async with engine.connect() as connection:
        if not await connection.run_sync(steps_to_do):
            return []
        await connection.rollback()
        await connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else _POSTGRES_LOCK)
        missing = await connection.run_sync(steps_to_do)
        await connection.run_sync(_upgrade)
        await connection.commit()
        return missing


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "heads")
