"""Passwords, sessions and being asked again, in a real browser and in both languages."""

from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import update

from server.accounts.models import Session
from server.accounts.sessions import OVERLAP_MS
from server.sites import Role, Sites
from tests.end_to_end.phone import Phone
from tests.processes import System
from tests.server.accounts.test_passwords import GOOD, OTHER
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Says(NamedTuple):
    """What a page says in one language."""

    locale: str
    login: str
    password: str
    new: str
    enter: str
    set: str
    change: str
    save: str
    confirm: str
    common: str
    saved: str
    wrong: str
    this: str


VI = Says(
    *(
        "vi-VN",
        "Tên đăng nhập",
        "Mật khẩu",
        "Mật khẩu mới",
        "Đăng nhập",
        "Đặt mật khẩu",
        "Đổi mật khẩu",
        "Lưu mật khẩu",
        "Xác nhận",
    ),
    *("Mật khẩu này quá dễ đoán", "Đã lưu mật khẩu", "Tên đăng nhập hoặc mật khẩu không đúng", "máy này"),
)
EN = Says(
    *("en-GB", "Login name", "Password", "New password", "Sign in", "Set a password", "Change the password", "Save the password"),
    *("Confirm", "This password is too easy to guess", "The password is saved", "Login name or password is wrong", "this one"),
)
BOTH = pytest.mark.parametrize("says", [VI, EN], ids=["vi", "en"])


async def set_password(page: Page, says: Says, opens: str, login: str, password: str) -> None:
    if not await page.get_by_label(says.new, exact=True).is_visible():
        await page.get_by_text(opens, exact=True).click()
    await page.get_by_label(says.login, exact=True).fill(login)
    await page.get_by_label(says.new, exact=True).fill(password)
    await page.get_by_role("button", name=says.save).click()


async def enter(page: Page, says: Says, login: str, password: str) -> None:
    await page.get_by_label(says.login, exact=True).fill(login)
    await page.get_by_label(says.password, exact=True).fill(password)
    await page.get_by_role("button", name=says.enter, exact=True).click()


def alert(page: Page, text: str) -> Locator:
    return page.get_by_role("alert").filter(has_text=text)


def complaints(phone: Phone) -> list[str]:
    """But for what a browser says of each answer that is a refusal."""
    return [text for text in phone.complaints if "Failed to load resource" not in text]


