"""Schedules from a phone, in a real browser: made with a preview of what speaks against them, changed, paused and deleted."""

from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.end_to_end.phone import Phone
from tests.processes import SimulatedDevice, System
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    device = await shared.add_device("Trạm bơm")

    async def has_told() -> bool:
        return [len(it["channels"]) for it in (await shared.snapshot())["devices"]] == [4]

    await eventually(has_told)
    return device


@dataclass(frozen=True)
class Said:
    """What the pages say in a language, as these tests look for it."""

    add: str
    thing: str
    at: str
    n: str
    look: str
    save: str
    change: str
    delete: str
    delete_yes: str
    clash: str
    fine: str
    first: str
    second: str
    paused: str
    next: str
    empty: str
    wrong: str
    not_yet: str
    wednesday: str


VI = Said(
    add="Thêm lịch", thing="Bật tắt cái gì", at="Lúc", n="Bật trong", look="Xem trước bảy ngày", save="Lưu lịch", change="Sửa lịch: {rule}",
    delete="Xoá lịch: {rule}", delete_yes="Xoá hẳn", clash="lịch này chen vào lúc “Hằng ngày lúc 06:00: bật 30 phút” đang bật.",
    fine="Không trùng với lịch nào khác.", first="Hằng ngày lúc 06:00: bật 30 phút",
    second="Thứ 2, 3, 5, 6, 7, Chủ nhật lúc 06:10: bật 5 phút",
    paused="Đang tạm dừng", next="Lần tới:", empty="Chưa có lịch nào", wrong="Nhập một số nguyên.",
    not_yet="Thiết bị chưa tự chạy theo lịch.", wednesday="thứ 4",
)  # fmt: skip
EN = Said(
    add="Add a schedule", thing="What to switch", at="At", n="On for", look="Preview seven days", save="Save the schedule",
    change="Change the schedule: {rule}", delete="Delete the schedule: {rule}", delete_yes="Delete for good",
    clash="this schedule comes while ‘Every day at 06:00: on for 30 min’ still has it on.", fine="It is in the way of no other schedule.",
    first="Every day at 06:00: on for 30 min", second="Mon, Tue, Thu, Fri, Sat, Sun at 06:10: on for 5 min", paused="Paused", next="Next:",
    empty="No schedules yet", wrong="Give a whole number.", not_yet="Devices do not run them yet.", wednesday="Wednesday",
)  # fmt: skip


async def fits(page: Page) -> None:
    """Nothing sticks out at the side, and whatever is tapped is large enough for a finger."""
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    small = await page.evaluate(
        """[...document.querySelectorAll('main :is(a, button, select, summary, input:not([type=hidden]))')]
        .filter(it => it.checkVisibility() && !it.closest('.unseen'))
        .map(it => [it, (it.closest('label') ?? it).getBoundingClientRect()])
        .filter(([, box]) => box.height < 48 || box.width < 48)
        .map(([it, box]) => `${it.outerHTML.slice(0, 60)} ${box.width}x${box.height}`)"""
    )
    assert small == []


async def signed_in(phone, shared: System, **options: object) -> Phone:
    visitor = await phone(shared.url, **options)
    await visitor.sign_in(await shared.link())
    await visitor.page.goto(f"{shared.url}/schedules")
    return visitor


def button(page: Page, name: str):
    """The button that is seen: another of that name, for the enter key, is not."""
    return (
        page.locator("main")
        .get_by_role("button", name=name, exact=True)
        .locator("visible=true")
        .and_(page.locator(":not(.unseen)"))
    )


async def make_first(page: Page, said: Said) -> None:
    await page.get_by_role("link", name=said.add, exact=True).click()
    await page.get_by_label(said.thing).select_option(label="Đèn")
    await button(page, said.look).click()
    await expect(page.get_by_text(said.fine)).to_be_visible()
    await expect(page.locator(".week-day")).to_have_count(7)
    await fits(page)
    await button(page, said.save).click()
    await expect(page.locator(".plan-rule")).to_have_text(said.first)
    await expect(page.locator(".plan-next")).to_contain_text(said.next)


