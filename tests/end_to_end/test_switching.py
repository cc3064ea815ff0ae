"""From the phone to the pin and back, in real browsers."""

import asyncio
from itertools import pairwise

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.processes import SimulatedDevice, System
from tests.waiting import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    return await shared.add_device("Trạm bơm")


async def test_the_link_lets_in_and_a_tap_is_pending_then_on_with_one_change_at_the_pin(shared, device, phone):
    lan = await phone(shared.url)
    await lan.sign_in(shared.first_link)
    await lan.live()
    await lan.expect_look("may-bom", "off")
    await lan.note_looks("may-bom")
    await lan.tap("may-bom")
    await lan.expect_look("may-bom", "on")
    assert await lan.noted_looks() == ["off", "pending", "on"]
    await expect(lan.card("may-bom")).to_contain_text("Lan")
    await expect(lan.card("may-bom").locator(".ring")).to_be_visible()
    assert device.history("may-bom") == [True]
    assert lan.complaints == []


async def test_the_link_works_once(shared, phone):
    lan = await phone(shared.url)
    await lan.page.goto(shared.first_link)
    await expect(lan.page.locator("main")).to_contain_text("không còn dùng được")
    await expect(lan.page.locator("main form")).to_have_count(0)


async def test_a_second_browser_sees_a_change_without_a_reload(shared, device, phone):
    one, two = await phone(shared.url), await phone(shared.url, locale="en-GB")
    for visitor in (one, two):
        await visitor.sign_in(await shared.link())
        await visitor.live()
    await two.stay()
    await one.tap("den")
    await two.expect_look("den", "on")
    await expect(two.card("den")).to_contain_text("On")
    await one.tap("den")
    await two.expect_look("den", "off")
    assert await two.stayed()
    assert device.history("den") == [True, False]


async def nothing_is_open(system: System) -> bool:
    channels = [channel for device in (await system.snapshot())["devices"] for channel in device["channels"]]
    return all(channel["command"] is None or channel["command"]["fate"] == "applied" for channel in channels)


async def test_two_phones_that_tap_at_once_agree_at_the_end(shared, device, phone):
    one, two = await phone(shared.url), await phone(shared.url)
    for visitor in (one, two):
        await visitor.sign_in(await shared.link())
        await visitor.live()
        await visitor.expect_look("quat", "off")
    for _ in range(5):
        before = len(device.history("quat"))
        await asyncio.gather(one.tap("quat"), two.tap("quat"))
        await until(lambda before=before: len(device.history("quat")) > before)
        for visitor in (one, two):
            await expect(visitor.switch("quat")).to_have_attribute("aria-busy", "false")
        await eventually(lambda: nothing_is_open(shared))
        on = device.history("quat")[-1]
        for visitor in (one, two):
            await visitor.expect_look("quat", "on" if on else "off")
    relay = device.history("quat")
    assert all(now is not before for before, now in pairwise(relay))


@pytest.mark.usefixtures("device")
async def test_a_page_that_wakes_up_takes_everything_anew(shared, phone):
    lan = await phone(shared.url)
    await lan.sign_in(await shared.link())
    await lan.live()
    before = sum(address.endswith("/api/v1/live") for address in lan.requests)
    await lan.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await until(lambda: sum(address.endswith("/api/v1/live") for address in lan.requests) == before + 1)
    await lan.live()


@pytest.mark.usefixtures("device")
async def test_a_newly_added_device_appears_without_a_reload(shared, phone):
    lan = await phone(shared.url)
    await lan.sign_in(await shared.link())
    await lan.live()
    await lan.stay()
    added = await shared.add_device("<script>alert(1)</script>")
    try:
        await expect(lan.device(added.id).locator(".card")).to_have_count(4)
        await expect(lan.device(added.id)).to_have_attribute("data-presence", "online")
        await expect(lan.device(added.id).locator(".device-name")).to_have_text("<script>alert(1)</script>")
        assert await lan.stayed()
        assert lan.complaints == []
    finally:
        await added.program.stop()
    await expect(lan.device(added.id)).to_have_attribute("data-presence", "offline")
