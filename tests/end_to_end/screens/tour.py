"""A walk through every screen as everybody, in both languages, which notes what is wrong where. It judges nothing: tests do.

Each screen is loaded once for each person and language. Who sees the same bones as somebody before them is not shown all trials again,
since layout and colours come of the bones; the words are read every time.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.end_to_end.phone import SCREEN as PHONE
from tests.end_to_end.phone import Phone
from tests.end_to_end.screens.table import WHO, Screen, screens
from tests.end_to_end.screens.wording import Wording, catalogue, pattern
from tests.end_to_end.screens.world import World

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
SIZES: Final = {"phone": PHONE, "desktop": DESKTOP}
LOCALES: Final = {"vi": "vi-VN", "en": "en-GB"}
PROBE: Final = Path(__file__).parent / "probe.js"
LAYOUT: Final = ("overflow", "clipped")
AXE_OPTIONS: Final = {"resultTypes": ["violations"], "rules": {}}
"""Every rule of axe-core that is on by default, the best practices with them; none is switched off."""


@dataclass
class Tour:
    """What was found: by trial, one line for each fault. `statuses` by who and screen, `looked`: how often a trial was made."""

    world: World
    language: str
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[tuple[str, str], int] = field(default_factory=dict)
    looked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _bones: set[tuple[str, str]] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _readers: dict[str, Wording] = field(default_factory=dict)

    def note(self, trial: str, where: str, faults: Collection[str]) -> None:
        """A trial was made there, with these faults."""
        self.looked[trial] += 1
        self.faults[trial] += [f"{where}: {fault}" for fault in faults]

    async def walk(self, browser: Browser) -> None:
        """Everybody through every screen that they get."""
        for who in WHO:
            async with self._phone(browser, who) as phone:
                for screen in screens():
                    if screen.statuses[who] not in (0, 303):
                        await self._visit(phone, who, screen)

    @asynccontextmanager
    async def _phone(self, browser: Browser, who: str) -> AsyncIterator[Phone]:
        phone = await visitor(browser, self.world, who, self.language)
        try:
            yield phone
        finally:
            await phone.context.close()

    async def _visit(self, phone: Phone, who: str, screen: Screen) -> None:
        page, where = phone.page, f"{screen.name}, {who}"
        await _look(page, "phone", "light")
        answer = await page.goto(self.world.address(screen.address))
        assert answer is not None
        self.statuses[who, screen.name] = answer.status
        await _settled(page)
        await self._read(page, where, screen.heading, answer.status)
        bones = screen.name, await _asked(page, "bones")
        if bones not in self._bones:
            self._bones.add(bones)
            await self._try(page, where)
        self._listen(phone, where, answer.status)

    async def _read(self, page: Page, where: str, wanted: str, status: int) -> None:
        """Language, heading and words."""
        lang = await page.evaluate("document.documentElement.lang")
        self.note("language", where, [] if lang == self.language else [f"lang is {lang}"])
        heading = (await page.locator("h1").first.text_content()) or ""
        self.note("heading", where, [] if self._fits(wanted, status, heading) else [f"the heading is {heading.strip()!r}"])
        self.note("headings", where, await _asked(page, "headings"))
        told = await _asked(page, "words")
        faults = [
            f"{text!r} is no {language} ({spot})" for text, language, spot in told if not self._reader(language).holds(text)
        ]
        self.note("words", where, faults)

    def _fits(self, heading: str, status: int, text: str) -> bool:
        """Who does not get the screen is told why."""
        if status >= 400 and not heading.startswith("error."):
            return text in (said for key, said in catalogue(self.language).items() if re.fullmatch(r"error\.\w+\.title", key))
        if heading.startswith("{"):
            return " ".join(text.split()) == heading.format_map(self.world.places)
        return pattern(self.language, heading).fullmatch(" ".join(text.split())) is not None

    def _reader(self, language: str) -> Wording:
        if language not in self._readers:
            self._readers[language] = Wording(language, self.world.names)
        return self._readers[language]

    async def _try(self, page: Page, where: str) -> None:
        """Everything that comes of a screen's bones. The last trials leave it spoilt."""
        await page.evaluate(AXE_SCRIPT)
        for size, theme in (("phone", "light"), ("desktop", "dark")):
            await _look(page, size, theme)
            here = f"{where}, {size}, {theme}"
            for trial in (*LAYOUT, "lines", "targets", "motion"):
                self.note(trial, here, await _asked(page, trial))
            self.note("axe", here, await axe(page))
        await _look(page, "phone", "light")
        await page.keyboard.press("Tab")
        self.note("focus", where, await _asked(page, "focus"))
        await _look(page, "desktop", "light", NARROW)
        self.note("reflow", where, await _all(page, LAYOUT))
        for spoil, trial in (("grow", "zoom"), ("lengthen", "longer")):
            self.note(trial, where, await _asked(page, spoil) or [])
            for size in SIZES:
                await _look(page, size, "light")
                self.note(trial, f"{where}, {size}", await _all(page, LAYOUT))
            await page.evaluate("probe.shrink()")

    def _listen(self, phone: Phone, where: str, status: int) -> None:
        """What the page asked for and complained of. That a page is an error the browser may say, also when it is another page by then."""
        ours = {urlsplit(self.world.url).netloc}
        self.note("requests", where, sorted(phone.hosts - ours - {""}))
        if status != 200:
            self._refused.add(phone.page.url)
        told = [
            it for it in phone.complaints if not it.startswith("Failed to load resource") or it.split()[-1] not in self._refused
        ]
        self.note("complaints", where, told)
        phone.complaints.clear()
        phone.requests.clear()


async def visitor(browser: Browser, world: World, who: str, language: str, **options: Any) -> Phone:
    """A phone with the session of one of WHO, which reads that language and moves nothing."""
    phone = await Phone.take(browser, world.url, locale=LOCALES[language], reduced_motion="reduce", **options)
    cookies = [{"name": name, "value": value, "url": world.url} for name, value in world.cookies.get(who, {}).items()]
    if cookies:
        await phone.context.add_cookies(cookies)  # type: ignore[arg-type]
    await phone.context.add_init_script(path=PROBE)
    return phone


async def _look(page: Page, size: str, theme: Any, viewport: ViewportSize | None = None) -> None:
    await page.set_viewport_size(viewport or SIZES[size])
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")


async def _settled(page: Page) -> None:
    """Wait for a live page to be live, and open everything that can be opened."""
    if await page.locator("link-badge:not(.offline)").count():
        await expect(page.locator("link-badge")).to_have_attribute("data-state", "live", timeout=15_000)
    await page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")


async def _asked(page: Page, trial: str) -> Any:
    return await page.evaluate(f"probe.{trial}()")


async def _all(page: Page, trials: Collection[str]) -> list[str]:
    return [fault for trial in trials for fault in await _asked(page, trial)]


async def axe(page: Page) -> list[str]:
    """What axe-core reports of a page into which it was put."""
    found = await page.evaluate(f"axe.run(document, {json.dumps(AXE_OPTIONS)}).then((it) => it.violations)")
    return [f"{it['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for it in found for node in it["nodes"]]
