"""A visitor's phone: a real browser with a small screen. It notes what the page asks for and what the browser complains of."""

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, ViewportSize, expect

from tests.chromium import SOON_MS

SCREEN: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Phone:
    """One visitor. `requests`: every address that was asked for; `complaints`: what stood in the browser's console as an error."""

    context: BrowserContext
    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    async def take(cls, browser: Browser, address: str, **options: Any) -> Self:
        """A new phone for the server at that address; it has not opened it yet."""
        context = await browser.new_context(**{"viewport": SCREEN, "locale": "vi-VN", **options})
        phone = cls(context, await context.new_page(), address)
        phone.page.on("request", phone._asked)
        phone.page.on("console", phone._said)
        phone.page.on("pageerror", lambda error: phone.complaints.append(str(error)))
        return phone

    async def sign_in(self, link: str) -> Self:
        """Open the link, press its button, and wait until the page is live (or shown, without scripts)."""
        await self.page.goto(link)
        await self.page.locator("main form button").click()
        await expect(self.page).to_have_url(f"{self.address}/")
        return self

    async def live(self) -> Self:
        """Wait until the page says that it is live."""
        await self.expect_badge("live")
        return self

    async def expect_badge(self, state: str, within_ms: float = SOON_MS) -> None:
        await expect(self.page.locator("link-badge")).to_have_attribute("data-state", state, timeout=within_ms)

    def device(self, device_id: str) -> Locator:
        return self.page.locator(f'#sites [data-device="{device_id}"]')

    def card(self, channel: str) -> Locator:
        """The card of the first device that has such a channel."""
        return self.page.locator(f'#sites [data-channel="{channel}"]').first

    def switch(self, channel: str) -> Locator:
        return self.card(channel).get_by_role("switch")

    async def tap(self, channel: str) -> None:
        """As a finger does: also on what cannot be used."""
        await self.switch(channel).click(force=True)

    async def expect_look(self, channel: str, look: str, within_ms: float = SOON_MS) -> None:
        await expect(self.card(channel)).to_have_attribute("data-look", look, timeout=within_ms)

    async def expect_notice(self, channel: str, text: str) -> None:
        await expect(self.card(channel).locator(".notice")).to_contain_text(text)

    async def note_looks(self, channel: str) -> None:
        """From now on the page itself writes down every look of that channel, however short."""
        await self.card(channel).evaluate(
            """card => { window.looks = [card.dataset.look];
            new MutationObserver(() => { if (window.looks.at(-1) !== card.dataset.look) window.looks.push(card.dataset.look); })
              .observe(card, {attributes: true, attributeFilter: ['data-look']}); }"""
        )

    async def noted_looks(self) -> list[str]:
        looks: list[str] = await self.page.evaluate("window.looks")
        return looks

    async def stay(self) -> None:
        """Mark the page, so that `stayed` can tell whether it was loaded anew."""
        await self.page.evaluate("window.stayed = true")

    async def stayed(self) -> bool:
        return bool(await self.page.evaluate("window.stayed === true"))

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(address).netloc for address in self.requests}

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            about = f" {message.location['url']}" if message.text.startswith("Failed to load resource") else ""
            self.complaints.append(message.text + about)
