"""The application as a whole: what it makes at its first start, what every route has in common, how it ends."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from broker_config.ports import free_port
from server.app import create_app
from server.commands.routes import ISSUE
from server.http.headers import HEADERS
from server.settings import Settings
from tests.server.route_table import every_route

OPEN = {"/healthz", "/readyz", "/api/v1/enrol"}


def settings_of(folder: Path, **more: Any) -> Settings:
    """With a broker that is not there: the server has to live without one."""
    ours = {"data_dir": folder / "data", "broker_port": free_port("127.0.0.1"), "owner_name": "Lan", "site_name": "Vườn ươm"}
    return Settings.model_validate({**ours, **more})


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    app = create_app(settings_of(folder, **settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://congtac.test") as http,
    ):
        yield app, http


async def test_the_first_start_makes_an_owner_a_site_and_one_link_and_later_starts_make_none(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, http):
        entered = await http.post(f"/sign-in/{app.state.first_link}")
        sites = (await http.get("/api/v1/sites")).json()
    assert entered.status_code == 303
    assert [(site["slug"], site["name"], site["role"]) for site in sites] == [("nha", "Vườn ươm", "owner")]
    async with running(tmp_path) as (app, http):
        assert app.state.first_link is None
        assert await app.state.accounts.any_person()


async def test_without_a_broker_the_server_lives_and_says_that_it_is_not_ready(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, http):
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"database": "ok", "schema": "ok", "broker": "no link to the broker"}


async def test_every_route_of_the_api_is_closed_to_who_is_not_signed_in_and_every_answer_protects_its_reader(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as (app, http):
        schema = app.openapi()["paths"]
        asked = {
            (method, path): await http.request(method.upper(), path.format_map(Anything()), json={"on": True})
            for path, operations in schema.items()
            for method in operations
        }
    assert asked
    wrong = {route: answer.status_code for route, answer in asked.items() if route[1] not in OPEN and answer.status_code != 401}
    assert wrong == {}
    assert all(answer.headers.items() >= HEADERS.items() for answer in asked.values())


class Anything(dict[str, str]):
    """An id for every parameter of a path."""

    def __missing__(self, key: str) -> str:
        return "0123456789abcdef"


async def test_the_docs_name_every_route_and_load_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, http):
        page = (await http.get("/docs")).text
        described = (await http.get("/openapi.json")).json()
    assert described["paths"].keys() == app.openapi()["paths"].keys()
    assert [path for path in described["paths"] if f"<code>{path}</code>" not in page] == []
    assert [word for word in ("<script", "src=", "http://", "https://") if word in page] == []


async def test_no_path_is_routed_twice(tmp_path: Path) -> None:
    async with running(tmp_path) as (app, _):
        routes = every_route(app)
    twice = [route for route, count in Counter(routes).items() if count > 1]
    assert twice == [("POST", ISSUE)], "but for the one that is documented once and found directly"


async def test_a_writer_that_breaks_ends_the_server_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_down(_writer: object, _batch: object) -> None:
        raise LookupError("a bug in the writer")

    async def run() -> None:
        async with running(tmp_path) as (app, _):
            monkeypatch.setattr("server.db.writer.Writer._keep", break_down)
            await app.state.accounts.make_link("nobody")

    with pytest.raises(ExceptionGroup) as ended:
        await run()
    assert ended.value.subgroup(LookupError) is not None
