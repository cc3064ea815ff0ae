"""The evidence for a timeline is what the device told and when it could be heard, through restarts of everything."""

from protocol.messages import ClockTrust, Event, EventKind
from server.history.search import find_events, find_evidence
from server.history.timeline import Was, timeline
from tests.server.board import Puppet, Stage, stage

MINUTE_MS = 60_000


async def line(there: Stage, puppet: Puppet, since_ms: int):
    await there.settle()
    async with there.database.read() as session:
        found = await find_evidence(session, puppet.id, "den", since_ms, there.clock())
    segments = timeline(found.told, found.heard, since_ms, there.clock(), first=found.first)
    return [((segment.to_ms - segment.from_ms) // MINUTE_MS, segment.was) for segment in segments]


def started(there: Stage, puppet: Puppet) -> None:
    puppet.seq += 1
    event = Event(journal=puppet.journal, seq=puppet.seq, at_ms=there.clock(), clock=ClockTrust.SERVER, kind=EventKind.STARTED)
    puppet.say(event)


async def test_the_page_can_tell_a_power_cut_from_a_lost_link(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        there.clock.ms += 10 * MINUTE_MS
        puppet.will()
        there.clock.ms += 30 * MINUTE_MS
        assert await line(there, puppet, start) == [(10, Was.ON), (30, Was.UNKNOWN)]
        puppet.hello()
        started(there, puppet)
        puppet.event("den", False)
        there.clock.ms += 5 * MINUTE_MS
        assert await line(there, puppet, start) == [(10, Was.ON), (30, Was.UNKNOWN), (5, Was.OFF)]


async def test_what_it_was_before_the_time_asked_for_counts(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("den", True)
        there.clock.ms += 10 * MINUTE_MS
        start = there.clock()
        there.clock.ms += 20 * MINUTE_MS
        assert await line(there, puppet, start) == [(20, Was.ON)]


async def test_time_in_which_the_server_itself_was_away_is_filled_in_by_the_device(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        there.clock.ms += 10 * MINUTE_MS
        there.board.watch._remember_alive()
        await there.settle()
        clock = there.clock
    clock.ms += 30 * MINUTE_MS
    async with stage(tmp_path, clock=clock, fresh=False) as there:
        again = Puppet(there.board, puppet.id, journal=puppet.journal, seq=1)
        assert await line(there, again, start) == [(10, Was.ON), (30, Was.UNKNOWN)]
        again.hello()
        clock.ms += MINUTE_MS
        assert await line(there, again, start) == [(41, Was.ON)]


async def test_lost_records_are_said_to_be_lost(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        await there.settle()
        there.clock.ms += 10 * MINUTE_MS
        puppet.hello(first_seq=5, last_seq=5)
        puppet.event("den", False, seq=5)
        there.clock.ms += 10 * MINUTE_MS
        assert await line(there, puppet, start) == [(10, Was.UNKNOWN), (10, Was.OFF)]
        async with there.database.read() as session:
            events = await find_events(session, puppet.id, 10)
        assert sorted((event.seq, event.kind) for event in events) == [(1, "switched"), (4, "lost"), (5, "switched")]
