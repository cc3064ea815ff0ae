"""A new version of the page on a phone that has the old one: it takes its place whole, and nothing of the old one is left."""

import time
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from playwright.sync_api import Page, expect, sync_playwright

from server.web.worker import SOURCE, Worker, made, worker
from tests.chromium import OPTIONS
from tests.components import require
from tests.server.web.fake_app import Running

KEPT = "caches.keys().then((names) => names.filter((name) => name !== 'state').sort())"


def newer() -> Callable[[], Worker]:
    """The worker of a later program, whose offline page says so."""
    known = worker()
    pages = {language: page.replace("</body>", "<p id=newer>2</p></body>") for language, page in known.pages.items()}
    later = made(pages, SOURCE.read_text("utf-8"), {"ICON": "/static/x/icon-192.png", "BADGE": "/static/x/badge-96.png"})
    assert later.version != known.version
    return lambda: replace(later)


def until_kept(page: Page, version: Worker) -> None:
    """Wait until the phone keeps the files of that version and of no other."""
    deadline = time.monotonic() + 15
    while page.evaluate(KEPT) != [f"shell-{version.version}"]:
        assert time.monotonic() < deadline, page.evaluate(KEPT)
        page.wait_for_timeout(20)


def test_a_new_version_takes_over_at_the_next_visit_and_the_old_one_s_files_are_gone():
    with Running() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium"), args=[*OPTIONS])
        try:
            context = browser.new_context(locale="vi-VN")
            page = context.new_page()
            page.goto(site.url)
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            page.wait_for_function(f"async () => (await {KEPT}).join() === 'shell-{worker().version}'")
            later = newer()
            with patch("server.web.worker_routes.worker", later):
                page.goto(site.url)  # the visit that finds the new one; the page itself is as it was served
                until_kept(page, later())
                context.set_offline(True)
                page.goto(site.url)
                expect(page.locator("#newer")).to_have_text("2")
                expect(page.locator("#sites .card").first).to_be_visible()
                context.close()
        finally:
            browser.close()
