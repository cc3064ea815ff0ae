"""One contract, two databases: each test that asks for `address` runs on SQLite and on a real PostgreSQL."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.server.db.postgres import cluster


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with cluster() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    server: str = request.getfixturevalue("postgres_server")
    name = f"test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(f"{server.replace('+asyncpg', '')}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return f"{server}/{name}"
