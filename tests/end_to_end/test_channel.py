"""The page of one channel, in a real browser: on for a time, why, what was, with and without scripts."""

import asyncio
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from server.web.assets import assets
from server.web.i18n import LANGUAGES, words_in
from tests.end_to_end.phone import Phone
from tests.processes import SimulatedDevice, System
from tests.server.web.typed_minutes import MOST_S, TYPED
from tests.server.web.whys import CASES, NEXT, ZONE
from tests.server.web.world import NOW_MS, channel
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    device = await shared.add_device("Trạm bơm")
    await shared.on_air(device)
    return device


@pytest_asyncio.fixture(loop_scope="module")
async def lan(shared: System, phone) -> Phone:
    return await (await phone(shared.url)).sign_in(await shared.link())


def address(system: System, device: SimulatedDevice, name: str = "den") -> str:
    return f"{system.url}/devices/{device.id}/channels/{name}"


async def latest(system: System, name: str) -> dict[str, Any]:
    [found] = [it for device in (await system.snapshot())["devices"] for it in device["channels"] if it["id"] == name]
    return found


async def overflows(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


async def test_on_for_five_minutes_switches_the_relay_with_that_lease_and_says_why_and_until_when(shared, device, lan):
    page = lan.page
    await page.goto(address(shared, device))
    await lan.live()
    await expect(page.locator("#channel")).to_have_attribute("data-look", "off")
    await page.get_by_role("button", name="Bật 5 phút").click()
    await expect(page.locator("#channel")).to_have_attribute("data-look", "on")
    now = await latest(shared, "den")
    assert (now["command"]["for_s"], now["command"]["fate"]) == (300, "applied")
    assert 299_000 <= now["lease_until_ms"] - now["since_ms"] <= 301_000
    assert device.history("den") == [True]
    await expect(page.locator("#channel .ring")).to_be_visible()
    await expect(page.locator(".remaining")).to_contain_text("còn")
    await expect(page.locator(".question")).to_have_text("Vì sao đang bật?")
    await expect(page.locator(".why")).to_contain_text("theo lệnh của Lan, còn")
    await expect(page.locator("#next li")).to_contain_text("Thiết bị tự tắt lúc")
    await expect(page.locator(".run-title")).to_have_text("Tự tắt sau…")
    await expect(page.locator("#channel .steps li").last).to_contain_text("Đã bật")
    await expect(page.locator(".strip-on")).not_to_have_count(0)  # the past came anew by itself
    assert await overflows(page) is False

    await page.get_by_role("switch").click()  # off while a lease runs
    await expect(page.locator("#channel")).to_have_attribute("data-look", "off")
    await expect(page.locator("#next")).to_be_hidden()
    assert device.history("den") == [True, False]
    assert lan.complaints == []


async def test_before_anything_has_left_the_phone_the_page_says_no_more_than_that_one_asked(shared, device, lan):
    page = lan.page
    await page.goto(address(shared, device))
    await lan.live()
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route("**/commands", hold)
    await page.get_by_role("switch").click()
    await expect(page.locator("#channel")).to_have_attribute("data-look", "pending")
    await expect(page.locator("#channel .steps li")).to_have_text([re.compile(r"^\d\d:\d\d:\d\d Bạn yêu cầu bật$")])
    let_go.set()
    steps = [
        re.compile(rf" {said}$") for said in ("Lan yêu cầu bật", "Đã gửi đi", "Thiết bị đã nhận", "Đã bật, đã kiểm tra chân ra")
    ]
    await expect(page.locator("#channel .steps li")).to_have_text(steps)
    await page.get_by_role("switch").click()
    await expect(page.locator("#channel")).to_have_attribute("data-look", "off")


async def test_own_minutes_that_cannot_be_get_a_clear_word_and_nothing_is_lost(shared, device, lan):
    page = lan.page
    await page.goto(address(shared, device, "quat"))
    await lan.live()
    field = page.get_by_label("Số phút khác")
    for typed, says in (("", "Hãy ghi một số phút"), ("mười", "Hãy ghi một số phút"), ("0", "Ngắn nhất là 1 phút")):
        await field.fill(typed)
        await field.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text(says)
        await expect(field).to_have_value(typed)
        await expect(field).to_be_focused()
    assert device.history("quat") == []
    await field.fill("2,5")
    await field.press("Enter")
    await expect(page.locator("#channel")).to_have_attribute("data-look", "on")
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert (await latest(shared, "quat"))["command"]["for_s"] == 150


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("vi-VN", ("Bật 10 phút", "Số phút khác", "Hãy ghi một số phút", "theo lệnh của Lan", "Hôm nay")),
        ("en-GB", ("On for 10 minutes", "Another number of minutes", "Write a number of minutes", "as Lan asked", "Today")),
    ],
)
async def test_without_scripts_everything_is_there_and_works(shared, device, phone, locale, words):
    button, label, wrong, why, today = words
    before = len(device.history("may-bom"))
    lan = await (await phone(shared.url, java_script_enabled=False, locale=locale)).sign_in(await shared.link())
    page = lan.page
    await page.goto(f"{address(shared, device, 'may-bom')}?days=7")
    await page.get_by_label(label).fill("chín")
    await page.get_by_label(label).press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text(wrong)
    await expect(page.get_by_label(label)).to_have_value("chín")
    await page.goto(f"{address(shared, device, 'may-bom')}?days=7")
    await page.get_by_role("button", name=button).click()
    await expect(page).to_have_url(f"{address(shared, device, 'may-bom')}?days=7")
    await expect(page.locator("#channel")).to_have_attribute("data-look", "on")
    await expect(page.locator(".why")).to_contain_text(why)
    await expect(page.locator(".day")).to_have_count(7)
    await expect(page.locator(".spans a").first).to_have_text(today)
    await page.get_by_role("switch").click()
    await expect(page.locator("#channel")).to_have_attribute("data-look", "off")
    assert device.history("may-bom")[before:] == [True, False]


