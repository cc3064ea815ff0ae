"""The trail on a real database: in order, once, whole; also beside another process, a full disk, and a stop."""

import asyncio
import logging
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from server.audit import key as key_module
from server.audit.chain import Fault, Link
from server.audit.cli import record_admin
from server.audit.key import Head, audit_key
from server.audit.table import CUT
from server.db import Op, StorageError, WriterBusy
from server.db.facts import Fact
from server.opening import StartError
from server.settings import Settings
from tests.server.audit.world import numbers, trail_at
from tests.server.people import Turned
from tests.waiting import until


async def test_what_is_recorded_is_kept_in_order_and_fits(address: str, tmp_path: Path):
    """Checklist 26."""
    async with trail_at(address, tmp_path) as kept:
        for number in range(200):
            kept.trail.record(kept.happened(number), soon=number % 3 == 0)
        rows = await kept.rows()
        verdict = await kept.verdict()
    assert numbers(rows) == [f'{{"number":{number}}}' for number in range(200)]
    assert [row.seq for row in rows] == list(range(1, 201))
    assert (verdict.faults, verdict.rows) == ([], 200)
    assert Head(tmp_path).read() == verdict.end == Link(200, rows[-1].hash)


async def test_a_later_run_goes_on_where_the_former_ended(address: str, tmp_path: Path):
    for number in range(3):
        async with trail_at(address, tmp_path) as kept:
            kept.trail.record(kept.happened(number))
    async with trail_at(address, tmp_path) as kept:
        assert numbers(await kept.rows()) == ['{"number":0}', '{"number":1}', '{"number":2}']
        assert (await kept.verdict()).faults == []


async def test_what_waits_when_the_server_stops_is_kept(address: str, tmp_path: Path):
    async with trail_at(address, tmp_path) as kept:
        await kept.rows()
        kept.trail.record(kept.happened(1), soon=False)
    async with trail_at(address, tmp_path) as kept:
        assert numbers(await kept.rows()) == ['{"number":1}']
        assert Head(tmp_path).read() == (await kept.verdict()).end


