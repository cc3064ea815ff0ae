"""API tokens over HTTP: made and ended by a person, used by a program, on the application as it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from server.clock import now_ms
from tests.server.test_app import running

NEW = {"name": "Trạm bơm", "scopes": ["command"]}
HERE = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**HERE, "Accept": "text/html"}


@asynccontextmanager
async def signed_in(folder: Path) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    async with running(folder) as (app, http):
        await http.post(f"/sign-in/{app.state.first_link}", headers=HERE)
        yield app, http


@asynccontextmanager
async def program(app: FastAPI, token: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    given = [
        (b"Authorization", f"Bearer {token}".encode()),
        *((name.encode(), value.encode()) for name, value in headers.items()),
    ]
    async with httpx.AsyncClient(transport=transport, base_url="http://congtac.test", headers=given) as http:
        yield http


async def make(http: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await http.post("/api/v1/tokens", json={**NEW, **changes}, headers=HERE)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_token_is_shown_once_and_then_only_told_of(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, http):
        made = await make(http, site="nha", ends_ms=2**52)
        listed = (await http.get("/api/v1/tokens")).json()
        [site] = (await http.get("/api/v1/sites")).json()
    token = made.pop("token")
    assert made == {
        "id": made["id"],
        "name": "Trạm bơm",
        "scopes": ["read", "command"],
        "site": site["id"],
        "created_ms": made["created_ms"],
        "ends_ms": 2**52,
        "used_ms": None,
    }
    assert listed == [made]
    assert token.startswith("congtac_")


async def test_a_program_with_a_token_needs_no_origin_and_a_cookie_beside_it_counts_for_nothing(tmp_path: Path) -> None:
    """Checklist 12."""
    async with signed_in(tmp_path) as (app, http):
        token = (await make(http))["token"]
        cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
        path = "/api/v1/devices/0123456789abcdef/channels/den/commands"
        async with program(app, token, Cookie=cookie) as it:
            reached = await it.post(path, json={"on": True})
        async with program(app, "congtac_nonsense", Cookie=cookie) as it:
            refused = await it.post(path, json={"on": True})
        without = await http.post(path, json={"on": True})
    assert (reached.status_code, reached.json()["code"]) == (404, "unknown_device")
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_token")
    assert (without.status_code, without.json()["code"]) == (403, "cross_site")


@pytest.mark.parametrize("path", ["/api/v1/snapshot", "/api/v1/live", "/", "/account"])
async def test_a_bad_token_is_told_so_and_never_led_elsewhere(tmp_path: Path, path: str) -> None:
    async with signed_in(tmp_path) as (app, http):
        answers = []
        for token in ("", "congtac_nonsense", "é", "x" * 3000):
            async with program(app, token, Accept="text/html", Cookie=f"congtac={http.cookies['congtac']}") as it:
                answers.append(await it.get(path))
    assert {(answer.status_code, answer.headers["content-type"]) for answer in answers} == {(401, "application/problem+json")}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer error="invalid_token"'}
    assert {answer.json()["code"] for answer in answers} == {"bad_token"}


async def test_a_cookie_beside_a_bad_token_is_not_signed_out_with_it(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (app, http):
        async with program(app, "congtac_nonsense", Cookie=f"congtac={http.cookies['congtac']}") as it:
            await it.post("/sign-out")
        assert (await http.get("/api/v1/tokens")).status_code == 200


async def test_a_proxy_s_own_authorization_changes_nothing(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, http):
        answer = await http.get("/api/v1/tokens", headers={"Authorization": "Basic bGFuOmxhbg=="})
    assert answer.status_code == 200


@pytest.mark.parametrize("spelt", ["bearer {}", "BEARER   {} "])
async def test_the_scheme_may_be_spelt_in_any_case(tmp_path: Path, spelt: str) -> None:
    async with signed_in(tmp_path) as (app, http):
        token = (await make(http))["token"]
        async with program(app, token) as it:
            answer = await it.get("/api/v1/snapshot", headers={"Authorization": spelt.format(token)})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/{id}"),
        ("GET", "/account"),
        ("GET", "/account/tokens"),
        ("POST", "/account/tokens"),
        ("POST", "/account/tokens/{id}/revoke"),
        ("GET", "/prove"),
    ],
)
async def test_a_token_never_speaks_for_the_person_about_themselves(tmp_path: Path, method: str, path: str) -> None:
    """Checklist 15."""
    async with signed_in(tmp_path) as (app, http):
        made = await make(http, scopes=["read", "command", "manage"])
        async with program(app, made["token"], Accept="text/html") as it:
            json = NEW if path.startswith("/api/") else None
            data = None if json else {"name": "x", "scope": "read"}
            answer = await it.request(method, path.format(id=made["id"]), json=json, data=data)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_with_a_token")
        assert [token["id"] for token in (await http.get("/api/v1/tokens")).json()] == [made["id"]]


async def test_making_and_revoking_ask_again_who_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checklist 15."""
    async with signed_in(tmp_path) as (app, http):
        made = await make(http)
        monkeypatch.setattr(app.state.accounts, "has_proved", lambda _principal: False)
        answers = [
            await http.post("/api/v1/tokens", json=NEW, headers=HERE),
            await http.delete(f"/api/v1/tokens/{made['id']}", headers=HERE),
        ]
        form = await http.get("/account/tokens", headers=PAGE)
        sent = await http.post("/account/tokens", data={"name": "x", "scope": "read"}, headers=PAGE)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "prove_yourself")] * 2
    assert (form.status_code, form.headers["location"]) == (303, "/prove?then=%2Faccount%2Ftokens")
    assert (sent.status_code, sent.headers["location"]) == (303, "/prove?then=%2Faccount")


