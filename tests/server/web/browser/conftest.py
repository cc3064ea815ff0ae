"""The page in a real browser, with an application behind it that tells what the test wants."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import OPTIONS, SOON_MS
from tests.components import require
from tests.server.web.browser.visit import Visit, Visitor
from tests.server.web.fake_app import FakeBackend, Running

expect.set_options(timeout=SOON_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=require("chromium"), args=[*OPTIONS])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with Running() as server:
        yield server


@pytest.fixture
def site(running: Running) -> Iterator[Running]:
    running.backend.__dict__.update(FakeBackend(streams=running.backend.streams).__dict__)
    yield running
    running.backend.answer = running.backend.answer or (503, {})


@pytest.fixture
def visitor(browser: Browser, site: Running) -> Iterator[Visitor]:
    visits: list[Visit] = []

    def come(**options: Any) -> Visit:
        visits.append(Visit(browser, site, **options))
        return visits[-1]

    yield come
    site.backend.answer = site.backend.answer or (503, {})
    for visit in visits:
        visit.context.close()
    site.cut()
