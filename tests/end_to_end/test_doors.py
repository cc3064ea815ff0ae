"""Letting people in and out again, in real browsers: an invitation, a guest link, and its end."""

import time

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.phone import Phone
from tests.processes import SimulatedDevice, System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUT_WITHIN_S = 5
WORDS = {
    "vi-VN": {
        "invites": "Lan mời bạn",
        "operator": "Người vận hành",
        "gone": "không còn dùng được",
        "guest": "Khách",
        "here_as": "Bạn đang là khách: Tư",
        "asked": "khách Tư",
    },
    "en-GB": {
        "invites": "Lan invites you",
        "operator": "Operator",
        "gone": "no longer works",
        "guest": "Guest",
        "here_as": "You are here as a guest: Tư",
        "asked": "guest Tư",
    },
}
both_languages = pytest.mark.parametrize("locale", sorted(WORDS))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    device = await shared.add_device("Trạm bơm")

    async def has_told() -> bool:
        return [len(it["channels"]) for it in (await shared.snapshot())["devices"]] == [4]

    await eventually(has_told)
    return device


async def owner_at_the_site(shared: System, phone, locale: str) -> Phone:  # type: ignore[no-untyped-def]
    """Lan, signed in, who has gone from the home page to the site's."""
    lan: Phone = await phone(shared.url, locale=locale)
    await lan.sign_in(await shared.link())
    await lan.live()
    await lan.page.locator(".site-link").click()
    await expect(lan.page).to_have_url(f"{shared.url}/sites/nha")
    return lan


async def made_link(lan: Phone, section: str) -> str:
    """Send the form of a section that makes a link, and read the link that is shown this once."""
    form = lan.page.locator(f"#{section} details form").last
    if not await form.is_visible():
        await lan.page.locator(f"#{section} details summary").last.click()
    if section == "guests":
        await form.locator('[name="name"]').fill("Tư")
        await form.locator('[name="channels"][value$="/den"]').check()
        await form.locator('[name="minutes"]').select_option("1")
    else:
        await form.locator('[name="role"]').select_option("operator")
        await form.locator('[name="note"]').fill("<script>alert(1)</script>")
    await form.locator("button").click()
    await expect(lan.page.locator(f"#{section} svg.qr")).to_be_visible()
    return await lan.page.locator(f"#{section} input.address").input_value()


@both_languages
@pytest.mark.usefixtures("device")
async def test_who_is_invited_gives_a_name_and_is_in_and_nobody_else_is(shared, phone, locale):
    words = WORDS[locale]
    lan = await owner_at_the_site(shared, phone, locale)
    link = await made_link(lan, "invitations")
    await expect(lan.page.locator("#invitations")).to_contain_text("<script>alert(1)</script>")
    ba = await phone(shared.url, locale=locale)
    await ba.page.goto(link)
    await expect(ba.page.locator("main")).to_contain_text("Vườn ươm")
    await expect(ba.page.locator("main")).to_contain_text(words["invites"])
    name = f"Ba {locale}"
    await ba.page.locator('[name="name"]').fill(name)
    await ba.page.locator("main form button").click()
    await expect(ba.page).to_have_url(f"{shared.url}/")
    await ba.live()
    await expect(ba.page.locator(".role")).to_have_text(words["operator"])
    await expect(ba.page.get_by_role("switch")).to_have_count(4)
    late = await phone(shared.url, locale=locale)
    await late.page.goto(link)
    await expect(late.page.locator("main")).to_contain_text(words["gone"])
    await expect(late.page.locator("main form")).to_have_count(0)
    await lan.page.goto(f"{shared.url}/sites/nha")
    await expect(lan.page.locator("#members")).to_contain_text(name)
    assert lan.complaints == ba.complaints == []


@both_languages
async def test_a_guest_switches_what_was_granted_and_is_out_soon_after_the_link_is_revoked(shared, device, phone, locale):
    words = WORDS[locale]
    lan = await owner_at_the_site(shared, phone, locale)
    link = await made_link(lan, "guests")
    guest = await phone(shared.url, locale=locale)
    await guest.page.goto(link)
    await guest.page.locator("main form button").click()
    await expect(guest.page).to_have_url(f"{shared.url}/")
    await guest.live()
    await expect(guest.page.locator("#sites .card")).to_have_count(1)
    await expect(guest.page.locator(".role")).to_have_text(words["guest"])
    await expect(guest.page.locator("footer")).to_have_text(words["here_as"])
    assert "Lan" not in await guest.page.content()
    before = device.history("den")
    await guest.tap("den")
    await guest.expect_look("den", "on")
    await expect(guest.card("den")).to_contain_text(words["asked"])
    await expect(guest.card("den").locator(".ring")).to_be_visible()
    assert device.history("den") == [*before, True]
    await guest.tap("den")
    await guest.expect_look("den", "off")
    await lan.page.goto(f"{shared.url}/sites/nha")
    await lan.page.locator("#guests li form button").first.click()
    revoked = time.monotonic()
    await expect(guest.page).to_have_url(f"{shared.url}/sign-in", timeout=OUT_WITHIN_S * 1000)
    assert time.monotonic() - revoked < OUT_WITHIN_S
    await guest.page.goto(link)
    await expect(guest.page.locator("main")).to_contain_text(words["gone"])
    assert lan.complaints == []


async def test_a_guest_s_page_works_without_scripts(shared, device, phone):
    lan = await owner_at_the_site(shared, phone, "vi-VN")
    link = await made_link(lan, "guests")
    guest = await phone(shared.url, java_script_enabled=False)
    await guest.page.goto(link)
    await guest.page.locator("main form button").click()
    before = device.history("den")
    await guest.page.locator('[data-channel="den"] button').click()
    await expect(guest.card("den")).to_have_attribute("data-look", "on")
    assert device.history("den") == [*before, True]
