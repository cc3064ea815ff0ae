"""How soon the home page can be used on a cheap phone over 4G. `make page` prints it; what a test can hold of it is in test_usable.py.

The phone is this machine's Chromium with its processor slowed six times. The link is Chrome's own "Fast 4G": 9 and 1.5 Mbit/s at nine
tenths, and 60 ms at 2.75 times, which is what its developers add to each request for all that goes to and fro below it.
"""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, async_playwright

from tests.chromium import OPTIONS
from tests.components import require
from tests.end_to_end.demo import Demo
from tests.end_to_end.phone import Phone

SLOWER: Final = 6
LATENCY_MS: Final = 165
DOWN_BITS: Final = 8_100_000
UP_BITS: Final = 1_350_000
BUDGET_MS: Final = 1_000
ROUNDS: Final = 7

NOTE = """
for (const [name, states] of [['usable', ['connecting', 'live']], ['followed', ['live']]]) {
  window[name] = new Promise(resolve => new MutationObserver((_, it) => {
    if (!states.includes(document.body?.dataset.live)) return;
    it.disconnect();
    resolve(performance.now());
  }).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-live']}));
}
"""
"""In the page, before anything of its own: when its scripts send taps, and when its stream tells what became of them. A tap before the
first posts a form."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One first visit, in ms from its first request. `painted`: readable, with forms that work. `usable`: scripts send taps.

    `live`: the stream is there. `busy`: processor time of the page's thread until it is usable. `received`: bytes, headers included.
    `requests`: every address, in order.
    """

    painted: float
    usable: float
    live: float
    busy: float
    received: int
    requests: list[str]

    @property
    def on_the_way_ms(self) -> float:
        """What that link takes: two steps, one waiting for the other (the page, its files), and the bytes."""
        return 2 * LATENCY_MS + self.received * 8 / DOWN_BITS * 1000

    @property
    def reckoned_ms(self) -> float:
        """How long it takes on that phone by what it did: the way, and the work of the page's thread. Other work of the machine is
        not in it."""
        return self.on_the_way_ms + SLOWER * self.busy


async def visit(browser: Browser, address: str, cookies: list[Any], *, slowly: bool) -> Visit:
    """Open the page with nothing kept from before."""
    phone = await Phone.take(browser, address, storage_state={"cookies": cookies, "origins": []})
    try:
        await phone.context.add_init_script(NOTE)
        session = await phone.context.new_cdp_session(phone.page)
        received: list[int] = []
        session.on("Network.loadingFinished", lambda it: received.append(it["encodedDataLength"]))
        await session.send("Network.enable")
        if slowly:
            await _slow(session)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        await phone.page.goto(address, wait_until="commit")
        usable = await phone.page.evaluate("window.usable")
        metrics = {it["name"]: it["value"] for it in (await session.send("Performance.getMetrics"))["metrics"]}
        live = await phone.page.evaluate("window.followed")
        painted = await phone.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
        return Visit(painted, usable, live, metrics["TaskDuration"] * 1000, sum(received), phone.requests)
    finally:
        await phone.context.close()


async def _slow(session: CDPSession) -> None:
    link = {"latency": LATENCY_MS, "downloadThroughput": DOWN_BITS / 8, "uploadThroughput": UP_BITS / 8}
    await session.send("Network.emulateNetworkConditions", {"offline": False, **link})
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


@asynccontextmanager
async def _demo_page() -> AsyncIterator[tuple[Browser, str, list[Any]]]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require("whole chromium"), args=[*OPTIONS])
        with tempfile.TemporaryDirectory() as folder:
            demo = Demo(Path(folder))
            async with demo.running():
                phone = await Phone.take(browser, demo.url)
                await phone.sign_in(demo.links()[0])
                await phone.live()
                cookies = await phone.context.cookies()
                await phone.context.close()
                yield browser, demo.url, cookies
        await browser.close()


async def _main() -> int:
    async with _demo_page() as (browser, address, cookies):
        visits = [await visit(browser, address, cookies, slowly=True) for _ in range(ROUNDS)]
        quick = [await visit(browser, address, cookies, slowly=False) for _ in range(ROUNDS)]
    painted, usable, live = (statistics.median(getattr(it, name) for it in visits) for name in ("painted", "usable", "live"))
    print(
        f"processor {SLOWER} times slower, {DOWN_BITS / 1e6:.1f} / {UP_BITS / 1e6:.2f} Mbit/s, {LATENCY_MS} ms a request, {ROUNDS} visits"
    )
    print(f"readable, forms work: {painted:.0f} ms    taps are sent: {usable:.0f} ms    followed live: {live:.0f} ms")
    print(
        f"the page's thread, not slowed: {statistics.median(it.busy for it in quick):.0f} ms of work; {quick[0].received:,} bytes received"
    )
    print(f"by what it did, on that phone: {min(it.reckoned_ms for it in quick):.0f} ms until taps are sent")
    return 0 if usable <= BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
