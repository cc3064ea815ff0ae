"""A whole system of real processes, and real browsers in front of it. One event loop a module, since the processes belong to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.chromium import OPTIONS, SOON_MS
from tests.components import require
from tests.end_to_end.phone import Phone
from tests.processes import System, pytest_runtest_makereport, running_system

__all__ = ["pytest_runtest_makereport"]
expect.set_options(timeout=SOON_MS)


@asynccontextmanager
async def launched(program: str = "chromium") -> AsyncIterator[Browser]:
    """Chromium, or the `whole chromium`, for as long as the block lasts."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require(program), args=[*OPTIONS])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as chromium:
        yield chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """One system for all tests of a module that leave it running as it was."""
    async with running_system(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest_asyncio.fixture(loop_scope="module")
async def own(tmp_path: Path) -> AsyncIterator[System]:
    """A system for one test, which may break it."""
    async with running_system(tmp_path) as system:
        yield system


Phones = Callable[..., Awaitable[Phone]]


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser) -> AsyncIterator[Phones]:
    """`await phone(address, **options of a browser context)`: one visitor more."""
    phones: list[Phone] = []

    async def visit(address: str, **options: object) -> Phone:
        phones.append(await Phone.take(browser, address, **options))
        return phones[-1]

    yield visit
    for taken in phones:
        await taken.context.close()
