"""Where a person is signed in, and how they end it there."""

from pathlib import Path

import pytest

from tests.server.accounts.test_routes import browser
from tests.server.people import ABSOLUTE_S, START_MS

CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"


async def test_a_person_sees_their_own_sessions_and_nobody_else_s(tmp_path: Path) -> None:
    """Checklist 11."""
    async with browser(tmp_path) as (http, people):
        await people.session_of("Minh")
        await people.session_of("Lan")
        people.clock.turn(3600)
        link = await people.accounts.make_link(people.ids["Lan"])
        await http.post(f"/sign-in/{link}", headers={"User-Agent": CHROME})
        found = (await http.get("/api/v1/sessions")).json()
        ids = {row.pop("id") for row in found}
    later = START_MS + 3_600_000
    assert found == [
        {"browser": "Chrome, Android", "created_ms": later, "seen_ms": later, "ends_ms": later + ABSOLUTE_S * 1000, "this": True},
        {"browser": "", "created_ms": START_MS, "seen_ms": START_MS, "ends_ms": START_MS + ABSOLUTE_S * 1000, "this": False},
    ]
    assert len(ids) == 2


async def test_no_hash_of_a_token_is_ever_shown(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        token = await people.session_of("Lan")
        http.cookies.set("congtac", token)
        row = (await people.accounts.sessions_of(people.ids["Lan"]))[0]
        text = (await http.get("/api/v1/sessions")).text
    assert row.id in text
    assert row.token_hash not in text
    assert token not in text


async def test_a_session_is_ended_by_its_id(tmp_path: Path) -> None:
    """Checklist 11."""
    async with browser(tmp_path) as (http, people):
        phone = await people.session_of("Lan")
        http.cookies.set("congtac", await people.session_of("Lan"))
        lost = next(row["id"] for row in (await http.get("/api/v1/sessions")).json() if not row["this"])
        assert (await http.delete(f"/api/v1/sessions/{lost}")).status_code == 204
        assert await people.accounts.principal(phone) is None
        assert (await http.get("/me")).json() == "Lan"
        assert (await http.delete(f"/api/v1/sessions/{lost}")).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/sessions/{}", "/account/sessions/{}/end"])
async def test_nobody_ends_a_session_of_another(tmp_path: Path, path: str) -> None:
    """Checklist 14."""
    async with browser(tmp_path) as (http, people):
        lans = await people.session_of("Lan")
        session = (await people.asking(lans)).session
        assert session is not None
        http.cookies.set("congtac", await people.session_of("Minh"))
        method = "DELETE" if path.startswith("/api") else "POST"
        assert (await http.request(method, path.format(session.id))).status_code == 404
        assert (await people.asking(lans)).name == "Lan"


async def test_a_form_ends_one_session_or_all_others(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        others = [await people.session_of("Lan") for _ in range(3)]
        http.cookies.set("congtac", await people.session_of("Lan"))
        session = (await people.asking(others[0])).session
        assert session is not None

        async def alive() -> list[bool]:
            return [await people.accounts.principal(token) is not None for token in others]

        one = await http.post(f"/account/sessions/{session.id}/end")
        assert (one.status_code, one.headers["location"]) == (303, "/account?done=session_ended#sessions")
        assert await alive() == [False, True, True]
        rest = await http.post("/account/sessions/end-others")
        assert (rest.status_code, rest.headers["location"]) == (303, "/account?done=sessions_ended#sessions")
        assert await alive() == [False, False, False]
        assert (await http.get("/me")).json() == "Lan"


async def test_ending_one_s_own_session_is_signing_out(tmp_path: Path) -> None:
    async with browser(tmp_path) as (http, people):
        token = await people.session_of("Lan")
        http.cookies.set("congtac", token)
        own = (await http.get("/api/v1/sessions")).json()[0]["id"]
        left = await http.post(f"/account/sessions/{own}/end")
        assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
        assert await people.accounts.principal(token) is None
