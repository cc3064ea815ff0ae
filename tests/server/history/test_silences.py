"""Silences as the database has them: from the device's first word on, and not before."""

from protocol.link import LinkState
from server.history.outages import Kind
from server.history.silences import find_outages
from tests.server.board import Puppet, Stage, stage

MINUTE_MS = 60_000


async def silences(there: Stage, puppet: Puppet, since_ms: int) -> list[tuple[Kind, int, int | None]]:
    await there.settle()
    async with there.database.read() as session:
        found = await find_outages(session, puppet.id, since_ms, caught_up=True)
    return [(it.kind, it.from_ms, it.to_ms) for it in found]


async def test_before_a_device_was_heard_for_the_first_time_nobody_missed_it(tmp_path):
    async with stage(tmp_path) as there:
        puppet, clock = await there.device(online=False), there.clock
        start = clock()
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        puppet = Puppet(there.board, puppet.id)
        there.board._link_state(LinkState.UP)
        clock.ms += MINUTE_MS
        there.board.watch.look()
        clock.ms += MINUTE_MS
        puppet.hello()
        assert await silences(there, puppet, start) == []
        clock.ms += MINUTE_MS
        puppet.will()
        went = clock()
        clock.ms += MINUTE_MS
        puppet.hello()
        assert await silences(there, puppet, start) == [(Kind.LINK, went, clock())]


async def test_one_that_went_before_the_time_asked_for_is_missed_until_it_is_back(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        there.clock.ms += MINUTE_MS
        puppet.will()
        went = there.clock()
        there.clock.ms += 5 * MINUTE_MS
        assert await silences(there, puppet, there.clock() - MINUTE_MS) == [(Kind.AWAY, went, None)]
