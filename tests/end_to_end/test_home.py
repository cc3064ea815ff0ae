"""The home page under a thumb: what a tap shows and when, what happens without a network, favourites, search, and all off."""

import asyncio
import time
from urllib.parse import unquote

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from server.sites import Role
from tests.end_to_end.phone import Phone
from tests.processes import SimulatedDevice, System
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

EN = {"locale": "en-GB"}

NOTE_ORDER = """card => {
  window.seen = [];
  const note = what => { if (window.seen.at(-1) !== what) window.seen.push(what); };
  card.addEventListener('click', () => { note('tap'); requestAnimationFrame(() => note('frame')); }, true);
  new MutationObserver(() => note(card.dataset.look)).observe(card, {attributes: true, attributeFilter: ['data-look']});
}"""
"""In the page itself: a tap, every look that follows it, and the first frame that is drawn after the tap."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    await shared.add_person("Minh", Role.OPERATOR)
    await shared.add_person("Hoa", Role.VIEWER)
    device = await shared.add_device("Trạm bơm")
    await shared.on_air(device)
    return device


async def come(shared: System, phone, name: str = "Lan", **options: object) -> Phone:
    visitor: Phone = await phone(shared.url, **options)
    await visitor.sign_in(await shared.link(name))
    if options.get("java_script_enabled", True):
        await visitor.live()
    return visitor


async def test_a_tap_is_pending_in_the_very_next_frame_however_late_the_server_answers(shared, device, phone):
    """A frame is a sixtieth of a second on a phone: counted in frames, a busy machine changes nothing."""
    lan = await come(shared, phone)
    release = asyncio.Event()
    asked: list[str] = []

    async def late(route: Route) -> None:
        asked.append(route.request.url)
        await release.wait()
        await route.continue_()

    await lan.page.route("**/commands", late)
    await lan.card("quat").evaluate(NOTE_ORDER)
    before = device.history("quat")
    await lan.tap("quat")
    await until(lambda: len(asked) == 1)
    assert await lan.page.evaluate("window.seen") == ["tap", "pending", "frame"]
    assert device.history("quat") == before
    release.set()
    await lan.expect_look("quat", "on")
    assert await lan.page.evaluate("window.seen") == ["tap", "pending", "frame", "on"]
    await lan.tap("quat")
    await lan.expect_look("quat", "off")


async def without_its_stream(lan: Phone) -> asyncio.Event:
    """Load the page anew, and let its stream begin only when the event is set."""
    release = asyncio.Event()

    async def late(route: Route) -> None:
        await release.wait()
        await route.continue_()

    await lan.page.route("**/api/v1/live", late)
    await lan.page.reload()
    await lan.expect_badge("connecting")
    return release


async def test_a_tap_before_the_stream_is_there_is_sent_and_the_switch_waits_for_the_device_s_word(shared, device, phone):
    lan = await come(shared, phone)
    before = device.history("quat")
    release = await without_its_stream(lan)
    await lan.note_looks("quat")
    await lan.tap("quat")
    await until(lambda: device.history("quat") == [*before, True])
    await lan.expect_look("quat", "pending")
    release.set()
    await lan.expect_look("quat", "on")
    assert await lan.noted_looks() == ["off", "pending", "on"]
    await lan.tap("quat")
    await lan.expect_look("quat", "off")


async def test_a_page_whose_stream_does_not_come_takes_taps_only_while_it_is_fresh(shared, device, phone):
    lan = await come(shared, phone)
    before = device.history("quat")
    release = await without_its_stream(lan)
    await lan.page.clock.set_fixed_time(time.time() + 21)
    await lan.expect_badge("stale")
    await lan.tap("quat")
    await lan.expect_notice("quat", "Chưa gửi: trang đang mất kết nối.")
    release.set()
    assert device.history("quat") == before
    assert [address for address in lan.requests if address.endswith("/commands")] == []


async def test_a_switch_that_is_tapped_again_and_again_never_flaps(shared, device, phone):
    lan = await come(shared, phone)
    other = await come(shared, phone, "Minh")
    await lan.note_looks("den")
    for look in ("on", "off", "on", "off"):
        await lan.tap("den")
        await lan.expect_look("den", look)
        await other.expect_look("den", look)
    assert await lan.noted_looks() == ["off", "pending", "on", "pending", "off", "pending", "on", "pending", "off"]
    assert device.history("den")[-4:] == [True, False, True, False]


async def test_in_airplane_mode_a_tap_is_refused_at_once_and_nothing_is_sent_later(shared, device, phone):
    lan = await come(shared, phone)
    before = device.history("cong")
    asked = len(lan.requests)
    await lan.context.set_offline(True)
    await lan.expect_badge("reconnecting")
    await lan.tap("cong")
    await lan.expect_notice("cong", "Chưa gửi: trang đang mất kết nối.")
    await lan.expect_look("cong", "off")
    await lan.context.set_offline(False)
    await lan.live()
    await lan.tap("den")
    await lan.expect_look("den", "on")
    await lan.tap("den")
    await lan.expect_look("den", "off")
    sent = [address for address in lan.requests[asked:] if address.endswith("/commands")]
    assert [address.split("/")[-2] for address in sent] == ["den", "den"]
    assert device.history("cong") == before


@pytest.mark.parametrize(
    "waking",
    [
        "document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))",
        "window.dispatchEvent(new Event('online'))",
    ],
)
@pytest.mark.usefixtures("device")
async def test_a_page_that_wakes_up_takes_a_whole_snapshot_and_shows_what_it_slept_through(shared, phone, waking):
    lan = await come(shared, phone)
    await lan.page.evaluate("window.dispatchEvent(new Event('pagehide'))")  # it hears nothing any more
    async with shared.visitor("Minh") as minh:
        [device] = (await minh.get("/api/v1/snapshot")).json()["devices"]
        path = f"/api/v1/devices/{device['id']}/channels/quat/commands"
        for on in (True, False):
            await minh.post(path, json={"on": on}, headers={"Prefer": "wait=10"})
            if on:
                await lan.expect_look("quat", "off")
                await lan.page.evaluate(waking)
                await lan.expect_look("quat", "on")
    await lan.expect_look("quat", "off")
    await lan.live()


async def test_yes_to_switching_on_never_switches_off_what_somebody_else_switched_on_meanwhile(shared, device, phone):
    lan = await come(shared, phone, **EN)
    path = f"/api/v1/devices/{device.id}/channels/cong"
    before = device.history("cong")
    async with shared.visitor() as client:
        await client.patch(path, json={"ask_first": True})
        await lan.tap("cong")
        sheet = lan.page.get_by_role("dialog")
        await expect(sheet.get_by_role("heading")).to_contain_text("Switch on")
        await client.post(f"{path}/commands", json={"on": True}, headers={"Prefer": "wait=10"})
        await lan.expect_look("cong", "on")
        async with lan.page.expect_response("**/commands") as answer:
            await sheet.locator("[data-yes]").click()
        assert (await (await answer.value).json())["on"] is True
        await lan.expect_look("cong", "on")
        await client.post(f"{path}/commands", json={"on": False}, headers={"Prefer": "wait=10"})
        await client.patch(path, json={"ask_first": False})
    assert device.history("cong")[len(before) :] == [True, False]


@pytest.mark.usefixtures("device")
async def test_why_a_tap_was_not_sent_is_not_said_any_more_when_it_may_be_so_no_longer(shared, phone):
    lan = await come(shared, phone)
    await lan.page.route("**/commands", lambda route: route.abort())
    await lan.tap("quat")
    await lan.expect_notice("quat", "Không rõ lệnh đã tới máy chủ chưa")
    await lan.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 61_000; }")
    await expect(lan.card("quat").locator(".notice")).to_have_text("", timeout=15_000)


async def test_all_off_asks_twice_and_tells_what_the_devices_said(shared, device, phone):
    lan = await come(shared, phone, **EN)
    for channel in ("den", "quat"):
        await lan.tap(channel)
        await lan.expect_look(channel, "on")
    before = {channel: device.history(channel) for channel in ("den", "quat", "cong", "may-bom")}
    sheet = lan.page.get_by_role("dialog")
    await lan.page.get_by_role("link", name="All off").click()
    await expect(sheet).to_contain_text("Switch everything off at")
    await expect(sheet.locator(".names li")).to_have_count(2)
    await lan.page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await lan.expect_look("den", "on")
    await lan.page.get_by_role("link", name="All off").click()
    await sheet.get_by_role("button", name="Switch all off").click()
    await expect(sheet).to_contain_text("Everything is off.")
    await expect(sheet).to_contain_text("Told to be off by their devices: 2.")
    await sheet.get_by_role("link", name="Close").click()
    for channel in ("den", "quat"):
        await lan.expect_look(channel, "off")
    assert {channel: device.history(channel)[len(told) :] for channel, told in before.items()} == {
        "den": [False],
        "quat": [False],
        "cong": [],
        "may-bom": [],
    }
    assert lan.complaints == []


async def test_what_comes_after_its_sheet_was_closed_does_not_take_the_place_of_another_question(shared, device, phone):
    lan = await come(shared, phone, **EN)
    path, before = f"/api/v1/devices/{device.id}/channels/cong", device.history("cong")
    async with shared.visitor() as client:
        await client.patch(path, json={"ask_first": True})
        held: list[Route] = []
        await lan.page.route("**/all-off", lambda route: held.append(route))  # noqa: PLW0108 (playwright takes no builtin)
        sheet = lan.page.get_by_role("dialog")
        await lan.page.get_by_role("link", name="All off").click()
        await until(lambda: bool(held))
        await lan.page.keyboard.press("Escape")
        await expect(sheet).to_be_hidden()
        await lan.tap("cong")
        await expect(sheet.get_by_role("heading")).to_contain_text("Switch on")
        async with lan.page.expect_response("**/all-off") as answer:
            await held[0].continue_()
        await (await answer.value).finished()
        await lan.page.evaluate("() => new Promise(resolve => setTimeout(resolve, 200))")
        await expect(sheet.get_by_role("heading")).to_contain_text("Switch on")
        await lan.page.keyboard.press("Escape")
        await lan.expect_look("cong", "off")
        await client.patch(path, json={"ask_first": False})
    assert device.history("cong") == before


async def test_without_scripts_all_off_is_a_page_that_asks_and_one_that_tells(shared, device, phone):
    lan = await come(shared, phone, java_script_enabled=False)
    await lan.tap("den")
    await lan.expect_look("den", "on")
    await lan.page.get_by_role("link", name="Tắt tất cả").click()
    await expect(lan.page.get_by_role("heading", level=1)).to_contain_text("Tắt tất cả ở")
    assert device.history("den")[-1] is True
    await lan.page.get_by_role("button", name="Tắt tất cả").click()
    await expect(lan.page.get_by_role("heading", level=1)).to_have_text("Đã tắt tất cả.")
    assert device.history("den")[-1] is False


@pytest.mark.usefixtures("device")
async def test_who_may_only_look_is_offered_no_all_off(shared, phone):
    hoa = await come(shared, phone, "Hoa")
    await expect(hoa.page.locator("#sites .card")).to_have_count(4)
    await expect(hoa.page.locator(".all-off")).to_be_hidden()


async def test_a_star_brings_a_channel_to_the_top_of_all_pages_of_that_person_alone(shared, device, phone):
    here, there, minh = [await come(shared, phone, name) for name in ("Lan", "Lan", "Minh")]
    async with shared.visitor("Lan") as client:
        starred = await client.post(f"/devices/{device.id}/channels/cong/favourite", data={"favourite": "true"})
        assert starred.status_code == 303
        for page in (here, there):
            await expect(page.page.locator("#favourites .name")).to_have_text(["Cổng"])
            await expect(page.page.locator("#sites .card")).to_have_count(3)
        await expect(minh.page.locator("#favourites")).to_be_hidden()
        await client.post(f"/devices/{device.id}/channels/cong/favourite", data={"favourite": "false"})
    await expect(here.page.locator("#favourites")).to_be_hidden()
    assert here.complaints == []


@pytest.mark.usefixtures("device")
async def test_without_scripts_too_a_name_is_found_without_its_accents(shared, phone):
    lan = await come(shared, phone, java_script_enabled=False)
    await lan.page.goto(f"{shared.url}/?q=may+bom")
    await expect(lan.page.locator("main .card .name")).to_have_text(["Máy bơm"])
    await lan.page.get_by_role("searchbox").fill("den tram")
    await lan.page.get_by_role("button", name="Tìm").click()
    await expect(lan.page.locator("main .card .name")).to_have_text(["Đèn"])
    assert unquote(lan.page.url).endswith("/?q=den+tram")
