"""A trail on a database of its own, which runs for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from server.audit import Entry, Trail, entry
from server.audit.key import Head, audit_key
from server.audit.models import AuditRow
from server.audit.search import find_rows
from server.audit.verify import Verdict, verify
from server.db import Database
from server.migrations import migrate
from tests.server.people import Turned
from tests.server.serving import serving

DAYS = 30


@dataclass
class Kept:
    """A trail with what stands around it."""

    trail: Trail
    database: Database
    folder: Path
    clock: Turned

    async def rows(self) -> list[AuditRow]:
        """All rows, oldest first, once everything is written."""
        assert await self.trail.written(10)
        return await self.rows_on_disk()

    async def rows_on_disk(self) -> list[AuditRow]:
        async with self.database.read() as session:
            return (await find_rows(session, 100_000))[::-1]

    async def verdict(self) -> Verdict:
        head = Head(self.folder).read()
        return await verify(self.database, audit_key(self.folder), [head] if head else [])

    def happened(self, number: int, status: int = 200) -> Entry:
        """An entry that tells its number."""
        return entry(self.clock(), "user:lan", "thing", address="192.0.2.1", status=status, facts={"number": number})


@asynccontextmanager
async def trail_at(address: str, folder: Path, clock: Turned | None = None, *, most: int = 10_000) -> AsyncIterator[Kept]:
    """A trail in that database, with its key and its head in that folder."""
    database, clock = Database(address), clock or Turned()
    await migrate(database.engine)
    async with serving(database):
        trail = Trail(database, audit_key(folder), Head(folder), clock, DAYS, again_s=0.01, most=most)
        await trail.open()
        running = asyncio.create_task(trail.run(), name="audit trail")
        await asyncio.sleep(0)
        try:
            yield Kept(trail, database, folder, clock)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


def numbers(rows: Sequence[AuditRow]) -> list[str]:
    return [row.facts for row in rows]
