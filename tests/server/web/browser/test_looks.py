"""How the page looks and reads, with and without scripts."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from server.web.assets import assets
from server.web.theme import GROUND
from tests.server.web import world
from tests.server.web.browser.visit import Visitor, card_texts
from tests.server.web.fake_app import Answer, Running


def accepted(channel: str = "may-bom") -> Answer:
    return 202, world.command(channel, "accepted", id="f" * 32)


def keys(page: Page) -> list[str]:
    shown = page.locator("main .card:visible").evaluate_all("all => all.map(it => it.dataset.key)")
    return [str(it) for it in shown]


def test_without_scripts_the_page_shows_every_device_and_state(visitor: Visitor, site: Running) -> None:
    site.backend.current = world.every_state()
    page = visitor(java_script_enabled=False).open(live=False)
    expect(page.locator(".device-name")).to_have_text(["Nhà màng số 1", "Trạm bơm suối", "Chưa báo"])
    assert len(card_texts(page)) == 25
    expect(page.locator("link-badge")).to_have_text("Lúc 14:10")


def test_without_scripts_a_switch_is_a_button_that_posts(visitor: Visitor, site: Running) -> None:
    visit = visitor(java_script_enabled=False)
    visit.open(live=False)
    visit.tap("may-bom")
    expect(visit.page).to_have_url(f"{site.url}/")
    assert site.backend.commands == [{"device": world.DEVICE, "channel": "may-bom", "on": True}]


@pytest.mark.parametrize("locale", ["vi-VN", "en-GB"])
@pytest.mark.parametrize("role", ["owner", "viewer"])
@pytest.mark.parametrize("link", ["up", "down"])
def test_scripts_say_what_the_server_said(visitor: Visitor, site: Running, locale: str, role: str, link: str) -> None:
    site.backend.current = {**world.every_state(), "link": link}
    site.backend.current["sites"][0]["role"] = role
    before = card_texts(visitor(java_script_enabled=False, locale=locale).open(live=False))
    visit = visitor(locale=locale)
    visit.at(world.NOW_MS)
    visit.open(live=False)
    expect(visit.badge).to_have_attribute("data-state", "live" if link == "up" else "down")
    assert card_texts(visit.page) == before


def test_the_remaining_time_counts_down_by_the_servers_clock(visitor: Visitor) -> None:
    visit = visitor()
    visit.at(world.NOW_MS - 7 * 86_400_000)
    visit.open()
    visit.tell("may-bom", **world.leased())
    expect(visit.card("may-bom")).to_contain_text(re.compile("còn.9:12"))
    visit.at(world.NOW_MS - 7 * 86_400_000 + 12_000)
    expect(visit.card("may-bom")).to_contain_text(re.compile("còn.9:00"))
    whole_s = 552 + 8 * 60
    expect(visit.card("may-bom").locator(".ring-left")).to_have_attribute("stroke-dasharray", f"{540_000 // whole_s} 1000")


def test_a_visit_stays_on_the_host_and_the_browser_has_nothing_to_complain_of(visitor: Visitor, site: Running) -> None:
    site.backend.current = world.every_state()
    visit = visitor()
    visit.open()
    site.backend.answer = accepted("den")
    visit.tap("den")
    visit.expect_look("den", "pending")
    visit.page.get_by_role("button", name="English").click()
    expect(visit.page.locator("html")).to_have_attribute("lang", "en")
    expect(visit.badge).to_have_attribute("data-state", "live")
    assert visit.complaints == []
    assert visit.hosts == {urlsplit(site.url).netloc}


@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("locale", ["vi-VN", "en-GB"])
def test_nothing_is_wider_than_the_screen_and_targets_are_48_pixels(
    visitor: Visitor, site: Running, width: int, locale: str
) -> None:
    site.backend.current = world.every_state()
    visit = visitor(locale=locale)
    visit.page.set_viewport_size({"width": width, "height": 740})
    page = visit.open()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.locator("button, .tab").evaluate_all(
        "all => all.map(it => it.getBoundingClientRect()).map(it => [it.width, it.height])"
    )
    assert all(wide >= 48 and high >= 48 for wide, high in sizes)
    clipped = page.locator(".name, .state, .notice, .badge-text, .tab").evaluate_all(
        "all => all.filter(it => it.scrollWidth > it.clientWidth + 1).map(it => it.textContent)"
    )
    assert clipped == []


def test_scripts_search_as_the_server_does(visitor: Visitor) -> None:
    tried = json.loads((Path(__file__).parents[1] / "searches.json").read_text("utf-8"))
    page = visitor().open()
    told = page.evaluate(
        "async ([url, tried]) => { const { plain, matches } = await import(url); return { plain: tried.plain.map(([text]) => "
        "[text, plain(text)]), matches: tried.matches.map(([query, names]) => [query, names, matches(query, ...names)]) } }",
        [assets().url("search.js"), tried],
    )
    assert told == tried


def test_a_search_narrows_the_page_as_one_types_and_leaves_it_as_it_was(visitor: Visitor, site: Running) -> None:
    site.backend.current = world.every_state()
    page = visitor().open()
    whole = keys(page)
    page.get_by_role("searchbox").fill("bom gieng")
    assert keys(page) == [f"{world.DEVICE}/bom-2"]
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("searchbox").fill("khong he co")
    expect(page.locator("#nothing")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    assert keys(page) == whole


def test_motion_stops_for_those_who_ask(visitor: Visitor, site: Running) -> None:
    site.backend.current = world.every_state()
    visit = visitor(reduced_motion="reduce")
    visit.open()
    assert visit.page.evaluate("document.getAnimations().length") == 0


def test_text_keeps_its_contrast_in_light_and_dark(visitor: Visitor, site: Running) -> None:
    site.backend.current = world.every_state()
    script = (Path(__file__).parent / "contrast.js").read_text()
    for scheme in ("light", "dark"):
        visit = visitor(color_scheme=scheme)
        assert visit.open().evaluate(script) == []


@pytest.mark.parametrize(("theme", "system"), [("dark", "light"), ("light", "dark"), ("system", "dark"), ("system", "light")])
def test_a_chosen_theme_is_there_from_the_first_frame_and_without_scripts(
    visitor: Visitor, site: Running, theme: str, system: str
) -> None:
    visit = visitor(color_scheme=system, java_script_enabled=False)
    visit.context.add_cookies([{"name": "theme", "value": theme, "url": site.url}])
    visit.open(live=False)
    shown = theme if theme != "system" else system
    ground = GROUND[shown].lstrip("#")
    rgb = ", ".join(str(int(ground[at : at + 2], 16)) for at in (0, 2, 4))
    expect(visit.page.locator("body")).to_have_css("background-color", f"rgb({rgb})")
    expect(visit.page.locator("html")).to_have_css("color-scheme", "light dark" if theme == "system" else theme)
