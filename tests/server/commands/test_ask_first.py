"""A page asks before it switches on what was set to ask; off is never asked about, and a program is not asked at all."""

import re
from pathlib import Path

import httpx

from tests.server.who_world import DEVICE, WhoWorld, who_world

PATH = f"/devices/{DEVICE}/channels/den"


async def form(world: WhoWorld, who: str = "operator", **fields: str) -> httpx.Response:
    return await world.send(who, "POST", PATH, data=fields, headers={"Accept": "text/html", "Accept-Language": "vi"})


async def set_to_ask(world: WhoWorld) -> None:
    told = {"label": "Đèn sân", "ask_first": True}
    answer = await world.send("owner", "PATCH", f"/api/v1{PATH}", json=told)
    assert answer.status_code == 200, answer.text


async def test_without_scripts_on_is_asked_about_by_a_page_that_changes_nothing(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        await set_to_ask(world)
        page = await form(world, on="true", for_s="600", back="/account")
        asked = await world.send("operator", "GET", "/api/v1/commands")
    assert page.status_code == 200
    assert '<h1 id="question">Bật Đèn sân?</h1>' in page.text
    section = page.text.partition("data-sheet")[2]
    assert re.findall(r'name="(\w+)" value="([^"]*)"', section) == [
        *(("on", "true"), ("sure", "true"), ("for_s", "600"), ("back", "/account")),
    ]
    assert 'href="/account"' in section
    assert asked.json()["commands"] == []


async def test_a_yes_and_an_off_are_sent_at_once(tmp_path: Path) -> None:
    """There is no broker in this world: what is sent fails as that, and is not asked about."""
    async with who_world(tmp_path) as world:
        await set_to_ask(world)
        assert (await form(world, on="true", sure="true")).status_code == 503
        assert (await form(world, on="false")).status_code == 503
        told = await world.send("operator", "POST", f"/api/v1{PATH}/commands", json={"on": True})
        assert told.json()["code"] == "link_down"


async def test_the_question_leads_back_to_this_host_only_and_strangers_are_not_asked(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        await set_to_ask(world)
        assert "evil" not in (await form(world, on="true", back="//evil.test/")).text
        assert [(await form(world, who, on="true")).status_code for who in ("stranger", "viewer", "guest")] == [404, 403, 200]