async def test_what_is_being_committed_when_the_server_stops_is_noted_as_the_end(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with trail_at(address, tmp_path) as kept:
        begun = asyncio.Event()
        submit = kept.database.writer.submit

        def submitted(*ops: Op, **options: Any) -> asyncio.Future[None]:
            begun.set()
            return submit(*ops, **options)

        monkeypatch.setattr(kept.database.writer, "submit", submitted)
        kept.trail.record(kept.happened(1))
        await begun.wait()
    async with trail_at(address, tmp_path) as kept:
        assert Head(tmp_path).read() == (await kept.verdict()).end == Link(1, (await kept.rows())[0].hash)


async def test_the_end_is_noted_in_order_also_when_the_server_stops_while_a_slow_disk_takes_the_last_one(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    begun, go_on = threading.Event(), threading.Event()
    write = key_module._write

    def slowly(path: Path, text: str, *, durable: bool) -> None:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            go_on.wait(30)
        write(path, text, durable=durable)

    async with trail_at(address, tmp_path) as kept:
        monkeypatch.setattr(key_module, "_write", slowly)
        kept.trail.record(kept.happened(1))
        await until(begun.is_set)
        kept.trail.record(kept.happened(2), soon=False)
        threading.Timer(0.1, go_on.set).start()  # the stop itself waits for the thread that has the file
    async with trail_at(address, tmp_path) as kept:
        assert Head(tmp_path).read() == (await kept.verdict()).end
        assert len(await kept.rows()) == 2
    assert "could not be noted" not in caplog.text


async def test_what_the_writer_was_too_busy_to_take_is_not_taken_for_kept(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with trail_at(address, tmp_path) as kept:
        kept.trail.record(kept.happened(0))
        await kept.rows()
        submit = kept.database.writer.submit

        def busy_once(*_arguments: object, **_options: object) -> None:
            monkeypatch.setattr(kept.database.writer, "submit", submit)
            raise WriterBusy(1)

        monkeypatch.setattr(kept.database.writer, "submit", busy_once)
        for number in (1, 2):
            kept.trail.record(kept.happened(number))
            await kept.trail.written(5)
        assert numbers(await kept.rows()) == [f'{{"number":{number}}}' for number in range(3)]


async def test_the_end_of_what_was_kept_just_before_the_stop_is_noted_though_nobody_came_to_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_arguments: object) -> None:
        await asyncio.Event().wait()

    async with trail_at(address, tmp_path) as kept:
        monkeypatch.setattr(kept.trail, "_note_end_aside", never)
        kept.trail.record(kept.happened(1))
        await until(lambda: kept.trail._kept_end is not None)
    monkeypatch.undo()
    async with trail_at(address, tmp_path) as kept:
        assert Head(tmp_path).read() == (await kept.verdict()).end


async def test_the_loop_does_not_wait_for_the_disk_that_takes_the_end(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    noted_by = []
    write = Head.write
    monkeypatch.setattr(Head, "write", lambda head, end: (noted_by.append(threading.current_thread()), write(head, end))[1])
    async with trail_at(address, tmp_path) as kept:
        kept.trail.record(kept.happened(1))
        await kept.rows()
        assert noted_by
        assert threading.main_thread() not in noted_by


async def test_where_there_is_no_thread_to_be_had_the_end_is_noted_all_the_same(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def none(*_arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    async with trail_at(address, tmp_path) as kept:
        monkeypatch.setattr(kept.trail._aside, "submit", none)
        for number in range(2):
            kept.trail.record(kept.happened(number))
            await kept.rows()
        assert Head(tmp_path).read() == (await kept.verdict()).end


async def test_a_command_line_that_writes_beside_the_server_breaks_no_chain(address: str, tmp_path: Path):
    async with trail_at(address, tmp_path) as kept:
        for number in range(5):
            kept.trail.record(kept.happened(number))
            await record_admin(kept.database, Settings(data_dir=tmp_path), "task", {"number": number})
        rows = await kept.rows()
        assert (await kept.verdict()).faults == []
    assert sorted(row.what for row in rows) == ["admin task"] * 5 + ["thing"] * 5
    assert {row.actor for row in rows} == {"admin:cli", "user:lan"}


async def test_a_database_that_was_full_for_a_while_loses_nothing_and_the_log_tells(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with patch("server.db.database.BUSY_TIMEOUT_S", 0.05):
        async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:
            await kept.rows()
            with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                kept.trail.record(kept.happened(1))
                assert not await kept.trail.written(0.3)
                kept.trail.record(kept.happened(2))
            assert numbers(await kept.rows()) == ['{"number":1}', '{"number":2}']
            assert (await kept.verdict()).faults == []
    assert "the audit trail cannot be written" in caplog.text
    assert "the audit trail is written again" in caplog.text


async def test_a_commit_whose_word_was_lost_is_not_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:
        await kept.rows()
        submit, failed = kept.database.writer.submit, []

        def lose_the_word(*ops, **how):  # type: ignore[no-untyped-def]
            done = submit(*ops, **how)
            if failed:
                return done
            failed.append(1)

            async def lost() -> None:
                await done
                raise StorageError("the word was lost")

            return asyncio.ensure_future(lost())

        monkeypatch.setattr(kept.database.writer, "submit", lose_the_word)
        kept.trail.record(kept.happened(1))
        assert await kept.trail.written(10)
        kept.trail.record(kept.happened(2))
        assert numbers(await kept.rows()) == ['{"number":1}', '{"number":2}']


async def test_more_than_can_wait_leaves_a_gap_that_the_log_and_the_trail_tell(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path, most=3) as kept:
        for number in range(5):
            kept.trail.record(kept.happened(number))
        rows = await kept.rows()
    assert [(row.what, row.facts) for row in rows][-2:] == [("thing", '{"number":2}'), ("gap", '{"entries":2}')]
    assert "the audit trail has a gap" in caplog.text


async def test_what_the_database_will_never_take_leaves_a_gap_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:

        def refuse(*_: object, **__: object) -> None:
            raise OverflowError("what is this")

        with monkeypatch.context() as broken:
            broken.setattr(kept.database.writer, "submit", refuse)
            kept.trail.record(kept.happened(1))
            await until(lambda: "the database refused 1 entries" in caplog.text)
        kept.trail.record(kept.happened(2))
        assert numbers(await kept.rows()) == ['{"number":2}', '{"entries":1}']
        assert (await kept.verdict()).faults == []


async def test_an_end_that_cannot_be_noted_outside_the_database_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object) -> None:
        raise OSError("no room")

    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:
        monkeypatch.setattr(Head, "write", fail)
        kept.trail.record(kept.happened(1))
        assert len(await kept.rows()) == 1
    assert "could not be noted outside the database" in caplog.text


async def test_what_waits_at_a_stop_and_cannot_be_kept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:
        await kept.rows()
        kept.database.writer.stop()
        kept.trail.record(kept.happened(1), soon=False)
    assert "the audit trail ends with a gap: 1 entries" in caplog.text


async def test_old_rows_go_with_their_age_under_a_seal_and_what_is_left_still_fits(address: str, tmp_path: Path):
    async with trail_at(address, tmp_path) as kept:
        for number, days in enumerate((40, 31, 29, 10, 0)):
            kept.trail.record(replace(kept.happened(number), at_ms=kept.clock() - days * 86_400_000))
        before = await kept.rows()
        gone = await kept.trail.trim()
        verdict = await kept.verdict()
        rows = await kept.rows()
        assert (gone, await kept.trail.trim()) == (2, 0)
        assert (verdict.faults, verdict.cut) == ([], Link(2, before[1].hash))
        assert numbers(rows) == numbers(before)[2:]
        kept.trail.record(kept.happened(9))
        await kept.rows()
        assert (await kept.verdict()).faults == []


async def test_all_rows_may_go_and_the_chain_goes_on(address: str, tmp_path: Path):
    clock = Turned()
    async with trail_at(address, tmp_path, clock) as kept:
        kept.trail.record(kept.happened(1))
        await kept.rows()
        clock.turn(100 * 86_400)
        assert await kept.trail.trim() == 1
    async with trail_at(address, tmp_path, clock) as kept:
        kept.trail.record(kept.happened(2))
        assert [row.seq for row in await kept.rows()] == [2]
        assert (await kept.verdict()).faults == []


async def test_rows_taken_from_the_beginning_by_another_hand_are_found_also_with_a_seal_of_his(address: str, tmp_path: Path):
    async with trail_at(address, tmp_path) as kept:
        for number in range(5):
            kept.trail.record(kept.happened(number))
        rows = await kept.rows()

        async def cut(session, seal: str) -> None:  # type: ignore[no-untyped-def]
            await session.exec(text("DELETE FROM audit WHERE seq <= 2"))
            await session.exec(text("DELETE FROM fact WHERE key = 'audit_cut'"))
            if seal:
                session.add(Fact(key=CUT, value=f"2:{rows[1].hash}:{seal}"))

        await kept.database.writer.run(lambda session: cut(session, ""))
        assert (await kept.verdict()).faults == [Fault(1, 2, "removed")]
        await kept.database.writer.run(lambda session: cut(session, "0" * 64))
        assert (await kept.verdict()).faults == [Fault(1, 2, "removed, and not by this server")]


async def test_a_table_put_back_to_an_older_copy_is_found(tmp_path: Path):
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path) as kept:
        for number in range(5):
            kept.trail.record(kept.happened(number))
        await kept.rows()

        async def cut(session) -> None:  # type: ignore[no-untyped-def]
            await session.exec(text("DELETE FROM audit WHERE seq > 3"))

        await kept.database.writer.run(cut)
        assert (await kept.verdict()).faults == [Fault(4, 5, "removed from the end")]


async def test_who_knocks_too_often_is_counted_and_not_written_each_time(tmp_path: Path):
    clock = Turned()
    async with trail_at(f"sqlite+aiosqlite:///{tmp_path}/a.db", tmp_path, clock) as kept:
        for number in range(1000):
            kept.trail.record(kept.happened(number, status=401))
        assert len(await kept.rows()) == 30
        clock.turn(60)
        kept.trail.record(kept.happened(7))
        rows = await kept.rows()
    assert [(row.what, row.actor, row.facts) for row in rows[30:]] == [
        ("thing", "user:lan", '{"number":7}'),
        ("more requests", "user:lan", '{"requests":970}'),
    ]


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path):
    key = audit_key(tmp_path)
    assert (len(key), audit_key(tmp_path)) == (32, key)
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "not hex", "00" * 16])
def test_a_file_that_holds_no_key_stops_the_start(tmp_path: Path, text: str):
    (tmp_path / "audit.key").write_text(text)
    (tmp_path / "audit.key").chmod(0o600)
    with pytest.raises(StartError, match="holds no key"):
        audit_key(tmp_path)


def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path):
    audit_key(tmp_path)
    (tmp_path / "audit.key").chmod(0o644)
    with pytest.raises(StartError, match="chmod 600"):
        audit_key(tmp_path)


def test_an_older_end_does_not_overwrite_a_later_one(tmp_path: Path):
    head = Head(tmp_path)
    head.write(Link(5, "b" * 64))
    head.write(Link(4, "a" * 64))
    assert head.read() == Link(5, "b" * 64)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
