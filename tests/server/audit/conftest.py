"""Both databases keep a trail alike."""

from tests.server.db.conftest import address, database_server, postgres_server

__all__ = ["address", "database_server", "postgres_server"]
