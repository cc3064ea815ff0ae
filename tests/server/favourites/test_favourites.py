"""What somebody likes best is theirs alone, lasts, and never shows them more than they may see."""

from pathlib import Path

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import User
from server.db import StorageError
from server.devices.enrol import enrol
from server.devices.models import Device
from server.favourites.models import Favourite
from tests.server.board import SITE, Stage, stage
from tests.server.who_world import DEVICE, OTHER_DEVICE, WhoWorld, who_world

FIRST, SECOND = ("d" * 16, "den"), ("d" * 16, "may-bom")


async def people(there: Stage) -> None:
    async def make(session: AsyncSession) -> None:
        session.add_all(User(id=name, name=name, created_ms=1) for name in ("lan", "minh"))

    await there.database.writer.run(make)
    await enrol(
        there.database.writer, there.board.registry, Device(id="d" * 16, site_id=SITE, slug="may", name="Máy", created_ms=1)
    )


async def test_favourites_are_each_persons_own_in_the_order_of_choosing_and_outlast_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        await people(there)
        for place in (SECOND, FIRST, SECOND):
            there.clock.ms += 1
            await there.board.favourites.set("lan", place, favourite=True)
        await there.board.favourites.set("minh", FIRST, favourite=True)
        await there.board.favourites.set("minh", FIRST, favourite=False)
        before = {name: there.board.favourites.of(name) for name in ("lan", "minh", "hoa")}
    async with stage(tmp_path, fresh=False) as there:
        assert {name: there.board.favourites.of(name) for name in ("lan", "minh", "hoa")} == before
    assert before == {"lan": [SECOND, FIRST], "minh": [], "hoa": []}


async def test_what_could_not_be_written_is_not_shown(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        await people(there)
        with there.full_disk(), pytest.raises(StorageError):
            await there.board.favourites.set("lan", FIRST, favourite=True)
        assert there.board.favourites.of("lan") == []


async def star(world: WhoWorld, who: str, path: str, favourite: str = "true", back: str = "/") -> tuple[int, str]:
    answer = await world.send(
        who, "POST", f"/devices/{path}/favourite", data={"favourite": favourite, "back": back}, headers={"Accept": "text/html"}
    )
    return answer.status_code, answer.headers.get("location", "")


async def liked(world: WhoWorld, who: str) -> list[str]:
    told: list[str] = (await world.send(who, "GET", "/api/v1/snapshot")).json()["favourites"]
    return told


async def test_a_star_is_set_by_a_form_and_leads_back(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        here = f"{DEVICE}/channels/den"
        assert await star(world, "viewer", here, back=f"/devices/{here}") == (303, f"/devices/{here}")
        assert await star(world, "viewer", here, back="https://evil.test/") == (303, "/")
        assert (await liked(world, "viewer"), await liked(world, "owner")) == ([f"{DEVICE}/den"], [])
        assert "Hay dùng" in (await world.send("viewer", "GET", "/", headers={"Accept": "text/html"})).text
        assert await star(world, "viewer", here, "false") == (303, "/")
        assert await liked(world, "viewer") == []


async def test_only_a_channel_that_is_there_and_ones_own_to_see_can_be_one(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        assert [(await star(world, "owner", it))[0] for it in (f"{DEVICE}/channels/khong", f"{OTHER_DEVICE}/channels/den")] == [
            404,
            404,
        ]
        assert await liked(world, "owner") == []


async def test_what_somebody_may_no_longer_see_is_no_favourite_on_their_page(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        user_id = world.people["stranger"]
        await world.app.state.switchboard.favourites.set(user_id, (DEVICE, "den"), favourite=True)
        await world.app.state.switchboard.favourites.set(user_id, (OTHER_DEVICE, "den"), favourite=True)
        assert await liked(world, "stranger") == [f"{OTHER_DEVICE}/den"]


async def test_erasing_a_person_erases_what_they_liked(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        await star(world, "viewer", f"{DEVICE}/channels/den")
        await world.app.state.erasure.erase(world.people["viewer"])
        async with world.app.state.database.read() as session:
            assert (await session.exec(select(Favourite))).all() == []
        assert world.app.state.switchboard.favourites.of(world.people["viewer"]) == []
