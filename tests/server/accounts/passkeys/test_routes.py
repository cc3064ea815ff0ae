"""Passkeys over HTTP, on the application as it runs: who may ask what, and what the page says where there can be none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.app import create_app
from server.web.i18n import words_in
from tests.server.accounts.passkeys.authenticator import Authenticator
from tests.server.test_app import settings_of

HERE = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**HERE, "Accept": "text/html"}
OWN = ["/account/passkeys/options", "/account/passkeys", "/account/passkeys/x/rename", "/account/passkeys/x/remove"]
ANSWER = {"answer": {}, "name": "x"}


@asynccontextmanager
async def signed_in(folder: Path, public_url: str = "") -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    app = create_app(settings_of(folder).model_copy(update={"public_url": public_url}))
    transport, base = httpx.ASGITransport(app), public_url or "http://congtac.test"
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=base) as http:
        await http.post(f"/sign-in/{app.state.first_link}", headers=HERE)
        yield app, http


async def make(http: httpx.AsyncClient, key: Authenticator, name: str = "") -> httpx.Response:
    options = await http.post("/account/passkeys/options", headers=HERE)
    sent = {"answer": key.make(options.json()), "name": name}
    return await http.post("/account/passkeys", json=sent, headers={**HERE, "User-Agent": "Chrome/150 (Android)"})


async def enter(http: httpx.AsyncClient, key: Authenticator) -> httpx.Response:
    options = (await http.post("/passkeys/sign-in/options", headers=HERE)).json()
    return await http.post("/passkeys/sign-in", json={"answer": key.show(options)}, headers=HERE)


async def test_signing_in_ends_the_browser_s_former_session_and_leaves_a_cookie_out_of_reach(tmp_path: Path) -> None:
    """Checklist 11."""
    async with signed_in(tmp_path) as (app, http):
        key, former = Authenticator(), http.cookies["congtac"]
        assert (await make(http, key)).json()["name"] == "Chrome, Android"
        entered = await enter(http, key)
        assert (entered.status_code, entered.json()) == (200, {})
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(entered.headers["set-cookie"].split("; "))
        assert http.cookies["congtac"] != former
        assert await app.state.accounts.principal(former) is None
        assert (await http.get("/api/v1/snapshot")).status_code == 200


async def test_a_refused_sign_in_leaves_the_session_that_there_is(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, http):
        refused = await enter(http, Authenticator())
        assert (refused.status_code, refused.json()["code"]) == (403, "passkey_refused")
        assert "set-cookie" not in refused.headers
        assert (await http.get("/api/v1/snapshot")).status_code == 200


@pytest.mark.parametrize("path", [*OWN, "/prove/passkey/options", "/prove/passkey"])
async def test_a_stranger_and_a_program_get_nowhere_near_a_person_s_passkeys(tmp_path: Path, path: str) -> None:
    """Checklist 14."""
    async with signed_in(tmp_path) as (_, http):
        made = await http.post("/api/v1/tokens", json={"name": "x", "scopes": ["manage"]}, headers=HERE)
        http.cookies.clear()
        stranger = await http.post(path, json=ANSWER, headers=HERE)
        program = await http.post(path, json=ANSWER, headers={"Authorization": f"Bearer {made.json()['token']}"})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "not_signed_in")
    assert (program.status_code, program.json()["code"]) == (403, "not_with_a_token")


@pytest.mark.parametrize("path", OWN)
async def test_making_and_removing_ask_again_who_one_is(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checklist 15."""
    async with signed_in(tmp_path) as (app, http):
        monkeypatch.setattr(app.state.accounts, "has_proved", lambda _principal: False)
        answer = await http.post(path, json=ANSWER, headers=HERE)
    assert (answer.status_code, answer.json()["code"]) == (403, "prove_yourself")


@pytest.mark.parametrize("path", ["/account/passkeys", "/passkeys/sign-in", "/prove/passkey"])
async def test_an_answer_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    """Checklist 25."""
    nonsense: list[dict[str, object]] = [{}, {"response": {}}, {"id": 1}, {"id": "a", "rawId": "a", "type": "public-key"}]
    async with signed_in(tmp_path) as (_, http):
        answers = [await http.post(path, json={"answer": answer}, headers=HERE) for answer in nonsense]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "passkey_refused")] * 4


@pytest.mark.parametrize("name", ["x" * 61, "a\u202eb", "a\nb"])
async def test_a_name_that_cannot_be_is_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    async with signed_in(tmp_path) as (app, http):
        made = await make(http, Authenticator(), name)
        person = await app.state.accounts.find_person()
        assert (made.status_code, made.json()["code"]) == (422, "not_valid")
        assert await app.state.passkeys.of_person(person.id) == []


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("url", "why"), [("http://congtac.example.org", "no_https"), ("https://192.0.2.7:8443", "no_name")])
async def test_where_passkeys_cannot_work_the_page_says_why_and_the_sign_in_page_offers_none(
    tmp_path: Path, url: str, why: str, language: str
) -> None:
    async with signed_in(tmp_path, url) as (_, http):
        account = await http.get("/account", headers={**PAGE, "Accept-Language": language})
        options = await http.post("/passkeys/sign-in/options", headers=HERE)
        ways_in = [await http.get(path, headers=PAGE) for path in ("/sign-in", "/prove")]
    assert words_in(language)(f"passkeys.{why}", address=url) in account.text
    assert "data-passkey" not in account.text
    assert (options.status_code, options.json()["code"]) == (409, "no_passkeys_here")
    assert [page.status_code for page in ways_in] == [200, 200]
    assert not any("data-passkey" in page.text for page in ways_in)


async def test_who_has_no_passkey_is_not_asked_for_one(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (_, http):
        before = await http.get("/prove", headers=PAGE)
        await make(http, Authenticator())
        after = await http.get("/prove", headers=PAGE)
    assert ("data-passkey" in before.text, "data-passkey" in after.text) == (False, True)