async def test_a_revoked_token_is_refused_from_then_on(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (app, http):
        made = await make(http)
        async with program(app, made["token"]) as it:
            before = await it.get("/api/v1/snapshot")
            revoked = await http.delete(f"/api/v1/tokens/{made['id']}", headers=HERE)
            after = await it.get("/api/v1/snapshot")
            again = await http.delete(f"/api/v1/tokens/{made['id']}", headers=HERE)
    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_token")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"site": "elsewhere"}, 404, "unknown_site"),
        ({"ends_ms": now_ms() - 1000}, 422, "ends_in_the_past"),
        ({"scopes": []}, 422, "not_valid"),
        ({"scopes": ["everything"]}, 422, "not_valid"),
        ({"name": "x" * 37}, 422, "not_valid"),
        ({"name": " \u202e "}, 422, "not_valid"),
        ({"name": "a\nb"}, 422, "not_valid"),
        ({"ends_ms": 2**63}, 422, "not_valid"),
    ],
)
async def test_what_cannot_be_made_is_told(tmp_path: Path, changes: dict[str, Any], status: int, code: str) -> None:
    async with signed_in(tmp_path) as (_, http):
        answer = await http.post("/api/v1/tokens", json={**NEW, **changes}, headers=HERE)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await http.get("/api/v1/tokens")).json() == []


@pytest.mark.parametrize(
    ("scope", "scopes"), [("read", ["read"]), ("command", ["read", "command"]), ("manage", ["read", "command", "manage"])]
)
async def test_the_page_makes_one_without_scripts_and_shows_it_once(tmp_path: Path, scope: str, scopes: list[str]) -> None:
    async with signed_in(tmp_path) as (app, http):
        form = await http.get("/account/tokens", headers=PAGE)
        asked = {"name": " <b>Bơm</b> ", "scope": scope, "site": "", "last_day": "2990-12-31"}
        shown = await http.post("/account/tokens", data=asked, headers=PAGE)
        [listed] = (await http.get("/api/v1/tokens")).json()
        account = await http.get("/account", headers=PAGE)
        token = shown.text.partition("congtac_")[2][:49]
        async with program(app, f"congtac_{token}") as it:
            assert (await it.get("/api/v1/snapshot")).status_code == 200
        revoked = await http.post(f"/account/tokens/{listed['id']}/revoke", headers=PAGE)
        left = (await http.get("/api/v1/tokens")).json()
    assert (form.status_code, shown.status_code, shown.headers["cache-control"]) == (200, 200, "no-store")
    assert (listed["name"], listed["scopes"], listed["site"]) == ("<b>Bơm</b>", scopes, None)
    assert listed["ends_ms"] == 32_219_658_000_000  # the end of that day in Vietnam
    assert "&lt;b&gt;Bơm&lt;/b&gt;" in shown.text
    assert "&lt;b&gt;Bơm&lt;/b&gt;" in account.text
    assert token not in account.text
    assert (revoked.status_code, revoked.headers["location"], left) == (303, "/account#tokens", [])


@pytest.mark.parametrize("day", ["2020-01-01", "31/12/2990", "9999-12-31", "x"])
async def test_a_day_that_cannot_be_is_told(tmp_path: Path, day: str) -> None:
    async with signed_in(tmp_path) as (_, http):
        answer = await http.post("/account/tokens", data={"name": "x", "scope": "read", "last_day": day}, headers=HERE)
    assert answer.status_code == 422
