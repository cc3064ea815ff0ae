"""Passkeys in a real browser with Chromium's virtual authenticator, against a running server on localhost. Checklist 10."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import CDPSession, Locator, expect
from sqlalchemy import update
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Session
from server.sites import Role
from tests.end_to_end.phone import Phone
from tests.processes import System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = {
    "vi-VN": {
        "add": "Thêm khoá truy cập",
        "sign_in": "Đăng nhập bằng khoá truy cập",
        "prove": "Dùng khoá truy cập",
        "refused": "Khoá này không được chấp nhận",
        "known": "Máy này đã có một khoá của bạn rồi",
        "cancelled": "Chưa xong",
        "elsewhere": "Khoá truy cập chỉ dùng được ở địa chỉ",
    },
    "en-GB": {
        "add": "Add a passkey",
        "sign_in": "Sign in with a passkey",
        "prove": "Use a passkey",
        "refused": "This passkey was not accepted",
        "known": "This device holds a passkey of yours already",
        "cancelled": "Not done",
        "elsewhere": "Passkeys work only at",
    },
}
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Owner:
    """Somebody's phone with an authenticator in it, at the address where passkeys work."""

    def __init__(self, phone: Phone, system: System, words: dict[str, str], cdp: CDPSession, authenticator: str) -> None:
        self.phone, self.page, self.words = phone, phone.page, words
        self.system = system
        self._cdp, self._authenticator = cdp, authenticator

    async def come_by_link(self, name: str) -> None:
        link = (await self.system.link(name)).replace("127.0.0.1", "localhost")
        await self.phone.sign_in(link)

    async def leave(self) -> None:
        await self.page.locator('form[action="/sign-out"] button').first.click()
        await expect(self.page).to_have_url(f"{self.phone.address}/sign-in")

    async def add_passkey(self, name: str) -> None:
        await self.page.goto(f"{self.phone.address}/account")
        await self.section.locator("form[data-passkey] input").fill(name)
        await self.press("add")

    async def press(self, word: str) -> None:
        await self.page.get_by_role("button", name=self.words[word]).click()

    async def expect_told(self, word: str) -> None:
        await expect(self.page.get_by_role("alert").filter(has_text=self.words[word])).to_be_visible()

    async def is_in(self) -> None:
        await expect(self.page).to_have_url(f"{self.phone.address}/")
        await self.phone.live()

    @property
    def section(self) -> Locator:
        return self.page.locator("#passkeys")

    async def verified(self, verified: bool) -> None:
        """Whether the phone knows its owner's finger from now on."""
        what = {"authenticatorId": self._authenticator, "isUserVerified": verified}
        await self._cdp.send("WebAuthn.setUserVerified", what)

    async def credentials(self) -> list[dict[str, Any]]:
        found = await self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._authenticator})
        credentials: list[dict[str, Any]] = found["credentials"]
        return credentials


Owners = Callable[..., Awaitable[Owner]]


@pytest_asyncio.fixture(loop_scope="module")
async def owner(shared: System, phone: Callable[..., Awaitable[Phone]]) -> Owners:
    """`await owner("vi-VN")`: one more. `offers`: its browser offers passkeys by itself, and its owner always takes the offer."""

    async def take(locale: str, *, offers: bool = False) -> Owner:
        taken = await phone(f"http://localhost:{shared.settings.port}", locale=locale)
        if not offers:
            await taken.context.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
        cdp = await taken.context.new_cdp_session(taken.page)
        await cdp.send("WebAuthn.enable")
        added = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        return Owner(taken, shared, WORDS[locale], cdp, added["authenticatorId"])

    return take


async def nobody_proved_lately(system: System) -> None:
    """As if everybody had signed in a day ago."""

    async def age(session: AsyncSession) -> None:
        await session.exec(update(Session).values(proved_ms=0))

    async with system.database() as database:
        await database.writer.run(age)


@pytest.mark.parametrize("locale", list(WORDS))
async def test_somebody_makes_a_passkey_comes_back_with_it_and_proves_with_it(shared, owner, locale):
    name = f"Lan {locale}"
    await shared.add_person(name, Role.OWNER)
    lan = await owner(locale)
    await lan.come_by_link(name)
    await lan.add_passkey("Điện thoại")
    await expect(lan.section.locator("li strong")).to_have_text("Điện thoại")
    assert [it["isResidentCredential"] for it in await lan.credentials()] == [True]

    await lan.leave()
    await lan.press("sign_in")
    await lan.is_in()
    await expect(lan.page.locator(".foot")).to_contain_text(name)

    await nobody_proved_lately(shared)

    async def is_asked() -> bool:
        await lan.page.goto(f"{lan.phone.address}/account/tokens")
        return "/prove?then=" in lan.page.url

    await eventually(is_asked)
    await lan.press("prove")
    await expect(lan.page).to_have_url(f"{lan.phone.address}/account/tokens")
    assert lan.phone.complaints == []
    assert lan.phone.hosts == {f"localhost:{shared.settings.port}"}