async def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen, and everything to press, with its label, is large enough for a finger."""
    small = await page.evaluate(
        """() => [...document.querySelectorAll('main a, main button, main input:not([type=hidden]):not(.unseen), main summary')]
          .filter(it => it.checkVisibility()).filter(it => (it.closest('.choice') ?? it).getBoundingClientRect().height < 48)
          .map(it => it.outerHTML)"""
    )
    assert small == []
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@BOTH
async def test_a_password_is_set_on_the_account_page_and_lets_in_elsewhere(shared: System, phone, says: Says):
    login = f"lan-{says.locale.lower()}"
    lan = await phone(shared.url, locale=says.locale)
    await lan.sign_in(await shared.link())
    await lan.page.locator("header a[href='/account']").click()
    await expect(lan.page).to_have_url(f"{shared.url}/account")
    await expect(lan.page.locator("#sessions .tag")).to_have_text(says.this)
    opens = says.set if await lan.page.get_by_text(says.set, exact=True).is_visible() else says.change
    await set_password(lan.page, says, opens, login, "qwertyuiop12")
    await expect(alert(lan.page, says.common)).to_be_visible()
    await set_password(lan.page, says, opens, login, GOOD)
    await expect(lan.page.locator(".done")).to_contain_text(says.saved)
    assert await fits(lan.page)

    laptop = await phone(shared.url, locale=says.locale)
    await laptop.page.goto(shared.url)
    await expect(laptop.page).to_have_url(f"{shared.url}/sign-in")
    assert await fits(laptop.page)
    await enter(laptop.page, says, login, OTHER)
    await expect(alert(laptop.page, says.wrong)).to_be_visible()
    await expect(laptop.page.get_by_label(says.login, exact=True)).to_have_value(login)
    await enter(laptop.page, says, login.upper(), GOOD)
    await expect(laptop.page).to_have_url(f"{shared.url}/")
    await laptop.live()

    await lan.page.goto(f"{shared.url}/account")
    await lan.page.locator("#sessions form[action$='/end'] button").first.click()
    await expect(lan.page.locator("#sessions form[action$='/end']")).to_have_count(0)
    await expect(laptop.page).to_have_url(f"{shared.url}/sign-in")
    assert [complaints(each) for each in (lan, laptop)] == [[], []]


@BOTH
async def test_who_signed_in_long_ago_is_asked_again_before_changing_a_password(shared: System, phone, says: Says):
    login = f"minh-{says.locale.lower()}"
    await shared.add_person(login, None)
    minh = await phone(shared.url, locale=says.locale)
    await minh.sign_in(await shared.link(login))
    await minh.page.goto(f"{shared.url}/account")
    await set_password(minh.page, says, says.set, login, GOOD)
    await signed_in_long_ago(shared, minh)
    await minh.page.goto(f"{shared.url}/account")
    await set_password(minh.page, says, says.change, login, OTHER)
    await expect(minh.page).to_have_url(f"{shared.url}/prove?then=%2Faccount")
    assert await fits(minh.page)
    await minh.page.get_by_label(says.password, exact=True).fill(OTHER)
    await minh.page.get_by_role("button", name=says.confirm).click()
    await expect(alert(minh.page, says.wrong)).to_be_visible()
    await minh.page.get_by_label(says.password, exact=True).fill(GOOD)
    await minh.page.get_by_role("button", name=says.confirm).click()
    await expect(minh.page).to_have_url(f"{shared.url}/account")
    await set_password(minh.page, says, says.change, login, OTHER)
    await expect(minh.page.locator(".done")).to_contain_text(says.saved)
    assert complaints(minh) == []


@BOTH
async def test_signing_in_needs_no_scripts(shared: System, phone, says: Says):
    login = f"hoa-{says.locale.lower()}"
    await shared.add_person(login, None)
    hoa = await phone(shared.url, locale=says.locale, java_script_enabled=False)
    await hoa.page.goto(await shared.link(login))
    await hoa.page.locator("main form button").click()
    await hoa.page.goto(f"{shared.url}/account")
    await set_password(hoa.page, says, says.set, login, GOOD)
    await hoa.page.locator("#who form button").click()
    await expect(hoa.page).to_have_url(f"{shared.url}/sign-in")
    await enter(hoa.page, says, login, GOOD)
    await expect(hoa.page).to_have_url(f"{shared.url}/")


async def test_browsers_and_password_keepers_know_what_each_field_is_for(shared: System, phone):
    lan = await phone(shared.url)
    await lan.page.goto(f"{shared.url}/sign-in")

    async def fields(form: str) -> list[tuple[str | None, ...]]:
        found = await lan.page.locator(f"{form} input:not([type=hidden])").all()
        return [tuple([await it.get_attribute(name) for name in ("name", "type", "autocomplete")]) for it in found]

    assert await fields("form.panel") == [("login", None, "username webauthn"), ("password", "password", "current-password")]
    await lan.sign_in(await shared.link())
    await lan.page.goto(f"{shared.url}/account")
    assert await fields("form[action='/account/password']") == [
        ("login", None, "username"),
        ("password", "password", "new-password"),
    ]


async def test_whose_role_changes_stays_signed_in_and_their_old_cookie_lets_nobody_in(shared: System, phone):
    """Checklist 11."""
    await shared.add_person("Ba", Role.VIEWER)
    ba = await phone(shared.url)
    await ba.sign_in(await shared.link("Ba"))
    await ba.live()
    before = await cookie_of(ba)
    async with shared.database() as database:
        accounts, sites = shared._accounts(database), Sites(database)
        person = await accounts.find_person("Ba")
        assert person is not None
        await sites.set_role(shared._site_id(await shared.snapshot()), person.id, Role.OPERATOR)

    async def renewed() -> bool:
        await ba.page.goto(f"{shared.url}/account")
        return await cookie_of(ba) != before

    await eventually(renewed)
    after = await cookie_of(ba)
    await ba.page.goto(shared.url)
    await ba.live()
    assert await cookie_of(ba) == after

    async def old_is_out() -> bool:
        async with httpx.AsyncClient(base_url=shared.url, cookies={"congtac": before}) as client:
            return (await client.get("/api/v1/snapshot")).status_code == 401

    await eventually(old_is_out, within_s=OVERLAP_MS / 1000 + 10)
    await ba.page.reload()
    await ba.live()
    assert complaints(ba) == []


async def cookie_of(phone: Phone) -> str:
    return next(it["value"] for it in await phone.context.cookies() if it["name"] == "congtac")


async def signed_in_long_ago(system: System, phone: Phone) -> None:
    """Until the server has noticed that all proofs are old, as it has within two seconds."""
    async with system.database() as database:

        async def forget(session) -> None:
            await session.exec(update(Session).values(proved_ms=0))

        await database.writer.run(forget)
    cookies = {it["name"]: it["value"] for it in await phone.context.cookies()}

    async def asked() -> bool:
        async with httpx.AsyncClient(base_url=system.url, cookies=cookies, headers={"Origin": system.url}) as client:
            answer = await client.post("/account/password", data={"login": "x", "password": "x"})
        return answer.status_code == 403

    await eventually(asked)
