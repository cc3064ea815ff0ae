"""Lan owns the site, Minh operates it, Hoa may only look, and for a stranger there is nothing here."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from server.sites import Role
from tests.processes import SimulatedDevice, System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    await shared.add_person("Minh", Role.OPERATOR)
    await shared.add_person("Hoa", Role.VIEWER)
    await shared.add_person("Stranger", None)
    device = await shared.add_device("Trạm bơm")

    async def has_told() -> bool:
        return [len(it["channels"]) for it in (await shared.snapshot())["devices"]] == [4]

    await eventually(has_told)
    return device


def commands(device: SimulatedDevice, channel: str = "den") -> str:
    return f"/api/v1/devices/{device.id}/channels/{channel}/commands"


@pytest.mark.parametrize("name", ["Lan", "Minh"])
async def test_who_may_switch_switches(shared, device, name):
    async with shared.visitor(name) as client:
        for on in (True, False):
            answer = await client.post(commands(device), json={"on": on}, headers={"Prefer": "wait=5"})
            assert (answer.status_code, answer.json()["fate"], answer.json()["actor"]) == (200, "applied", name)


async def test_a_viewer_sees_everything_and_has_no_switch(shared, device, phone):
    hoa = await phone(shared.url)
    await hoa.sign_in(await shared.link("Hoa"))
    await hoa.live()
    await expect(hoa.page.locator("#sites .card")).to_have_count(4)
    await expect(hoa.page.get_by_role("switch")).to_have_count(0)
    await expect(hoa.page.locator("#sites form")).to_have_count(0)
    await expect(hoa.page.locator(".role")).to_have_text("Chỉ xem")
    before = device.history("den")
    async with shared.visitor("Minh") as client:
        await client.post(commands(device), json={"on": True})
    await hoa.expect_look("den", "on")
    assert device.history("den") == [*before, True]


async def test_a_viewer_may_not_post(shared, device):
    before = device.history("den")
    async with shared.visitor("Hoa") as client:
        answer = await client.post(commands(device), json={"on": False})
        assert (answer.status_code, answer.json()["code"]) == (403, "may_only_look")
        form = await client.post(f"/devices/{device.id}/channels/den", data={"on": "false"})
        assert form.status_code == 403
        [shown, *_] = (await client.get("/api/v1/commands")).json()["commands"]
        assert (await client.get(f"/api/v1/commands/{shown['id']}")).status_code == 200
        assert (await client.post(f"/api/v1/commands/{shown['id']}/cancel")).status_code == 403
    assert device.history("den") == before


async def test_for_a_stranger_nothing_exists(shared, device, phone):
    async with shared.visitor("Lan") as lan:
        [command, *_] = (await lan.get("/api/v1/commands")).json()["commands"]
    async with shared.visitor("Stranger") as client:
        assert (await client.get("/api/v1/snapshot")).json()["devices"] == []
        assert (await client.get("/api/v1/snapshot")).json()["sites"] == []
        assert (await client.get("/api/v1/sites")).json() == []
        assert (await client.get("/api/v1/commands")).json()["commands"] == []
        for path in (
            f"/api/v1/devices/{device.id}/history",
            f"/api/v1/commands/{command['id']}",
            f"/api/v1/commands?device={device.id}",
        ):
            assert (await client.get(path)).status_code == 404, path
        for path in (commands(device), f"/api/v1/commands/{command['id']}/cancel"):
            assert (await client.post(path, json={"on": True})).status_code == 404, path
    visitor = await phone(shared.url)
    await visitor.sign_in(await shared.link("Stranger"))
    await visitor.live()
    await expect(visitor.page.locator("#empty")).to_be_visible()
    await expect(visitor.page.locator("#sites .card")).to_have_count(0)


async def test_who_is_not_signed_in_gets_nothing_but_the_way_in(shared, device, phone):
    async with shared.anybody() as client:
        for path in (
            "/api/v1/snapshot",
            "/api/v1/live",
            "/api/v1/sites",
            "/api/v1/commands",
            f"/api/v1/devices/{device.id}/history",
        ):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.post(commands(device), json={"on": True})).status_code == 401
    visitor = await phone(shared.url)
    await visitor.page.goto(shared.url)
    await expect(visitor.page).to_have_url(f"{shared.url}/sign-in")
    await expect(visitor.page.locator("#sites")).to_have_count(0)
