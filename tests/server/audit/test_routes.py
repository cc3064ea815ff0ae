"""Who may read what of the trail: an owner the own sites, everybody the own deeds, and nobody anything else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from server.audit.search import find_rows
from server.devices.enrol import enrol
from server.devices.models import Device
from server.sites import Member, Role
from tests.server.test_app import running

HERE = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**HERE, "Accept": "text/html"}
MINE, OTHERS = "a1" * 8, "b2" * 8


class Town:
    """Two sites: Lan owns the first and Hoa looks on there; Sang owns the second. A device in each."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http
        self.ids: dict[str, str] = {}
        self.site_ids: list[str] = []

    async def settle(self) -> None:
        state = self.app.state

        async def people(session: Any) -> None:
            other = state.sites.found(session, "ben-kia", "Bên kia", "Asia/Ho_Chi_Minh")
            made = {name: state.accounts.add_person(session, name) for name in ("Hoa", "Sang")}
            await session.flush()
            mine = next(iter(state.switchboard.sites))
            session.add(Member(site_id=mine, user_id=made["Hoa"].id, role=Role.VIEWER, since_ms=0))
            session.add(Member(site_id=other.id, user_id=made["Sang"].id, role=Role.OWNER, since_ms=0))
            self.ids = {name: person.id for name, person in made.items()}
            self.site_ids = [mine, other.id]

        await state.database.writer.run(people)
        self.ids["Lan"] = (await state.accounts.find_person("Lan")).id
        for device_id, site_id, name in ((MINE, self.site_ids[0], "Máy <b>1"), (OTHERS, self.site_ids[1], "Máy kia")):
            row = Device(id=device_id, site_id=site_id, slug=f"may-{device_id[:2]}", name=name, created_ms=1)
            await enrol(state.database.writer, state.switchboard.registry, row)

    async def become(self, name: str) -> None:
        """Sign in as that person, without a word in the trail."""
        accounts = self.app.state.accounts
        self.http.cookies.set("congtac", await accounts.sign_in(await accounts.make_link(self.ids[name])))

    async def switch(self, device_id: str) -> int:
        path = f"/api/v1/devices/{device_id}/channels/may-bom/commands"
        return (await self.http.post(path, json={"on": True}, headers=HERE)).status_code

    async def read(self, **asked: int) -> dict[str, Any]:
        answer = await self.http.get("/api/v1/audit", params=asked)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    async with running(folder) as (app, http):
        made = Town(app, http)
        await made.settle()
        yield made


def told(page: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row["actor"], row["name"], row["status"], row["reason"], row["facts"]["device_id"]) for row in page["rows"]]


async def test_an_owner_reads_what_was_done_and_refused_at_the_own_sites(tmp_path: Path):
    """Checklist 26."""
    async with town(tmp_path) as here:
        for name, device_id, status in (("Hoa", MINE, 403), ("Sang", MINE, 404), ("Lan", MINE, 404), ("Sang", OTHERS, 404)):
            await here.become(name)
            assert await here.switch(device_id) == status
        await here.become("Lan")
        page = await here.read()
    assert told(page) == [
        (f"user:{here.ids['Lan']}", "Lan", 404, "unknown_channel", MINE),
        ("elsewhere", None, 404, "unknown_device", MINE),
        (f"user:{here.ids['Hoa']}", "Hoa", 403, "may_only_look", MINE),
    ]


async def test_who_owns_nothing_reads_the_own_deeds_only(tmp_path: Path):
    async with town(tmp_path) as here:
        for name in ("Lan", "Hoa"):
            await here.become(name)
            await here.switch(MINE)
        assert told(await here.read()) == [(f"user:{here.ids['Hoa']}", "Hoa", 403, "may_only_look", MINE)]


async def test_a_deed_at_another_s_site_tells_nothing_of_that_site(tmp_path: Path):
    """Checklist 14."""
    async with town(tmp_path) as here:
        await here.become("Hoa")
        assert await here.switch(OTHERS) == 404
        page = await here.read()
    assert told(page) == [(f"user:{here.ids['Hoa']}", "Hoa", 404, "unknown_device", OTHERS)]
    assert here.site_ids[1] not in str(page)


@pytest.mark.parametrize(("scopes", "sees"), [(("read", "command"), False), (("manage",), True)])
async def test_a_token_reads_of_the_sites_that_it_manages_and_not_what_its_person_did_elsewhere(tmp_path: Path, scopes, sees):
    """Checklist 14."""
    async with town(tmp_path) as here:
        await here.become("Lan")
        await here.http.post("/language", data={"lang": "en"}, headers=HERE)
        made = await here.http.post("/api/v1/tokens", json={"name": "Log", "scopes": scopes}, headers=HERE)
        await here.switch(MINE)
        read = await here.http.get("/api/v1/audit", headers={"Authorization": f"Bearer {made.json()['token']}"})
    sites = {row["site_id"] for row in read.json()["rows"]}
    assert (sites != set(), None in sites) == (sees, False)


async def test_a_stranger_reads_nothing(tmp_path: Path):
    async with running(tmp_path) as (_, http):
        assert (await http.get("/api/v1/audit")).status_code == 401
        assert (await http.get("/activity", headers=PAGE)).headers["location"].startswith("/sign-in")


async def test_rows_come_a_page_at_a_time_without_gap_or_overlap(tmp_path: Path):
    async with town(tmp_path) as here:
        await here.become("Lan")
        for _ in range(5):
            await here.switch(MINE)
        seen, before = [], None
        while True:
            page = await here.read(limit=2, **({"before": before} if before else {}))
            seen += [row["seq"] for row in page["rows"]]
            if (before := page["before"]) is None:
                break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(("language", "words"), [("vi", "bật hoặc tắt"), ("en", "switch on or off")])
async def test_the_page_tells_it_in_words_and_a_name_of_a_device_is_inert(tmp_path: Path, language: str, words: str):
    """Checklist 16."""
    async with town(tmp_path) as here:
        await here.become("Lan")
        await here.switch(MINE)
        html = (await here.http.get("/activity", headers={**PAGE, "Accept-Language": language})).text
    assert f"<strong>Lan</strong>: {words}<" in html
    assert ">Máy &lt;b&gt;1<" in html
    assert "unknown_channel" not in html
    assert "<b>" not in html


async def test_a_start_of_the_server_is_in_the_trail(tmp_path: Path):
    async with running(tmp_path) as (app, _):
        assert await app.state.trail.written(10)
        async with app.state.database.read() as session:
            (row,) = await find_rows(session, 5)
    assert (row.actor, row.what) == ("server", "start")