async def make_second_with_a_conflict(page: Page, said: Said) -> None:
    await page.get_by_role("link", name=said.add).first.click()
    await expect(page.get_by_label(said.thing).locator("option:checked")).to_have_text("Đèn")
    await page.get_by_label(said.at, exact=True).fill("06:10")
    await page.get_by_label(said.wednesday, exact=True).uncheck(force=True)
    await page.get_by_label(said.n, exact=True).fill("five")
    await button(page, said.look).click()
    await expect(page.locator(".field-wrong")).to_have_text(said.wrong)
    await expect(page.get_by_label(said.at, exact=True)).to_have_value("06:10")
    await page.get_by_label(said.n, exact=True).fill("5")
    await button(page, said.look).click()
    await expect(page.locator(".week-bad")).to_contain_text(said.clash)
    await expect(page.locator(".week-trouble")).not_to_have_count(0)
    await fits(page)
    await button(page, said.save).click()
    await expect(page.locator(".plan-rule")).to_have_text([said.first, said.second])


async def change_pause_and_delete(page: Page, said: Said) -> None:
    await page.get_by_role("link", name=said.change.format(rule=said.second)).click()
    await page.get_by_label(said.at, exact=True).fill("07:10")
    await button(page, said.look).click()
    await expect(page.get_by_text(said.fine)).to_be_visible()
    await button(page, said.save).click()
    changed = said.second.replace("06:10", "07:10")
    await expect(page.locator(".plan-rule")).to_have_text([said.first, changed])
    switch = page.get_by_role("switch").last
    await switch.click()
    await expect(page.locator(".plan-next").last).to_contain_text(said.paused)
    await expect(page.get_by_role("switch").last).to_have_attribute("aria-checked", "false")
    for rule in (changed, said.first):
        await page.get_by_label(said.delete.format(rule=rule)).click()
        await fits(page)
        await button(page, said.delete_yes).click()
        await expect(page.get_by_text(rule)).to_have_count(0)
    await expect(page.get_by_text(said.empty)).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "said", "scripts"), [("vi-VN", VI, True), ("en-GB", EN, False)], ids=["vi", "en, without scripts"]
)
@pytest.mark.usefixtures("device")
async def test_schedules_are_made_with_a_preview_changed_paused_and_deleted(shared, phone, locale, said, scripts):
    visitor = await signed_in(phone, shared, locale=locale, java_script_enabled=scripts)
    page = visitor.page
    await expect(page.get_by_text(said.not_yet)).to_be_visible()
    await fits(page)
    await make_first(page, said)
    await fits(page)
    await make_second_with_a_conflict(page, said)
    await change_pause_and_delete(page, said)
    assert visitor.complaints == []
    assert {host for host in visitor.hosts if host} == {shared.url.partition("//")[2]}


KINDS = [("sun", "Mặt trời"), ("loop", "Lặp lại"), ("once", "Một lần"), ("weekly", "Hằng tuần")]


@pytest.mark.usefixtures("device")
async def test_each_kind_of_rule_has_a_form_that_fits_a_phone_and_keeps_what_was_typed(shared, phone):
    visitor = await signed_in(phone, shared)
    page = visitor.page
    await page.get_by_role("link", name=VI.add, exact=True).click()
    await page.get_by_label(VI.at, exact=True).fill("05:45")
    await page.get_by_label(VI.n, exact=True).fill("7")
    for kind, name in KINDS:
        await button(page, name).click()
        await expect(page.locator(f'input[name="kind"][value="{kind}"]')).to_have_count(1)
        await expect(page.get_by_label(VI.n, exact=True)).to_have_value("7")
        await fits(page)
    await expect(page.get_by_label(VI.at, exact=True)).to_have_value("05:45")
    assert visitor.complaints == []
