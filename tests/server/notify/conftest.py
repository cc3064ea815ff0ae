"""Each test that asks for `address` runs on SQLite and on a real PostgreSQL."""

from tests.server.db.conftest import address, database_server, postgres_server

__all__ = ["address", "database_server", "postgres_server"]
