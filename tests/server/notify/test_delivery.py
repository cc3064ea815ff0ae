"""The queue between deciding and sending: bounded, never in anybody's way, and nothing is sent twice, also across a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlmodel import select

from server.errors import Problem
from server.notify.delivery import Delivery
from server.notify.kinds import Message, What
from server.notify.models import Notice
from server.notify.outcome import Outcome, Result
from server.notify.store import Letter, Store
from tests.server.board import SITE
from tests.server.notify.world import Told, told
from tests.waiting import until


@asynccontextmanager
async def sending(delivery: Delivery) -> AsyncIterator[None]:
    task = asyncio.create_task(delivery.run(), name="delivery of the test")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def letters(world: Told, count: int) -> list[Letter]:
    await world.phone("lan")
    [way] = await world.notices.store.ways("lan")
    return [await world.notices.store.plan_test("lan", way.id) for _ in range(count)]


async def results(store: Store) -> list[str]:
    async with store._database.read() as session:
        return sorted(row.result for row in (await session.exec(select(Notice))).all())


async def test_a_service_that_never_answers_is_given_up_and_holds_nobody_else_up(tmp_path: Path):
    async with told(tmp_path) as world:
        slow, *quick = await letters(world, 8)
        sent: list[str] = []

        async def send(letter: Letter) -> Outcome:
            if letter == slow:
                await asyncio.Event().wait()
            sent.append(letter.message_id)
            return Outcome.SENT

        delivery = Delivery(world.notices.store, send, attempt_s=0.2)
        async with sending(delivery):
            delivery.offer([slow, *quick])
            await until(lambda: len(sent) == len(quick))
            await until(lambda: delivery.idle)
        assert await results(world.notices.store) == ["sent"] * 7 + ["unsure"]


async def test_more_than_the_queue_holds_is_left_out_and_counted_and_offering_never_waits(tmp_path: Path):
    async with told(tmp_path) as world:
        many = await letters(world, 5)

        async def send(_letter: Letter) -> Outcome:
            return Outcome.SENT

        delivery = Delivery(world.notices.store, send, most=3)
        delivery.offer(many)
        assert delivery.dropped == 2
        async with sending(delivery):
            await until(lambda: delivery.idle)
        assert await results(world.notices.store) == ["queued"] * 2 + ["sent"] * 3


async def test_after_a_restart_what_was_begun_is_left_and_what_was_not_is_sent(tmp_path: Path):
    async with told(tmp_path) as world:
        begun, waiting, old = await letters(world, 3)
        store = world.notices.store
        await store.mark(begun, Result.TRYING)
        assert {letter.message_id for letter in await store.take_up()} == {waiting.message_id, old.message_id}
        world.clock.ms += 3_600_000
        assert await store.take_up() == []
        assert await results(store) == ["failed", "failed", "unsure"]


async def test_a_test_message_goes_only_by_a_way_of_one_s_own(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        [way] = await world.notices.store.ways("lan")
        letter = await world.notices.store.plan_test("lan", way.id)
        world.notices.delivery.offer([letter])
        await until(lambda: world.notices.delivery.idle)
        assert world.heard("lan") == ["Tin thử từ Công tắc"]
        for other in ("minh", "stranger"):
            with pytest.raises(Problem) as refused:
                await world.notices.store.check_way(other, way.id)
            assert refused.value.status == 404


async def test_who_is_removed_from_a_place_while_a_message_waits_for_another_attempt_is_not_told(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("minh")
        device = await world.device()
        notices, attempts = world.notices, 0

        async def send(letter: Letter) -> Outcome:
            nonlocal attempts
            attempts += 1
            if attempts > 1:
                return await notices._send(letter)
            await world.leaves("minh")
            return Outcome.REFUSED

        delivery = Delivery(notices.store, send, again_s=(0.001, 0.001))
        async with sending(delivery):
            message = Message("away/x", What.AWAY, device.id, world.clock.ms, {"since_ms": world.clock.ms})
            delivery.offer(await notices.store.plan(message, SITE))
            await until(lambda: delivery.idle)
        assert (attempts, world.heard("minh")) == (2, [])
        assert await results(notices.store) == ["failed"]
