"""A database whose writer serves for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.db import Database


@asynccontextmanager
async def serving(database: Database) -> AsyncIterator[Database]:
    task = asyncio.create_task(database.writer.serve(), name="database writer")
    try:
        yield database
    finally:
        database.writer.stop()
        await task
        await database.close()
