"""What a first visit costs, where it goes, and what is left of the page without scripts."""

import gzip
import re

import pytest
import pytest_asyncio
from playwright.async_api import Response, expect

from tests.processes import SimulatedDevice, System
from tests.waiting import eventually, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_BYTES = 40 * 1024
MOST_SCRIPT_BYTES = 25 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    device = await shared.add_device("Trạm bơm")
    await shared.on_air(device)
    return device


@pytest.mark.usefixtures("device")
async def test_a_first_visit_is_small_and_goes_nowhere_else(shared, phone):
    lan = await phone(shared.url)
    await lan.sign_in(await shared.link())
    await lan.live()
    cookies = await lan.context.cookies()
    visitor = await phone(shared.url, storage_state={"cookies": cookies, "origins": []})
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    visitor.page.on("response", note)
    await visitor.page.goto(shared.url)
    await visitor.live()
    await until(lambda: len(answers) == len(visitor.requests))
    assert visitor.hosts == {shared.url.removeprefix("http://")}
    assert visitor.complaints == []

    sent = {answer.url: await transferred(answer) for answer in answers if not answer.url.endswith("/api/v1/live")}
    assert sum(sent.values()) <= MOST_BYTES, sent
    assert sum(size for url, size in sent.items() if url.endswith(".js")) <= MOST_SCRIPT_BYTES, sent
    assert len([url for url in sent if url.endswith(".js")]) >= 1


async def transferred(answer: Response) -> int:
    """The bytes of the body as they went over the wire. What the browser does not tell is counted unpacked."""
    assert answer.status == 200, answer.url
    length = (await answer.all_headers()).get("content-length")
    return int(length) if length else len(await answer.body())


@pytest.mark.usefixtures("device")
async def test_the_page_and_its_files_travel_packed(shared):
    async with shared.visitor() as client:
        page = await client.get("/", headers={"Accept-Encoding": "gzip"})
        files = [
            await client.get(path, headers={"Accept-Encoding": "gzip"}) for path in re.findall(r'"(/static/[^"]+)"', page.text)
        ]
    assert page.headers["content-encoding"] == "gzip"
    assert len(files) >= 5
    for answer in files:
        packed = answer.headers.get("content-encoding") == "gzip"
        assert packed or len(gzip.compress(answer.content)) >= len(answer.content), answer.url
        assert "immutable" in answer.headers["cache-control"]


async def test_without_scripts_every_state_is_shown_and_a_form_switches(shared, device, phone):
    lan = await phone(shared.url, java_script_enabled=False)
    await lan.sign_in(await shared.link())
    await expect(lan.page.locator("#sites .card .name")).to_have_text(["Máy bơm", "Đèn", "Quạt", "Cổng"])
    await expect(lan.page.locator("#sites .card .word")).to_have_text(["Tắt"] * 4)
    await expect(lan.page.locator("link-badge")).to_contain_text("Lúc")
    await lan.tap("quat")
    await expect(lan.page).to_have_url(f"{shared.url}/")
    await lan.expect_look("quat", "on")
    await lan.tap("quat")
    await lan.expect_look("quat", "off")
    assert device.history("quat") == [True, False]


async def test_without_scripts_a_lost_device_still_shows_its_last_state(shared, device, phone):
    lan = await phone(shared.url, java_script_enabled=False)
    await lan.sign_in(await shared.link())
    await lan.tap("den")
    await lan.expect_look("den", "on")
    await device.program.stop()

    async def offline() -> bool:
        return [it["presence"] for it in (await shared.snapshot())["devices"]] == ["offline"]

    await eventually(offline)
    await lan.page.reload()
    await lan.expect_look("den", "offline")
    await expect(lan.card("den")).to_contain_text("BẬT")
