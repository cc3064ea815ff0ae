"""Signing in, proving and setting a password, as forms do it."""

from pathlib import Path

import httpx
import pytest

from server.accounts.throttle import LINKS
from tests.server.accounts.test_passwords import GOOD, OTHER
from tests.server.accounts.test_routes import browser
from tests.server.people import PROOF_S, People

LAN = {"login": "lan", "password": GOOD}


async def signed_in(http: httpx.AsyncClient, people: People) -> None:
    http.cookies.set("congtac", await people.give_password("Lan", "lan", GOOD), domain="congtac.test")


async def test_a_form_lets_in_under_a_new_cookie_and_ends_the_former_session(tmp_path: Path) -> None:
    """Checklist 11."""
    async with browser(tmp_path) as (http, people):
        await signed_in(http, people)
        former = http.cookies["congtac"]
        http.cookies.clear()
        entered = await http.post("/sign-in", data=LAN, headers={"Cookie": f"congtac={former}"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert (await http.get("/me")).json() == "Lan"
        assert http.cookies["congtac"] != former
        assert await people.accounts.principal(former) is None


@pytest.mark.parametrize("wrong", [{**LAN, "password": OTHER}, {**LAN, "login": "nobody"}])
async def test_a_wrong_password_and_an_unknown_login_name_have_the_same_answer(tmp_path: Path, wrong: dict[str, str]) -> None:
    """Checklist 9."""
    async with browser(tmp_path) as (http, people):
        await people.give_password("Lan", "lan", GOOD)
        answer = await http.post("/sign-in", data=wrong)
    assert answer.status_code == 403
    assert answer.text == f"<p>sign_in.html {{'wrong': True, 'login': '{wrong['login']}'}}</p>"
    assert "set-cookie" not in answer.headers


async def test_who_tried_too_often_is_told_when_to_try_again(tmp_path: Path) -> None:
    """Checklist 9."""
    async with browser(tmp_path) as (http, people):
        await people.give_password("Lan", "lan", GOOD)
        for _ in range(6):
            await http.post("/sign-in", data={**LAN, "password": OTHER})
        slowed = await http.post("/sign-in", data=LAN)
        assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "2")
        assert slowed.text == "<p>sign_in.html {'wait_s': 2, 'login': 'lan'}</p>"
        people.clock.turn(2)
        assert (await http.post("/sign-in", data=LAN)).status_code == 303


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_guesses_links_is_slowed_down(tmp_path: Path, method: str) -> None:
    """Checklist 9."""
    async with browser(tmp_path) as (http, people):
        good = f"/sign-in/{await people.accounts.make_link(people.ids['Lan'])}"
        tried = [(await http.request(method, f"/sign-in/guess-{number}")).status_code for number in range(LINKS.free + 2)]
        assert tried == [410] * (LINKS.free + 1) + [429]
        slowed = await http.request(method, good)
        assert (slowed.status_code, slowed.headers["retry-after"], slowed.text) == (429, "2", "<p>error 429 2 s</p>")
        people.clock.turn(2)
        assert (await http.post(good)).status_code == 303


async def test_a_password_is_set_changed_and_removed_on_the_account_page(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        for password in (GOOD, OTHER):
            done = await http.post("/account/password", data={"login": "Lan", "password": password})
            assert (done.status_code, done.headers["location"]) == (303, "/account?done=password_set#password")
            assert "'login': 'lan'" in (await http.get("/account")).text
        done = await http.post("/account/password/remove")
        assert (done.status_code, done.headers["location"]) == (303, "/account?done=password_removed#password")
        assert (await http.post("/sign-in", data=LAN)).status_code == 403


async def test_a_password_that_will_not_do_comes_back_with_the_reason_and_without_itself(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        http.cookies.set("congtac", await people.session_of("Lan"))
        answer = await http.post("/account/password", data={"login": "Lan", "password": "qwertyuiop12"})
    assert answer.status_code == 422
    assert "'refused': <Weakness.COMMON: 'common'>, 'typed': 'Lan'" in answer.text
    assert "qwertyuiop12" not in answer.text


@pytest.mark.parametrize("path", ["/account/password", "/account/password/remove"])
async def test_changing_a_password_asks_again_who_somebody_is(tmp_path: Path, path: str) -> None:
    """Checklist 15."""
    async with browser(tmp_path) as (http, people):
        await signed_in(http, people)
        people.clock.turn(PROOF_S)
        asked = await http.post(path, data={"login": "lan", "password": OTHER})
        assert (asked.status_code, asked.headers["location"]) == (303, "/prove?then=%2Faccount")
        wrong = await http.post("/prove", data={"password": OTHER, "then": "/account"})
        assert (wrong.status_code, "'wrong': True" in wrong.text) == (403, True)
        proved = await http.post("/prove", data={"password": GOOD, "then": "/account"})
        assert (proved.status_code, proved.headers["location"]) == (303, "/account")
        assert (await http.post(path, data={"login": "lan", "password": OTHER})).status_code == 303
        assert (await http.post("/sign-in", data=LAN)).status_code == 403


async def test_proving_gives_the_session_another_token(tmp_path: Path) -> None:
    """Checklist 11."""
    async with browser(tmp_path) as (http, people):
        await signed_in(http, people)
        before = http.cookies["congtac"]
        await http.post("/prove", data={"password": GOOD})
        await http.get("/me")
        assert http.cookies["congtac"] != before


async def test_proving_too_often_wrongly_has_to_wait(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        await signed_in(http, people)
        for _ in range(6):
            await http.post("/prove", data={"password": OTHER})
        slowed = await http.post("/prove", data={"password": GOOD})
        assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "2")


@pytest.mark.parametrize("path", ["/sign-in", "/prove", "/account/password", "/account/password/remove"])
async def test_no_other_site_sends_these_forms(tmp_path: Path, path: str) -> None:
    """Checklist 12."""
    async with browser(tmp_path) as (http, people):
        await signed_in(http, people)
        answer = await http.post(path, data={**LAN, "then": "/"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
