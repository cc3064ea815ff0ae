"""Notifications on a phone: turned on by a tap, shown by the page's worker, and off again. The browser's push service is ours."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.end_to_end.conftest import launched
from tests.end_to_end.phone import Phone
from tests.processes import System, running_system
from tests.server.notify.services import PushService, push_service
from tests.waiting import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What the operating system and the browser's own service do stands here: asking for leave, and making a subscription.
BROWSER = """(subscription) => {
  window.asked = 0;
  window.Notification.requestPermission = async () => { window.asked += 1; return 'granted'; };
  const key = 'subscription of the test';
  const held = () => sessionStorage.getItem(key) && {
    endpoint: subscription.endpoint,
    toJSON: () => subscription,
    unsubscribe: async () => sessionStorage.removeItem(key),
  };
  PushManager.prototype.getSubscription = async () => held() || null;
  PushManager.prototype.subscribe = async (how) => {
    if (!how.userVisibleOnly || how.applicationServerKey.length !== 87) throw new Error('not as a browser takes it');
    sessionStorage.setItem(key, 'yes');
    return held();
  };
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The whole of it: the headless shell blocks all notifications."""
    async with launched("whole chromium") as chromium:
        yield chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("telling")
    async with running_system(folder, notify_push_hosts="127.0.0.1", notify_private=True) as running:
        yield running


async def on_account(phone: Any, system: System, service: PushService) -> Phone:
    lan: Phone = await phone(system.url, permissions=["notifications"])
    browser = service.browser()
    subscription = {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
    await lan.page.add_init_script(f"({BROWSER})({json.dumps(subscription)})")
    await lan.sign_in(await system.link())
    await lan.page.goto(f"{lan.address}/account")
    return lan


async def test_a_tap_turns_it_on_a_message_arrives_and_another_tap_turns_it_off(system, phone):
    async with push_service() as service:
        lan = await on_account(phone, system, service)
        part = lan.page.locator("#notifications")
        on = part.get_by_role("button", name="Bật thông báo trên máy này")
        await expect(on).to_be_visible()
        assert await lan.page.evaluate("window.asked") == 0, "asked before any tap"
        await on.click()
        await expect(part.locator(".done")).to_contain_text("Đã thêm")
        await expect(part.locator(".tag")).to_have_text("máy này")
        await part.get_by_role("button", name="Gửi thử").click()
        await until(lambda: service.pushed)
        assert [pushed.said["title"] for pushed in service.pushed] == ["Tin thử từ Công tắc"]

        async def told() -> bool:
            await lan.page.goto(f"{lan.address}/account")
            return await part.locator('.notify-result[data-result="sent"]').count() == 1

        await eventually(told)
        await part.get_by_role("button", name="Tắt thông báo trên máy này").click()
        await expect(part.locator(".done")).to_contain_text("Đã gỡ")
        await expect(on).to_be_visible()
        assert lan.complaints == []


async def test_the_worker_shows_what_is_pushed_in_the_words_that_came(system, phone):
    async with push_service() as service:
        lan = await on_account(phone, system, service)
        await lan.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        session = await lan.context.new_cdp_session(lan.page)
        registrations: list[str] = []
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda told: registrations.extend(it["registrationId"] for it in told["registrations"]),
        )
        await session.send("ServiceWorker.enable")
        await until(lambda: registrations)
        said = {"title": "Máy mất kết nối", "body": "Từ 14:02", "lang": "vi", "tag": "t", "url": "/", "at_ms": 1_800_000_000_000}
        push = {"origin": f"{lan.address}/", "registrationId": registrations[0], "data": json.dumps(said)}
        await session.send("ServiceWorker.deliverPushMessage", push)
        shown: list[Any] = []

        async def there() -> bool:
            shown[:] = await lan.page.evaluate(
                """async () => (await (await navigator.serviceWorker.ready).getNotifications())
                .map(({ title, body, lang, tag, data }) => ({ title, body, lang, tag, url: data.url }))"""
            )
            return bool(shown)

        await eventually(there)
        assert shown == [{key: said[key] for key in ("title", "body", "lang", "tag", "url")}]
