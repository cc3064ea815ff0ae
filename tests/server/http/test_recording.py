"""What the trail is told of requests: all that would change something, however it ends, and nothing that lets anybody in."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from server.audit import note
from server.audit.models import AuditRow
from server.audit.search import find_rows
from server.db import StorageError
from tests.server.audit.world import Kept, trail_at
from tests.server.http.small_app import LIMIT, small_app


@asynccontextmanager
async def recorded(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Kept, FastAPI]]:
    app = small_app()
    _more_routes(app)
    async with trail_at(f"sqlite+aiosqlite:///{folder / 'a.db'}", folder) as kept:
        app.state.trail = kept.trail
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://congtac.test") as http:
            yield http, kept, app


def _more_routes(app: FastAPI) -> None:
    @app.post("/invitations/{token}/{device_id}")
    async def enter(request: Request, token: str, device_id: str) -> None:  # noqa: ARG001
        note(request, actor="user:hoa", site="s1", days=3)

    @app.delete("/api/things/{thing_id}")
    async def bug(thing_id: str) -> None:
        raise LookupError(thing_id)

    @app.post("/api/storage")
    async def storage() -> None:
        raise StorageError("full")


async def rows(kept: Kept) -> list[AuditRow]:
    return await kept.rows()


def told(row: AuditRow) -> tuple[Any, ...]:
    return row.actor, row.address, row.what, row.status, row.reason, row.site_id, json.loads(row.facts or "{}")


async def test_a_change_is_recorded_with_who_from_where_what_and_how_it_ended(tmp_path: Path):
    """Checklist 26."""
    async with recorded(tmp_path) as (http, kept, _):
        await http.post("/api/switch", json={"on": True})
        await http.get("/large")
        assert [told(row) for row in await rows(kept)] == [("anonymous", "192.0.2.7", "POST /api/switch", 200, None, None, {})]


async def test_a_path_that_lets_somebody_in_is_recorded_as_its_route_and_ids_only(tmp_path: Path):
    """Checklist 26. Checklist 31."""
    async with recorded(tmp_path) as (http, kept, _):
        await http.post("/invitations/marked-secret/d1?key=marked-secret", headers={"Authorization": "Bearer marked-secret"})
        assert [told(row) for row in await rows(kept)] == [
            ("user:hoa", "192.0.2.7", "POST /invitations/{token}/{device_id}", 200, None, "s1", {"device_id": "d1", "days": 3})
        ]


@pytest.mark.parametrize(
    ("request_", "status", "reason", "what"),
    [
        (("POST", "/api/switch", {"json": {}}), 422, "not_valid", "POST /api/switch"),
        (("POST", "/api/switch", {"content": b"{"}), 422, "not_valid", "POST /api/switch"),
        (("POST", "/api/length", {"content": b"x" * (LIMIT + 1)}), 413, "content_too_large", "POST (no such address)"),
        (("POST", "/nowhere/marked", {}), 404, "not_found", "POST (no such address)"),
        (("PUT", "/api/switch", {}), 405, "method_not_allowed", "PUT /api/switch"),
        (("POST", "/api/switch", {"headers": {"Sec-Fetch-Site": "cross-site"}}), 403, "cross_site", "POST (no such address)"),
        (("DELETE", "/api/things/7", {}), 500, "internal", "DELETE /api/things/{thing_id}"),
        (("POST", "/api/storage", {}), 503, "storage", "POST /api/storage"),
    ],
)
async def test_a_refusal_is_recorded_wherever_it_was_made(
    tmp_path: Path, request_: tuple[str, str, dict[str, Any]], status: int, reason: str, what: str
):
    """Checklist 26."""
    method, path, how = request_
    async with recorded(tmp_path) as (http, kept, _):
        answer = await http.request(method, path, **how)
        kept_rows = await rows(kept)
    assert answer.status_code == status
    assert [(row.what, row.status, row.reason) for row in kept_rows] == [(what, status, reason)]
    assert "marked" not in str(kept_rows)


async def test_the_answer_is_the_same_when_the_trail_cannot_be_written_and_the_log_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with recorded(tmp_path) as (http, kept, _):

        def refuse(*_: object, **__: object) -> None:
            raise StorageError("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(kept.database.writer, "submit", refuse)
            answer = await http.post("/api/switch", json={"on": True})
            assert not await kept.trail.written(0.05)
        assert (answer.status_code, answer.json()) == (200, {"on": True, "for_s": 1})
        assert len(await rows(kept)) == 1
    assert "the audit trail cannot be written" in caplog.text


async def test_an_application_without_a_trail_answers_as_well():
    transport = httpx.ASGITransport(small_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://congtac.test") as http:
        assert (await http.post("/api/switch", json={"on": True})).status_code == 200


@pytest.mark.parametrize(
    "strange", ["<script>", "a\nb", "\x00", "é" * 500, "x" * 5000, {"a": "b" * 5000}], ids=lambda value: str(value)[:8]
)
async def test_strange_facts_fit_the_table_and_break_no_chain(tmp_path: Path, strange: object):
    """Checklist 16."""
    async with recorded(tmp_path) as (http, kept, app):

        @app.post("/strange")
        async def tell(request: Request) -> None:
            note(request, what=str(strange), actor=str(strange), site=str(strange), fact=strange)

        await http.post("/strange")
        (row,) = await rows(kept)
        assert (await kept.verdict()).faults == []
    assert (row.what.isascii(), row.what.isprintable(), len(row.what) <= 120, len(row.facts) <= 2000) == (True,) * 4


async def test_rows_are_found_by_site_or_actor_newest_first_a_page_at_a_time(tmp_path: Path):
    async with recorded(tmp_path) as (http, kept, _):
        for number in range(3):
            await http.post(f"/invitations/x/d{number}")
            await http.post("/api/switch", json={"on": True})
        await rows(kept)
        async with kept.database.read() as session:
            first = await find_rows(session, 2, site_ids=["s1"])
            second = await find_rows(session, 2, site_ids=["s1"], before=first[-1].seq)
            mine = await find_rows(session, 9, actor="user:hoa", site_ids=[])
            nothing = await find_rows(session, 9, actor="user:lan", site_ids=["s2"])
    assert [row.seq for row in (*first, *second)] == [row.seq for row in mine] == [5, 3, 1]
    assert nothing == []
