"""The page of a device while it is open: what it tells is what holds, for the days that were asked for."""

import pytest
from playwright.async_api import Route, expect

from tests.processes import KEEPALIVE_S, System
from tests.waiting import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def opened(system: System, phone, query: str = ""):
    device = await system.add_device("Trạm bơm")
    lan = await phone(system.url)
    await lan.sign_in(await system.link())
    await lan.live()
    await expect(lan.device(device.id)).to_have_attribute("data-presence", "online", timeout=15_000)
    return device, lan, f"{system.url}/devices/{device.id}{query}"


async def test_what_changed_before_the_stream_had_begun_is_shown_once_it_has(own, phone):
    device, lan, address = await opened(own, phone)
    held: list[Route] = []
    await lan.page.route("**/api/v1/live", lambda route: held.append(route))  # noqa: PLW0108 (playwright takes no builtin)
    await lan.page.goto(address)
    head = lan.page.locator("[data-fresh=head]")
    await expect(head).to_have_attribute("data-presence", "online")
    await until(lambda: bool(held))
    await device.program.kill()

    async def is_gone() -> bool:
        return [it["presence"] for it in (await own.snapshot())["devices"]] == ["offline"]

    await eventually(is_gone, within_s=2 * KEEPALIVE_S + 20)
    await held[-1].continue_()
    await expect(head).to_have_attribute("data-presence", "offline", timeout=10_000)


async def test_what_is_drawn_anew_is_of_as_many_days_as_before(own, phone):
    device, lan, address = await opened(own, phone, "?days=7")
    lan.requests.clear()
    await lan.page.goto(address)
    async with own.visitor() as client:

        async def is_drawn_anew() -> bool:
            for on in (True, False):
                path = f"/api/v1/devices/{device.id}/channels/den/commands"
                await client.post(path, json={"on": on}, headers={"Prefer": "wait=5"})
            return len(pages()) > 1

        def pages() -> list[str]:
            return [asked for asked in lan.requests if f"/devices/{device.id}" in asked]

        await eventually(is_drawn_anew)
    assert set(pages()) == {address}
