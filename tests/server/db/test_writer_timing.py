"""What nobody waits for is written together with other things, and never later than it may be."""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from tests.server.db.ledger import ADD, SET_NOTE, Entry, entry
from tests.server.db.test_writer import kept, opened

FOREVER_S = 3600


async def test_what_may_not_wait_is_not_held_up_by_what_may(address: str) -> None:
    async with opened(address) as database:
        waits = database.writer.submit(ADD(**entry("a")), within_s=FOREVER_S)
        await database.writer.submit(ADD(**entry("b")))
        assert not waits.done()
        assert database.writer.waiting == 1
        assert await kept(database) == {"b": ""}


async def test_a_function_sees_also_what_may_wait(address: str) -> None:
    async def note(session: AsyncSession) -> None:
        row = await session.get_one(Entry, "a")
        row.note = "seen"

    async with opened(address) as database:
        waits = database.writer.submit(ADD(**entry("a")), within_s=FOREVER_S)
        await database.writer.run(note)
        assert waits.done()
        assert await kept(database) == {"a": "seen"}


async def test_what_may_wait_is_kept_within_its_time(address: str) -> None:
    async with opened(address) as database:
        await database.writer.submit(ADD(**entry("a")), within_s=0.01)
        assert await kept(database) == {"a": ""}


async def test_the_one_that_may_wait_least_decides_for_all(address: str) -> None:
    async with opened(address) as database:
        first = database.writer.submit(ADD(**entry("a")), within_s=FOREVER_S)
        await database.writer.submit(SET_NOTE(entry="a", new_note="later"), within_s=0.01)
        assert first.done()
        assert await kept(database) == {"a": "later"}


async def test_the_end_of_the_writer_waits_for_nothing_and_loses_nothing(address: str) -> None:
    async with opened(address) as database:
        waits = database.writer.submit(ADD(**entry("a")), within_s=FOREVER_S)
        database.writer.stop()
        async with asyncio.timeout(10):
            await waits
        assert await kept(database) == {"a": ""}


async def test_a_row_that_leaves_a_default_to_the_table_is_kept_with_it(address: str) -> None:
    async with opened(address) as database:
        await database.writer.submit(ADD(id="a", count=1, at_ms=1))
        assert await kept(database) == {"a": ""}
