"""The budget of a first visit on a cheap phone over 4G: a switch is usable within a second.

The way is counted in steps and bytes, the work in processor time of the page's own thread: what else the machine does makes that at most
twice as much. `make page` measures by the clock.
"""

import re

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.phone import Phone
from tests.end_to_end.usable import BUDGET_MS, visit
from tests.processes import SimulatedDevice, System

pytestmark = pytest.mark.asyncio(loop_scope="module")

VISITS = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def device(shared: System) -> SimulatedDevice:
    return await shared.add_device("Trạm bơm")


async def test_on_a_slow_phone_over_4g_a_switch_can_be_used_within_the_second(shared: System, browser, phone):
    lan: Phone = await phone(shared.url)
    await lan.sign_in(await shared.link())
    await lan.live()
    await expect(lan.page.locator("#sites .card")).to_have_count(4)
    cookies = await lan.context.cookies()
    html = await (await lan.context.request.get(shared.url)).text()
    visits = [await visit(browser, shared.url, cookies, slowly=False) for _ in range(VISITS)]

    linked = {f"{shared.url}{path}" for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', html)}
    for found in visits:
        own = set(found.requests) - {f"{shared.url}/", f"{shared.url}/api/v1/live"}
        assert own - linked == set(), "every file is asked for by the page itself: no step more"
    assert min(it.reckoned_ms for it in visits) <= BUDGET_MS, visits
