"""The evidence for a timeline is what the device told and when it could be heard, through restarts of everything."""

from sqlalchemy import event

from protocol.messages import ClockTrust, Event, EventKind
from server.history.search import find_events, find_evidence, find_segments
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
    told = Event(journal=puppet.journal, seq=puppet.seq, at_ms=there.clock(), clock=ClockTrust.SERVER, kind=EventKind.STARTED)
    puppet.say(told)


async def test_the_page_can_tell_a_power_cut_from_a_lost_link(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        there.clock.ms += 9 * MINUTE_MS
        puppet.hello()
        there.clock.ms += MINUTE_MS
        puppet.will()
        there.clock.ms += 30 * MINUTE_MS
        assert await line(there, puppet, start) == [(9, Was.ON), (31, Was.UNKNOWN)]
        puppet.hello()
        started(there, puppet)
        puppet.event("den", False)
        there.clock.ms += 5 * MINUTE_MS
        assert await line(there, puppet, start) == [(9, Was.ON), (31, Was.UNKNOWN), (5, Was.OFF)]


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


async def pieces(there: Stage, puppet: Puppet, since_ms: int, channel: str = "den"):
    await there.settle()
    found = find_segments(there.database.read, puppet.id, channel, since_ms, there.clock())
    return [piece async for piece in found]


async def test_a_long_time_is_read_a_day_at_a_time_and_says_the_same(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        for nth in range(200):
            there.clock.ms += 37 * MINUTE_MS
            if nth % 23 == 7:
                puppet.will()
            elif nth % 23 == 11:
                puppet.hello()
            elif nth % 50 == 20:
                started(there, puppet)
            elif nth == 120:
                puppet.seq += 3
                puppet.hello(first_seq=puppet.seq + 1, last_seq=puppet.seq)
            else:
                puppet.event("den" if nth % 3 else "may-bom", nth % 2 == 0)
        found = await pieces(there, puppet, start)
        async with there.database.read() as session:
            whole = await find_evidence(session, puppet.id, "den", start, there.clock())
        expected = timeline(whole.told, whole.heard, start, there.clock(), first=whole.first)
        assert [segment for segments, _ in found for segment in segments] == expected
        assert len(found) == 6
        assert len(expected) > 50


async def test_a_link_that_was_lost_over_a_night_hides_nothing_once_the_journal_is_there(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        puppet.will()
        there.clock.ms += 3 * 24 * 60 * MINUTE_MS
        puppet.hello()
        puppet.event("den", False)
        there.clock.ms += MINUTE_MS
        [*_, (last, _)] = await pieces(there, puppet, start)
        assert [(segment.to_ms - segment.from_ms, segment.was) for segment in last] == [
            (3 * 24 * 60 * MINUTE_MS, Was.ON),
            (MINUTE_MS, Was.OFF),
        ]


async def test_of_other_channels_only_the_last_sign_of_life_is_read(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        for nth in range(100):
            there.clock.ms += MINUTE_MS
            puppet.event("may-bom", nth % 2 == 0)
        puppet.will()
        there.clock.ms += 10 * MINUTE_MS
        await there.settle()
        async with there.database.read() as session:
            found = await find_evidence(session, puppet.id, "den", start, there.clock())
        assert len(found.told) == 2
        assert await line(there, puppet, start) == [(100, Was.ON), (10, Was.UNKNOWN)]


async def test_each_question_about_a_channel_s_past_is_answered_by_an_index(tmp_path):
    async with stage(tmp_path) as there:
        puppet, start = await there.device(), there.clock()
        puppet.event("den", True)
        puppet.hello(first_seq=5, last_seq=5)
        asked: list[tuple[str, object]] = []

        def note(_connection, _cursor, statement, parameters, _context, _many):
            asked.append((statement, parameters))

        there.clock.ms += MINUTE_MS
        event.listen(there.database.reading.sync_engine, "before_cursor_execute", note)
        await pieces(there, puppet, start)
        async with there.database.reading.connect() as connection:
            plans = [
                (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
                for statement, parameters in list(asked)
                if "FROM event" in statement
            ]
        steps = [step.detail for plan in plans for step in plan]
        assert len(plans) >= 5
        assert [step for step in steps if step.startswith("SCAN")] == []
        assert any("ix_event_device_id_channel_at_ms" in step for step in steps)
