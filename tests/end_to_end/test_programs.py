"""A program with an API token against the whole system: what it may do, and how soon it is out when its token is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from server.sites import Role
from tests.processes import SimulatedDevice, System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUT_WITHIN_S = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    await shared.add_person("Hoa", Role.VIEWER)
    device = await shared.add_device("Trạm bơm")

    async def has_told() -> bool:
        return [len(it["channels"]) for it in (await shared.snapshot())["devices"]] == [4]

    await eventually(has_told)
    return device


@asynccontextmanager
async def program(shared: System, name: str, *scopes: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A program with a new token of that person's, and the token's id."""
    async with shared.visitor(name) as person:
        made = await person.post("/api/v1/tokens", json={"name": "Chương trình", "scopes": scopes})
        assert made.status_code == 201, made.text
    token: dict[str, Any] = made.json()
    headers = {"Authorization": f"Bearer {token['token']}"}
    async with httpx.AsyncClient(base_url=shared.url, headers=headers, timeout=15) as client:
        yield client, token["id"]


def switching(device: SimulatedDevice) -> str:
    return f"/api/v1/devices/{device.id}/channels/den/commands"


async def test_a_program_switches_and_the_history_says_which_one_it_was(shared, device):
    async with program(shared, "Lan", "command") as (client, _):
        done = await client.post(switching(device), json={"on": True}, headers={"Prefer": "wait=5"})
        undone = await client.post(switching(device), json={"on": False}, headers={"Prefer": "wait=5"})
    assert [(answer.status_code, answer.json()["fate"]) for answer in (done, undone)] == [(200, "applied")] * 2
    assert done.json()["actor"] == "Lan (Chương trình)"
    assert device.history("den")[-2:] == [True, False]


@pytest.mark.parametrize(("name", "scopes"), [("Lan", ["read"]), ("Lan", ["manage"]), ("Hoa", ["read", "command", "manage"])])
async def test_a_program_that_may_only_look_moves_nothing(shared, device, name, scopes):
    before = device.history("den")
    async with program(shared, name, *scopes) as (client, _):
        assert (await client.get("/api/v1/snapshot")).json()["devices"][0]["id"] == device.id
        refused = await client.post(switching(device), json={"on": True})
    assert (refused.status_code, refused.json()["code"]) == (403, "may_only_look")
    assert device.history("den") == before


async def test_a_program_whose_token_is_revoked_is_out_of_its_open_stream_within_five_seconds(shared):
    """Checklist 11."""
    async with program(shared, "Lan", "read") as (client, token_id), client.stream("GET", "/api/v1/live") as stream:
        chunks = stream.aiter_bytes()
        assert b"event: snapshot" in await anext(chunks)
        async with shared.visitor("Lan") as lan:
            assert (await lan.delete(f"/api/v1/tokens/{token_id}")).status_code == 204
        async with asyncio.timeout(OUT_WITHIN_S):
            async for _ in chunks:
                pass
        assert (await client.get("/api/v1/live")).status_code == 401


async def test_a_stream_of_a_token_lives_on_while_the_token_does(shared):
    async with program(shared, "Lan", "command") as (client, _), client.stream("GET", "/api/v1/live") as stream:
        chunks = stream.aiter_bytes()
        await anext(chunks)
        async with asyncio.timeout(20):  # ticks come after several looks at the token
            while b"event: tick" not in await anext(chunks):
                pass


@pytest.mark.parametrize(("locale", "erase", "erased"), [
    ("vi-VN", "Xoá hẳn tài khoản của tôi", "Đã xoá tài khoản"),
    ("en-GB", "Erase my account for good", "The account is erased"),
])  # fmt: skip
async def test_somebody_takes_their_data_and_goes_and_is_out_everywhere_within_five_seconds(
    shared, device, phone, locale, erase, erased
):
    """Checklist 29."""
    name = f"Minh {locale}"
    await shared.add_person(name, Role.OPERATOR)
    first, second = await phone(shared.url, locale=locale), await phone(shared.url, locale=locale)
    for one in (first, second):
        await one.sign_in(await shared.link(name))
        await one.live()
    async with shared.visitor(name) as client:
        for on in (False, True):  # who switches on what is on already is not who it is on by
            await client.post(switching(device), json={"on": on}, headers={"Prefer": "wait=5"})
    await expect(second.card("den")).to_contain_text(name)

    page = first.page
    await page.goto(f"{shared.url}/account")
    await page.locator('#data a[href="/account/data"]').click()
    async with page.expect_download() as download:
        await page.locator("a[download]").click()
    assert (await download.value).suggested_filename == "congtac-my-data.json"
    await page.locator("#erase input").fill("somebody else")
    await page.get_by_role("button", name=erase).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.locator("#erase input").fill(name)
    await page.get_by_role("button", name=erase).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(erased)
    await expect(second.page).to_have_url(f"{shared.url}/sign-in", timeout=OUT_WITHIN_S * 1000)

    async with shared.visitor("Lan") as lan:
        [command, *_] = (await lan.get("/api/v1/commands")).json()["commands"]
        told = (await lan.get("/api/v1/snapshot")).text + (await lan.get(f"/api/v1/devices/{device.id}/history")).text
    assert (command["fate"], command["actor"]) == ("applied", None)
    assert name not in told
