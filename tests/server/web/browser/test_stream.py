"""The live stream: what it tells is on the page, and what it does not tell is not pretended."""

import re
from copy import deepcopy

import pytest
from playwright.sync_api import Page, expect

from tests.server.web import world
from tests.server.web.browser.visit import Visitor, card_texts
from tests.server.web.fake_app import Running

NASTY = "<img src=x onerror=alert(1)>"


def keys(page: Page) -> list[str]:
    shown = page.locator("main .card:visible").evaluate_all("all => all.map(it => it.dataset.key)")
    return [str(it) for it in shown]


def test_what_comes_later_looks_like_what_was_there(visitor: Visitor, site: Running) -> None:
    whole = world.every_state()
    site.backend.current = {**whole, "devices": []}
    visit = visitor()
    visit.at(world.NOW_MS)
    page = visit.open()
    expect(page.locator("#empty")).to_be_visible()
    site.tell("snapshot", whole)
    expect(page.locator("#empty")).to_be_hidden()
    site.backend.current = whole
    other = visitor()
    other.at(world.NOW_MS)
    assert card_texts(page) == card_texts(other.open())
    assert page.locator("#sites .icon use").evaluate_all("all => all.map(it => it.getAttribute('href'))") == other.page.locator(
        "#sites .icon use"
    ).evaluate_all("all => all.map(it => it.getAttribute('href'))")


def test_a_lost_stream_comes_back_with_a_whole_snapshot(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.cut()
    expect(visit.badge).to_have_attribute("data-state", "reconnecting")
    world.rekey(site.backend.current, world.DEVICE, "may-bom", on=True)
    site.backend.streaming = True
    expect(visit.badge).to_have_attribute("data-state", "live", timeout=20_000)
    visit.expect_look("may-bom", "on")


def test_a_silent_stream_greys_the_page_until_the_next_word(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.at(world.NOW_MS)
    visit.open()
    site.backend.streaming = False
    visit.at(world.NOW_MS + 21_000)
    expect(visit.badge).to_have_text(re.compile("Mất kết nối máy chủ · tin cuối 21.giây.trước"))
    visit.expect_look("may-bom", "unknown")
    expect(visit.page.locator("body")).to_have_attribute("data-live", "stale")
    visit.tap("may-bom")
    expect(visit.card("may-bom").locator(".notice")).to_contain_text("Chưa gửi")
    site.backend.streaming = True
    expect(visit.badge).to_have_attribute("data-state", "live", timeout=20_000)
    visit.expect_look("may-bom", "off")


def test_the_lost_broker_is_shown_as_such(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.tell("link", {"link": "down", "now_ms": world.NOW_MS})
    expect(visit.badge).to_have_text("Máy chủ mất liên lạc với thiết bị")
    visit.expect_look("den", "unknown")
    site.tell("link", {"link": "up", "now_ms": world.NOW_MS})
    expect(visit.badge).to_have_text("Trực tiếp")
    visit.expect_look("den", "on")


def test_a_page_that_becomes_visible_again_asks_for_everything(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    world.rekey(site.backend.current, world.DEVICE, "may-bom", on=True)
    visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    visit.expect_look("may-bom", "on")


def test_a_session_that_ended_leads_to_sign_in(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.backend.who = None
    site.cut()
    visit.page.wait_for_url("**/sign-in")


def test_names_that_come_by_the_stream_are_inert(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.tell("device", world.device("00000000000000d4", NASTY, world.channel("x", NASTY, "pump", actor=NASTY)))
    expect(visit.card("x", "00000000000000d4").locator(".name")).to_have_text(NASTY)
    assert visit.page.locator("img").count() == 0


def test_devices_and_channels_that_are_gone_leave_the_page(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    shorter = deepcopy(site.backend.current)
    shorter["devices"][0]["channels"] = list(reversed(shorter["devices"][0]["channels"]))[:2]
    site.tell("snapshot", shorter)
    expect(visit.page.locator("#sites .name")).to_have_text(["Cổng", "Quạt"])


@pytest.mark.parametrize("scripts", [False, True])
def test_a_revoked_device_is_shown_for_a_day_and_then_on_its_places_page_alone(
    visitor: Visitor, site: Running, scripts: bool
) -> None:
    lamp, hour = world.channel("den", "Đèn", "lamp"), 3_600_000
    site.backend.current = world.snapshot(
        world.device("d1", "Ở đây", lamp),
        world.device("d2", "Mới thu hồi", lamp, presence="revoked", presence_ms=world.NOW_MS - 23 * hour),
        world.device("d3", "Đã thu hồi lâu", lamp, presence="revoked", presence_ms=world.NOW_MS - 25 * hour),
    )
    page = visitor(java_script_enabled=scripts).open(live=scripts)
    expect(page.locator(".device-name")).to_have_text(["Ở đây", "Mới thu hồi"])
    expect(page.locator(".card")).to_have_count(2)


def test_what_becomes_a_favourite_elsewhere_moves_to_the_top_here(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    page = visit.open()
    before = keys(page)
    expect(page.locator("#favourites")).to_be_hidden()
    liked = [f"{world.DEVICE}/quat", f"{world.DEVICE}/may-bom"]
    site.tell("snapshot", {**site.backend.current, "favourites": liked})
    expect(page.locator("#favourites .where")).to_have_text(["Thiết bị mô phỏng"] * 2)
    assert keys(page) == [*liked, *(key for key in before if key not in liked)]
    page.locator("#favourites").get_by_role("switch").first.click()
    expect(page.locator("#favourites .card").first).to_have_attribute("data-look", "pending")
    site.tell("snapshot", site.backend.current)
    expect(page.locator("#favourites")).to_be_hidden()
    assert keys(page) == before
