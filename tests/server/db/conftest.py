"""One contract, two databases: each test that asks for `address` runs on SQLite and on a real PostgreSQL."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.server.db.postgres import cluster


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with cluster() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def database_server(request: pytest.FixtureRequest) -> str | None:
    """The address of the server, None for SQLite, which has none."""
    return request.getfixturevalue("postgres_server") if request.param == "postgres" else None


@pytest.fixture
async def address(database_server: str | None, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if database_server is None:
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(f"{database_server.replace('+asyncpg', '')}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{database_server}/{name}"
