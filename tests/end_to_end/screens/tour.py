"""A walk through every screen as everybody, in both languages, which notes what is wrong where. It judges nothing: tests do.

Each screen is loaded once for each person and language. Who sees the same bones as somebody before them is not shown all trials again,
since layout and colours come of the bones, nor is a refusal with the same heading and bones; the words are read every time.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, ViewportSize

from tests.end_to_end.phone import SCREEN as PHONE
from tests.end_to_end.phone import Phone
from tests.end_to_end.screens.table import WHO, Screen, once, screens
from tests.end_to_end.screens.wording import Wording, catalogue, pattern
from tests.end_to_end.screens.world import World

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
SIZES: Final = {"phone": PHONE, "desktop": DESKTOP}
LOCALES: Final = {"vi": "vi-VN", "en": "en-GB"}
SEND: Final = """([address, fields]) => {
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action: address });
  for (const [name, value] of fields) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
  document.body.append(form);
  form.submit();
}"""
SETTLE: Final = """async (withinMs) => {
  const badge = document.querySelector('link-badge:not(.offline)');
  const live = () => badge === null || badge.dataset.state === 'live';
  if (!live()) await new Promise((settle) => {
    new MutationObserver(() => live() && settle()).observe(badge, { attributes: true });
    setTimeout(settle, withinMs);
  });
  for (const it of document.querySelectorAll('details')) it.open = true;
  return live();
}"""
LIVE_WITHIN_MS: Final = 15_000
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
        """Everybody through every screen that they get, and after that whoever meets a screen once."""
        for who in WHO:
            async with self._phone(browser, who) as phone:
                for screen in screens():
                    if screen.statuses[who] not in (0, 303):
                        await self._visit(phone, who, screen)
        for who, lines in groupby(once(), key=lambda screen: next(iter(screen.statuses))):
            async with self._phone(browser, who) as phone:
                await phone.page.goto(self.world.url_for(who) + "/sign-in")  # any page of this server, to send a form from
                for screen in lines:
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
        status = self.statuses[who, screen.name] = await self._go(page, who, screen)
        await _settled(page)
        heading, bones = await self._read(page, where, screen, status)
        seen = heading if status >= 400 else screen.name, bones
        if seen not in self._bones:
            self._bones.add(seen)
            await self._try(page, where)
        self._listen(phone, where, status)

    async def _go(self, page: Page, who: str, screen: Screen) -> int:
        """Ask for the page, or send its form as a person without scripts does, and return the status of what comes."""
        address = self.world.address(screen.address, who)
        if screen.form is None:
            answer = await page.goto(address)
        else:
            async with page.expect_navigation() as navigation:
                await page.evaluate(SEND, [address, screen.fields(self.world.places)])
            answer = await navigation.value
        assert answer is not None
        return answer.status

    async def _read(self, page: Page, where: str, screen: Screen, status: int) -> tuple[str, str]:
        """Language, heading and words. Returns the heading and the bones."""
        read = await _asked(page, "read")
        lang, heading, told = read["language"], read["heading"], read["words"]
        self.note("language", where, [] if lang == self.language else [f"lang is {lang}"])
        self.note("heading", where, [] if self._fits(screen, status, heading) else [f"the heading is {heading.strip()!r}"])
        self.note("headings", where, read["headings"])
        faults = [
            f"{text!r} is no {language} ({spot})" for text, language, spot in told if not self._reader(language).holds(text)
        ]
        self.note("words", where, faults)
        return heading, read["bones"]

    def _fits(self, screen: Screen, status: int, text: str) -> bool:
        """Who does not get a screen that others get is told why."""
        heading = screen.heading
        if status >= 400 and screen.form is None and not heading.startswith("error."):
            return text in (said for key, said in catalogue(self.language).items() if re.fullmatch(r"error\.\w+\.title", key))
        if heading.startswith("{"):
            return " ".join(text.split()) == heading.format_map(self.world.places)
        return pattern(self.language, heading).fullmatch(" ".join(text.split())) is not None

    def _reader(self, language: str) -> Wording:
        if language not in self._readers:
            self._readers[language] = Wording(language, self.world.names)
        return self._readers[language]

    async def _try(self, page: Page, where: str) -> None:
        """Everything that comes of a screen's bones. The last trials leave it spoilt, and the page as large as it was."""
        await page.evaluate(AXE_SCRIPT)
        await self._as_it_looks(page, f"{where}, phone, light")
        await page.keyboard.press("Tab")
        self.note("focus", where, await _asked(page, "focus"))
        await _look(page, DESKTOP, "dark")
        await self._as_it_looks(page, f"{where}, desktop, dark")
        await _look(page, NARROW, "light")
        self.note("reflow", where, await _all(page, LAYOUT))
        for spoil, trial, sizes in (("grow", "zoom", ("phone", "desktop")), ("lengthen", "longer", ("desktop", "phone"))):
            self.note(trial, where, await _asked(page, spoil) or [])
            for size in sizes:
                await page.set_viewport_size(SIZES[size])
                self.note(trial, f"{where}, {size}", await _all(page, LAYOUT))
            await page.evaluate("probe.shrink()")

    async def _as_it_looks(self, page: Page, here: str) -> None:
        """What depends on the size and the colours."""
        for trial, faults in (await page.evaluate("probe.each", [*LAYOUT, "lines", "targets", "motion"])).items():
            self.note(trial, here, faults)
        self.note("axe", here, await axe(page))

    def _listen(self, phone: Phone, where: str, status: int) -> None:
        """What the page asked for and complained of. That a page is an error the browser may say, also when it is another page by then."""
        ours = {urlsplit(phone.address).netloc}
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
    url, headers = world.url_for(who), world.headers.get(who, {})
    plain = {"locale": LOCALES[language], "color_scheme": "light", "reduced_motion": "reduce", "extra_http_headers": headers}
    phone = await Phone.take(browser, url, **{**plain, **options})
    cookies = [{"name": name, "value": value, "url": url} for name, value in world.cookies.get(who, {}).items()]
    if cookies:
        await phone.context.add_cookies(cookies)  # type: ignore[arg-type]
    await phone.context.add_init_script(path=PROBE)
    return phone


async def _look(page: Page, size: ViewportSize, theme: Literal["light", "dark"]) -> None:
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=theme)


async def _settled(page: Page) -> None:
    """Wait for a live page to be live, and open everything that can be opened."""
    assert await page.evaluate(SETTLE, LIVE_WITHIN_MS), f"not live: {page.url}"


async def _asked(page: Page, trial: str) -> Any:
    return await page.evaluate(f"probe.{trial}()")


async def _all(page: Page, trials: Collection[str]) -> list[str]:
    found = await page.evaluate("probe.each", list(trials))
    return [fault for faults in found.values() for fault in faults]


async def axe(page: Page) -> list[str]:
    """What axe-core reports of a page into which it was put."""
    found = await page.evaluate(f"axe.run(document, {json.dumps(AXE_OPTIONS)}).then((it) => it.violations)")
    return [f"{it['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for it in found for node in it["nodes"]]
