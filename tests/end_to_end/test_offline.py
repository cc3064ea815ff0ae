"""The page on a phone without a network: what was last known, marked as old; nothing that pretends; and nothing of who is gone."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.phone import Phone
from tests.processes import SimulatedDevice, System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATE = """async () => {
  const kept = await caches.match('/state', { cacheName: 'state' });
  return kept ? await kept.json() : null;
}"""
KEPT = """async () => {
  const names = await caches.keys();
  const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((it) => new URL(it.url).pathname)));
  return Object.fromEntries(names.map((name, index) => [name.split('-')[0], all[index]]));
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    return await online(shared)


async def online(system: System) -> SimulatedDevice:
    """The system's one device, which a page shows from its first snapshot on."""
    device = await system.add_device("Trạm bơm")
    await system.on_air(device)
    return device


async def kept(phone: Phone, which: Callable[[Any], bool] = bool) -> Any:
    """What the phone keeps, once it is such."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = [await phone.page.evaluate(STATE)]
        return which(found[0])

    await eventually(there)
    return found[0]


async def visited(phone: Callable[..., Awaitable[Phone]], system: System, **options: Any) -> Phone:
    """A phone that is signed in, has its worker, and keeps what it saw."""
    lan = await phone(system.url, **options)
    await lan.sign_in(await system.link())
    await lan.live()
    await lan.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await lan.page.reload()
    await lan.live()
    await kept(lan)
    return lan


@pytest.mark.usefixtures("device")
async def test_offline_the_page_opens_to_what_was_last_known_and_says_how_old_it_is(shared, phone):
    lan = await visited(phone, shared)
    await lan.tap("den")
    await lan.expect_look("den", "on")
    await lan.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    await kept(lan, lambda state: state and any(it["on"] for device in state["snapshot"]["devices"] for it in device["channels"]))
    complaints = len(lan.complaints)
    await lan.context.set_offline(True)
    await lan.page.goto(lan.address)
    await expect(lan.page.locator("#old")).to_contain_text(re.compile(r"Lúc \d\d:\d\d \("))
    await expect(lan.page.locator("link-badge")).to_contain_text("Mất kết nối máy chủ")
    await expect(lan.page.locator("#sites .card .name")).to_have_text(["Máy bơm", "Đèn", "Quạt", "Cổng"])
    await lan.expect_look("den", "unknown")
    await expect(lan.card("den")).to_contain_text("lần cuối BẬT")
    await expect(lan.switch("den")).to_have_attribute("aria-disabled", "true")
    await expect(lan.page.locator("html")).to_have_attribute("lang", "vi")
    assert [text for text in lan.complaints[complaints:] if "ERR_INTERNET_DISCONNECTED" not in text] == []


async def test_a_tap_without_a_network_is_refused_with_a_word_and_nothing_is_sent_later(shared, device, phone):
    lan = await visited(phone, shared)
    before = device.history("quat")
    await lan.context.set_offline(True)
    await lan.page.goto(lan.address)
    await expect(lan.card("quat")).to_be_visible()
    await lan.tap("quat")
    await lan.expect_notice("quat", "Chưa gửi gì: không có mạng")
    await lan.context.set_offline(False)
    await lan.live()
    await lan.expect_look("quat", "off")
    assert device.history("quat") == before


@pytest.mark.usefixtures("device")
async def test_the_offline_page_is_in_the_language_that_its_person_chose(shared, phone):
    lan = await visited(phone, shared, locale="en-GB")
    await lan.context.set_offline(True)
    await lan.page.goto(f"{lan.address}/account")
    await expect(lan.page.locator("#old")).to_contain_text("As of")
    await expect(lan.page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.usefixtures("device")
async def test_nothing_but_the_page_s_own_files_and_its_last_state_is_kept(shared, phone):
    lan = await visited(phone, shared)
    for path in ("/account", "/sites", "/activity", "/"):
        await lan.page.goto(f"{lan.address}{path}")
    await lan.live()
    caches = await lan.page.evaluate(KEPT)
    assert caches.keys() == {"shell", "state"}
    assert caches["state"] == ["/state"]
    assert all(path == "/offline" or path.startswith("/static/") for path in caches["shell"])


@pytest.mark.usefixtures("device")
async def test_who_signs_out_leaves_nothing_and_offline_there_is_nothing_to_see(shared, phone):
    lan = await visited(phone, shared)
    await lan.page.goto(f"{lan.address}/account")
    await lan.page.locator('form[action="/sign-out"] button').first.click()
    await expect(lan.page).to_have_url(f"{lan.address}/sign-in")
    assert await lan.page.evaluate(STATE) is None
    await lan.page.goto(f"{lan.address}/sign-in")
    assert (await lan.page.evaluate(KEPT)).get("state", []) == []


@pytest.mark.usefixtures("device")
async def test_whoever_is_next_on_a_phone_never_sees_what_was_there_before(shared, phone):
    """Without signing out: another one opens a link of theirs, and the network is gone in that moment."""
    lan = await visited(phone, shared)
    await lan.page.goto(await shared.link())
    assert await lan.page.evaluate(STATE) is None
    await lan.context.set_offline(True)
    await lan.page.goto(lan.address)
    await expect(lan.page.locator("#unknown")).to_be_visible()
    await expect(lan.page.locator("#old")).to_be_hidden()
    await expect(lan.page.locator("#sites .card")).to_have_count(0)


async def test_a_server_that_is_gone_is_the_same_as_no_network_and_the_page_comes_back_by_itself(own, phone):
    await online(own)
    lan = await visited(phone, own)
    await own.server.kill()
    await lan.page.goto(lan.address)
    await expect(lan.page.locator("#old")).to_be_visible()
    await own.start_server()
    await lan.page.evaluate("setTimeout(() => window.dispatchEvent(new Event('online')))")
    await lan.live()
