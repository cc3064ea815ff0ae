"""The way in and out, as a browser walks it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.accounts import Asking, Proven, routers
from server.http import install_problems, surround
from server.settings import Settings
from server.sites import Role
from server.sites.routes import router as sites_router
from tests.server.http.small_app import PlainPages
from tests.server.people import PROOF_S, People, small_world

PAGE = {"Accept": "text/html"}
HERE = {"Sec-Fetch-Site": "same-origin"}


async def _no_notices(_request: object, _person: object) -> dict[str, object]:
    """The section of another domain, which is not tried here."""
    return {}


@asynccontextmanager
async def browser(tmp_path: Path, base: str = "http://congtac.test") -> AsyncIterator[tuple[httpx.AsyncClient, People]]:
    async with small_world(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}") as people:
        transport = httpx.ASGITransport(_app(people))
        async with httpx.AsyncClient(transport=transport, base_url=base, headers={**PAGE, **HERE}) as http:
            yield http, people


def _app(people: People) -> FastAPI:
    app = FastAPI()
    app.state.pages, app.state.settings = PlainPages(), Settings()
    app.state.accounts, app.state.sites = people.accounts, people.sites
    app.state.passwords, app.state.throttle = people.passwords, people.throttle
    app.state.notices_shown = _no_notices
    install_problems(app)
    surround(app, address="http://congtac.test", body_limit_bytes=65_536)
    for router in routers:
        app.include_router(router)
    app.include_router(sites_router)

    @app.get("/me")
    async def me(asking: Asking) -> str:
        return asking.name

    @app.get("/dangerous")
    async def dangerous(proven: Proven) -> str:
        return proven.name

    @app.post("/api/dangerous")
    async def act(proven: Proven) -> str:
        return proven.name

    return app


async def test_a_link_s_page_has_a_button_and_the_button_lets_in(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        way_in = f"/sign-in/{await people.accounts.make_link(people.ids['Lan'])}"
        assert (await http.get(way_in)).text.startswith("<p>sign_in_link.html")
        assert (await http.get(way_in)).status_code == 200
        entered = await http.post(way_in)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert (await http.get("/me")).json() == "Lan"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["never-made", "a" * 5000])
async def test_a_link_that_lets_nobody_in_has_a_page_that_says_so(tmp_path: Path, method: str, token: str) -> None:
    async with browser(tmp_path) as (http, _):
        answer = await http.request(method, f"/sign-in/{token}")
    assert (answer.status_code, answer.text) == (410, "<p>error 410</p>")
    assert "set-cookie" not in answer.headers


async def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    async with browser(tmp_path, "https://congtac.test") as (http, people):
        entered = await http.post(f"/sign-in/{await people.accounts.make_link(people.ids['Lan'])}")
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Host-congtac=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert (await http.get("/me")).json() == "Lan"


async def test_over_http_the_cookie_is_out_of_reach_for_scripts_and_other_sites(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        entered = await http.post(f"/sign-in/{await people.accounts.make_link(people.ids['Lan'])}")
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("congtac=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_signing_out_ends_the_session_and_forgets_the_cookie(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        left = await http.post("/sign-out")
        assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
        assert left.headers["set-cookie"].startswith('congtac=""; expires=')
        assert (await http.get("/me")).status_code == 303


async def test_signing_in_again_ends_the_browser_s_former_session(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        former = await people.session_of("Hoa")
        http.cookies.set("congtac", former)
        await http.post(f"/sign-in/{await people.accounts.make_link(people.ids['Lan'])}")
        assert await people.accounts.principal(former) is None


async def test_a_browser_that_is_not_signed_in_is_sent_to_where_it_can(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, _):
        answer = await http.get("/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("cookie", [None, "made-up", ""])
async def test_a_program_that_is_not_signed_in_is_told_so(tmp_path: Path, cookie: str | None) -> None:
    async with browser(tmp_path) as (http, _):
        headers = {} if cookie is None else {"Cookie": f"congtac={cookie}"}
        answer = await http.get("/api/v1/sites", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_how_to_get_in_is_told_to_everybody(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, _):
        assert (await http.get("/sign-in")).text.startswith("<p>sign_in.html")


@pytest.mark.parametrize(("name", "role"), [("Lan", "owner"), ("Minh", "operator"), ("Hoa", "viewer"), ("Stranger", None)])
async def test_people_see_the_sites_that_they_are_members_of(tmp_path: Path, name: str, role: str | None) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of(name))
        sites = (await http.get("/api/v1/sites")).json()
        site = {"id": people.site_id, "slug": "vuon-uom", "name": "Vườn ươm", "timezone": "Asia/Ho_Chi_Minh"}
        site |= {"tariff_vnd_kwh": None, "latitude": 21.85, "longitude": 106.76, "role": role}
    assert sites == ([site] if role else [])


@pytest.mark.parametrize("base", ["http://congtac.test", "https://congtac.test"])
async def test_whose_role_changes_stays_signed_in_under_another_cookie(tmp_path: Path, base: str) -> None:
    """Checklist 11."""
    async with browser(tmp_path, base) as (http, people):
        await http.post(f"/sign-in/{await people.accounts.make_link(people.ids['Hoa'])}")
        name, before = next(iter(http.cookies.items()))
        assert "set-cookie" not in (await http.get("/me")).headers
        await people.sites.set_role(people.site_id, people.ids["Hoa"], Role.OPERATOR)
        answer = await http.get("/me")
        assert (answer.json(), answer.headers["set-cookie"].partition("=")[0]) == ("Hoa", name)
        after = http.cookies[name]
        assert (await http.get("/me")).json() == "Hoa"
        await people.all_written()
        people.clock.turn(15)
        assert (await http.get("/me")).json() == "Hoa"
        assert "set-cookie" not in (await http.get("/me")).headers
        http.cookies.clear()
        http.cookies.set(name, before)
        assert (await http.get("/me")).status_code == 303
    assert before != after


async def test_what_is_dangerous_asks_a_browser_to_prove_who_is_there_and_then_goes_on(tmp_path: Path) -> None:
    """Checklist 15."""
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        assert (await http.get("/dangerous?what=1")).json() == "Lan"
        people.clock.turn(PROOF_S)
        asked = await http.get("/dangerous?what=1")
        assert (asked.status_code, asked.headers["location"]) == (303, "/prove?then=%2Fdangerous%3Fwhat%3D1")
        assert "'then': '/dangerous?what=1'" in (await http.get(asked.headers["location"])).text


async def test_what_is_dangerous_asks_a_program_to_prove_itself(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        people.clock.turn(PROOF_S)
        answer = await http.post("/api/dangerous")
    assert (answer.status_code, answer.json()["code"]) == (403, "prove_yourself")


async def test_proving_leads_to_no_other_site(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        assert "'then': '/'" in (await http.get("/prove", params={"then": "https://evil.test/"})).text


@pytest.mark.parametrize("path", ["/account", "/prove"])
async def test_a_stranger_has_no_account_page(tmp_path: Path, path: str) -> None:
    async with browser(tmp_path) as (http, _):
        assert (await http.get(path)).headers["location"] == "/sign-in"