async def test_the_time_before_a_device_was_there_is_drawn_hatched_and_said_not_to_be_known(shared, device, lan):
    await lan.page.goto(f"{address(shared, device)}?days=7")
    await expect(lan.page.locator('.strip .strip-unknown[fill="url(#p-unknown)"]')).not_to_have_count(0)
    await expect(lan.page.locator(".legend")).to_contain_text("Không rõ")
    await expect(lan.page.locator(".day").last).to_contain_text("không rõ 24 giờ")
    await expect(lan.page.locator(".figures")).to_contain_text("Không rõ")
    async with lan.page.expect_download() as downloading:
        await lan.page.get_by_role("link", name="Tải tệp cho bảng tính").click()
    assert (await downloading.value).suggested_filename.endswith(".csv")
    assert await overflows(lan.page) is False


async def test_scripts_say_what_the_server_says_of_every_state(shared, device, lan):
    await lan.page.goto(address(shared, device))
    asked = {
        "base": channel("den", "Đèn", "lamp"),
        "around": {"nowMs": NOW_MS, "link": "up", "presence": "online", "role": "operator", "timezone": ZONE},
        "cases": [[case.channel, case.around, case.presence_ms] for case in CASES.values()],
        "next": [[other, where] for _, _, other, where in NEXT.values()],
        "typed": list(TYPED), "most": MOST_S,
        "why": assets().url("why.js"), "words": assets().url("words.js"), "minutes": assets().url("minutes.js"),
    }  # fmt: skip
    for language, (cases, following) in zip(
        LANGUAGES,
        (
            ([it.vi for it in CASES.values()], [it[0] for it in NEXT.values()]),
            ([it.en for it in CASES.values()], [it[1] for it in NEXT.values()]),
        ),
        strict=True,
    ):
        texts = words_in(language).for_scripts("why.", "next.")
        told = await lan.page.evaluate(
            """async ([asked, texts]) => {
              const [{ whySo, whatNext }, words, { readMinutes }] =
                await Promise.all([import(asked.why), import(asked.words), import(asked.minutes)]);
              words.learn(texts);
              const around = (other) => ({ ...asked.around, ...other });
              return {
                why: asked.cases.map(([other, where, since]) => whySo({ ...asked.base, ...other }, around(where), since)),
                next: asked.next.map(([other, where]) => whatNext({ ...asked.base, ...other }, around(where))),
                typed: asked.typed.map((text) => readMinutes(text, asked.most)),
              };
            }""",
            [asked, texts],
        )
        assert [text.replace("\u00a0", " ") for text in told["why"]] == cases
        assert told["next"] == following
        assert told["typed"] == list(TYPED.values())


async def test_a_device_that_is_gone_is_told_with_what_was_known_last(shared, phone):
    gone = await shared.add_device("Trạm xa")
    lan = await (await phone(shared.url, locale="en-GB")).sign_in(await shared.link())
    await until(lambda: gone.program.running)
    await shared.on_air(gone)
    await lan.page.goto(address(shared, gone))
    await lan.live()
    await lan.page.get_by_role("button", name="On for 30 minutes").click()
    await expect(lan.page.locator("#channel")).to_have_attribute("data-look", "on")
    await gone.program.kill()
    await expect(lan.page.locator("#channel")).to_have_attribute("data-look", "offline")
    await expect(lan.page.locator(".why")).to_contain_text("last known as ON")
    await expect(lan.page.locator("#next li")).to_contain_text("with or without a network")
    await lan.page.get_by_role("button", name="On for 5 minutes").click(force=True)
    await expect(lan.page.locator("#channel .notice")).to_contain_text("Not sent: the device is offline")
