"""The steps lead exactly to the tables that the program expects, on every database, and so does the short way of an empty one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from server.migrations import SchemaError, migrate, pending
from server.migrations.steps import alembic_config, take_steps
from server.models import metadata
from server.opening import StartError, migrate_database, opened_database
from server.settings import Settings


@pytest.fixture
async def engine(address: str) -> AsyncIterator[AsyncEngine]:
    found = create_async_engine(address)
    yield found
    await found.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def shape(connection: Connection) -> dict[str, object]:
    """Each table with its columns and constraints, their names included: later steps will call them by those."""
    seen = inspect(connection)
    return {
        table: {
            "columns": sorted(
                (it["name"], str(it["type"]), it["nullable"], str(it["default"])) for it in seen.get_columns(table)
            ),
            "key": seen.get_pk_constraint(table),
            "foreign": sorted(map(_plain, seen.get_foreign_keys(table))),
            "unique": sorted(map(_plain, seen.get_unique_constraints(table))),
            "checks": sorted(map(_plain, seen.get_check_constraints(table))),
            "indexes": sorted(map(_plain, seen.get_indexes(table))),
        }
        for table in sorted(seen.get_table_names())
    }


def _plain(constraint: object) -> str:
    return str(sorted(dict(constraint).items()))  # type: ignore[call-overload]


async def step_by_step(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(take_steps)


@pytest.mark.parametrize("way", [step_by_step, migrate])
async def test_all_steps_make_the_tables_of_the_models(
    engine: AsyncEngine, way: Callable[[AsyncEngine], Awaitable[object]]
) -> None:
    await way(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(lambda held: set(inspect(held).get_table_names())) == {
            *metadata.tables,
            "alembic_version",
        }


async def test_an_empty_database_gets_what_the_steps_would_have_made(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.connect() as connection:
        at_once = await connection.run_sync(shape)
        await connection.rollback()
        await connection.run_sync(lambda held: command.downgrade(alembic_config(held), "base"))
        await connection.run_sync(take_steps)
        assert await connection.run_sync(shape) == at_once


async def test_a_database_with_tables_of_another_program_is_not_touched(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE site (id INTEGER)")
    with pytest.raises(SQLAlchemyError):
        await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(lambda held: inspect(held).get_table_names()) == ["site"]


async def test_steps_that_were_taken_are_not_taken_again(engine: AsyncEngine) -> None:
    assert await pending(engine) == await migrate(engine) != []
    assert await migrate(engine) == await pending(engine) == []


async def test_two_who_migrate_at_once_do_it_once(engine: AsyncEngine) -> None:
    both = await asyncio.gather(migrate(engine), migrate(engine))
    assert min(both, key=len) == []


async def test_who_is_signed_in_stays_so_when_sessions_learn_to_renew(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(lambda held: command.upgrade(alembic_config(held), "0001"))
        await connection.exec_driver_sql("INSERT INTO person VALUES ('lan', 'Lan', 5)")
        for token in ("aa", "bb"):
            row = f"('{token}', 'lan', 7, 8, 9)"
            await connection.exec_driver_sql(
                f"INSERT INTO session (token_hash, user_id, created_ms, seen_ms, ends_ms) VALUES {row}"  # noqa: S608
            )
    await migrate(engine)
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT id, token_hash, proved_ms, browser, roles_mark FROM session")).all()
    assert sorted(tuple(row[1:]) for row in rows) == [("aa", 7, "", ""), ("bb", 7, "", "")]
    assert [len(row[0]) for row in rows] == [16, 16]
    assert rows[0][0] != rows[1][0]


async def test_a_database_of_a_newer_program_is_refused(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer version"):
        await pending(engine)


async def test_a_server_starts_on_sqlite_at_once_and_on_postgres_only_when_told_to_migrate(address: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=address)
    if address.startswith("postgresql"):
        with pytest.raises(StartError, match="congtac admin migrate"):
            async with opened_database(settings):
                pass
        assert await migrate_database(settings) != []
    async with opened_database(settings) as database:
        assert await pending(database.engine) == []
