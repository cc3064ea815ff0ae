"""Every part is taken away and given back, and the page tells the truth all the while, without being loaded anew."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import expect

from tests.processes import KEEPALIVE_S, SimulatedDevice, System
from tests.waiting import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Mosquitto gives a device up after one and a half keepalives, counts whole seconds, and looks each six; the rest is for a busy machine.
LOST_WITHIN_MS = (1.5 * KEEPALIVE_S + 1 + 6 + 4) * 1000


async def watched(system: System, phone, name: str):
    """A device that is on the air, and a page that shows it and may not be loaded anew."""
    device = await system.add_device(name)
    await system.on_air(device)
    lan = await phone(system.url)
    await lan.sign_in(await system.link())
    await lan.live()
    await expect(lan.device(device.id)).to_have_attribute("data-presence", "online", timeout=15_000)
    await lan.stay()
    return device, lan


async def test_a_device_that_is_gone_is_shown_as_gone_and_comes_back_by_itself(own, phone):
    device, lan = await watched(own, phone, "Trạm bơm")
    shown = lan.device(device.id)
    await lan.tap("den")
    await lan.expect_look("den", "on")

    await device.program.kill()
    await expect(shown).to_have_attribute("data-presence", "offline", timeout=LOST_WITHIN_MS)
    await lan.expect_look("den", "offline")
    await expect(lan.card("den")).to_contain_text("BẬT")  # the last that is known
    await lan.tap("den")
    await lan.expect_notice("den", "Chưa gửi: thiết bị đang mất kết nối.")

    await device.program.start()
    await expect(shown).to_have_attribute("data-presence", "online", timeout=15_000)
    await lan.expect_look("den", "on")

    device.program.signal(signal.SIGSTOP)  # as when the power goes: nobody says goodbye
    await expect(shown).to_have_attribute("data-presence", "offline", timeout=LOST_WITHIN_MS)
    device.program.signal(signal.SIGCONT)
    await expect(shown).to_have_attribute("data-presence", "online", timeout=15_000)
    await lan.tap("den")
    await lan.expect_look("den", "off")

    assert await lan.stayed()
    assert device.history("den") == [True, False]


async def test_without_the_server_the_page_says_so_and_the_device_keeps_its_promises(own, phone):
    device, lan = await watched(own, phone, "Trạm bơm")
    async with own.visitor() as client:
        answer = await client.post(
            f"/api/v1/devices/{device.id}/channels/may-bom/commands", json={"on": True, "for_s": 3}, headers={"Prefer": "wait=5"}
        )
    assert answer.json()["fate"] == "applied"

    await own.server.kill()
    await lan.expect_badge("reconnecting")
    await lan.tap("den")
    await lan.expect_notice("den", "Chưa gửi: trang đang mất kết nối.")
    await until(lambda: device.history("may-bom") == [True, False], within_s=10)  # its lease ends with no server to say so

    await own.start_server()
    await lan.expect_badge("live", within_ms=40_000)
    await lan.expect_look("may-bom", "off")
    await lan.tap("den")
    await lan.expect_look("den", "on")
    assert await lan.stayed()
    assert device.history("den") == [True]


async def test_without_the_broker_the_page_says_that_and_calls_no_device_offline(own, phone):
    device, lan = await watched(own, phone, "Trạm bơm")
    await lan.tap("den")
    await lan.expect_look("den", "on")

    async with presences(lan, device) as seen, own.visitor() as client:
        await own.broker.kill()
        await lan.expect_badge("down")
        await lan.expect_look("den", "unknown")
        refused = await client.post(f"/api/v1/devices/{device.id}/channels/den/commands", json={"on": False})
        assert (refused.status_code, refused.json()["code"]) == (503, "link_down")
        await eventually(lambda: says_that_the_broker_is_away(client))  # what was found is kept for two seconds
        await own.start_broker()
        await lan.expect_badge("live", within_ms=40_000)
        await expect(lan.device(device.id)).to_have_attribute("data-presence", "online", timeout=40_000)
    assert "offline" not in seen

    await lan.expect_look("den", "on")
    await lan.tap("den")
    await lan.expect_look("den", "off")
    assert await lan.stayed()
    assert device.history("den") == [True, False]


async def says_that_the_broker_is_away(client: httpx.AsyncClient) -> bool:
    ready = await client.get("/readyz")
    return (ready.status_code, ready.json()["checks"]["broker"]) == (503, "no link to the broker")


@asynccontextmanager
async def presences(lan, device: SimulatedDevice) -> AsyncIterator[set[str]]:
    """What the page says of the device while the block lasts."""
    seen: set[str] = set()

    async def look() -> None:
        while True:
            seen.add(await lan.device(device.id).get_attribute("data-presence"))
            await asyncio.sleep(0.05)

    looking = asyncio.create_task(look(), name="looking at the page")
    try:
        yield seen
    finally:
        looking.cancel()
        await asyncio.wait((looking,))