async def test_a_browser_that_can_offers_the_passkey_in_the_name_s_field(shared, owner):
    await shared.add_person("Hạnh", Role.VIEWER)
    hanh = await owner("vi-VN", offers=True)
    await hanh.come_by_link("Hạnh")
    await hanh.add_passkey("Máy")
    await expect(hanh.section.locator("li")).to_have_count(1)
    await hanh.page.locator('form[action="/sign-out"] button').first.click()
    await hanh.is_in()
    await expect(hanh.page.locator(".foot")).to_contain_text("Hạnh")


@pytest.mark.parametrize("locale", list(WORDS))
async def test_a_removed_passkey_no_longer_works(shared, owner, locale):
    name = f"Minh {locale}"
    await shared.add_person(name, Role.OPERATOR)
    minh = await owner(locale)
    await minh.come_by_link(name)
    await minh.add_passkey("")
    await expect(minh.section.locator("li strong")).to_have_text("Chrome, Linux")
    await minh.section.locator("summary").click()
    await minh.section.locator("form[action$='/remove'] button").click()
    await expect(minh.section.locator("li")).to_have_count(0)
    await minh.leave()
    await minh.press("sign_in")
    await minh.expect_told("refused")
    await expect(minh.page).to_have_url(f"{minh.phone.address}/sign-in")


async def test_a_passkey_is_renamed(shared, owner):
    await shared.add_person("Hoa", Role.VIEWER)
    hoa = await owner("vi-VN")
    await hoa.come_by_link("Hoa")
    await hoa.add_passkey("Cũ")
    await hoa.section.locator("summary").click()
    await hoa.section.locator("form[action$='/rename'] input").fill("<b>Mới</b>")
    await hoa.section.locator("form[action$='/rename'] button").click()
    await expect(hoa.section.locator("li strong")).to_have_text("<b>Mới</b>")


@pytest.mark.parametrize("locale", list(WORDS))
async def test_a_device_holds_one_passkey_of_a_person_and_says_so(shared, owner, locale):
    name = f"Nam {locale}"
    await shared.add_person(name, Role.VIEWER)
    nam = await owner(locale)
    await nam.come_by_link(name)
    await nam.add_passkey("Một")
    await expect(nam.section.locator("li")).to_have_count(1)
    await nam.add_passkey("Hai")
    await nam.expect_told("known")
    await expect(nam.section.locator("li")).to_have_count(1)


@pytest.mark.parametrize("locale", list(WORDS))
async def test_a_phone_that_does_not_know_its_owner_lets_nobody_in_and_says_so(shared, owner, locale):
    name = f"Bình {locale}"
    await shared.add_person(name, Role.VIEWER)
    binh = await owner(locale)
    await binh.come_by_link(name)
    await binh.add_passkey("Máy")
    await expect(binh.section.locator("li")).to_have_count(1)
    await binh.leave()
    await binh.verified(False)
    await binh.press("sign_in")
    await binh.expect_told("cancelled")


async def test_an_answer_that_was_sent_once_lets_nobody_in_again(shared, owner):
    await shared.add_person("Thu", Role.VIEWER)
    thu = await owner("vi-VN")
    await thu.come_by_link("Thu")
    await thu.add_passkey("Máy")
    await expect(thu.section.locator("li")).to_have_count(1)
    await thu.leave()
    async with thu.page.expect_request(lambda asked: asked.url.endswith("/passkeys/sign-in")) as sent:
        await thu.press("sign_in")
    await thu.is_in()
    answer = json.loads((await sent.value).post_data or "")
    async with shared.anybody() as thief:
        again = await thief.post("/passkeys/sign-in", json=answer)
        assert (again.status_code, again.json()["code"]) == (403, "passkey_refused")
        assert "set-cookie" not in again.headers


@pytest.mark.parametrize("locale", list(WORDS))
async def test_at_another_address_of_the_same_server_the_page_says_where_passkeys_work(shared, phone, locale):
    await shared.add_person(f"Vân {locale}", Role.VIEWER)
    van = await phone(shared.url, locale=locale)
    await van.sign_in(await shared.link(f"Vân {locale}"))
    await van.page.goto(f"{shared.url}/account")
    told = f"{WORDS[locale]['elsewhere']} http://localhost:{shared.settings.port}"
    await expect(van.page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await expect(van.page.get_by_role("button", name=WORDS[locale]["add"])).to_be_hidden()


@pytest.mark.parametrize("locale", list(WORDS))
async def test_without_scripts_the_page_says_that_passkeys_need_them(shared, phone, locale):
    await shared.add_person(f"Sơn {locale}", Role.VIEWER)
    son = await phone(shared.url, locale=locale, java_script_enabled=False)
    await son.sign_in(await shared.link(f"Sơn {locale}"))
    await son.page.goto(f"{shared.url}/account")
    await expect(son.page.locator("#passkeys noscript .hint")).to_contain_text("JavaScript")
    await expect(son.page.locator("#passkeys button")).to_have_count(1)
    await expect(son.page.locator("#passkeys button")).to_be_hidden()
