"""A visitor with a phone."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
)

from tests.server.web import world
from tests.server.web.fake_app import Running

PHONE: ViewportSize = {"width": 360, "height": 740}


class Visit:
    """One visitor with a phone. Whatever the browser complains of is noted, and where it went."""

    def __init__(self, browser: Browser, site: Running, **options: Any) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.context: BrowserContext = browser.new_context(viewport=PHONE, **{"locale": "vi-VN", **options})
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", self._failed)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def open(self, *, live: bool = True) -> Page:
        self.page.goto(self.site.url)
        if live:
            expect(self.badge).to_have_attribute("data-state", "live")
        return self.page

    @property
    def badge(self) -> Locator:
        return self.page.locator("link-badge")

    def card(self, channel: str, device: str = world.DEVICE) -> Locator:
        return self.page.locator(f'[data-device="{device}"] [data-channel="{channel}"]')

    def switch(self, channel: str) -> Locator:
        return self.card(channel).get_by_role("switch")

    def at(self, now_ms: int) -> None:
        """The phone's clock stands at that time; its timers run on."""
        self.page.clock.set_fixed_time(now_ms / 1000)

    def tap(self, channel: str) -> None:
        """As a finger does: also on what cannot be used."""
        self.switch(channel).click(force=True)

    def expect_look(self, channel: str, look: str) -> None:
        expect(self.card(channel)).to_have_attribute("data-look", look)

    def tell(self, channel: str, **changes: Any) -> None:
        self.site.tell("channel", world.rekey(self.site.backend.current, world.DEVICE, channel, **changes))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))


Visitor = Callable[..., Visit]


def card_texts(page: Page) -> list[str]:
    text = "${it.dataset.look} ${it.innerText}"
    shown = page.locator("#sites .card").evaluate_all(f"all => all.map(it => `{text}`)")
    return [" ".join(text.split()) for text in shown]
