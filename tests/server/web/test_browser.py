"""The page in a real browser."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from server.web.assets import assets
from server.web.theme import GROUND
from tests.server.web import world
from tests.server.web.fake_app import Answer, FakeBackend, Lan, Running

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PHONE: ViewportSize = {"width": 360, "height": 740}
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
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


class Visit:
    """One visitor with a phone. Whatever the browser complains of is noted, and where it went."""

    def __init__(self, browser: Browser, site: Running, **options: Any) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.context: BrowserContext = browser.new_context(viewport=PHONE, **{"locale": "vi-VN", **options})
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", self._failed)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def open(self, *, live: bool = True) -> Page:
        self.page.goto(self.site.url)
        if live:
            expect(self.badge).to_have_attribute("data-state", "live")
        return self.page

    @property
    def badge(self) -> Locator:
        return self.page.locator("link-badge")

    def card(self, channel: str, device: str = world.DEVICE) -> Locator:
        return self.page.locator(f'[data-device="{device}"] [data-channel="{channel}"]')

    def switch(self, channel: str) -> Locator:
        return self.card(channel).get_by_role("switch")

    def at(self, now_ms: int) -> None:
        """The phone's clock stands at that time; its timers run on."""
        self.page.clock.set_fixed_time(now_ms / 1000)

    def tap(self, channel: str) -> None:
        """As a finger does: also on what cannot be used."""
        self.switch(channel).click(force=True)

    def expect_look(self, channel: str, look: str) -> None:
        expect(self.card(channel)).to_have_attribute("data-look", look)

    def tell(self, channel: str, **changes: Any) -> None:
        self.site.tell("channel", world.rekey(self.site.backend.current, world.DEVICE, channel, **changes))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))


Visitor = Callable[..., Visit]


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


def accepted(channel: str = "may-bom") -> Answer:
    return 202, world.command(channel, "accepted", id="f" * 32)


def card_texts(page: Page) -> list[str]:
    text = "${it.dataset.look} ${it.innerText}"
    shown = page.locator("#sites .card").evaluate_all(f"all => all.map(it => `{text}`)")
    return [" ".join(text.split()) for text in shown]


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


def test_a_tap_shows_pending_and_only_the_devices_word_moves_the_switch(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    visit.tap("may-bom")
    visit.expect_look("may-bom", "pending")
    expect(visit.switch("may-bom")).to_have_attribute("aria-busy", "true")
    expect(visit.switch("may-bom")).to_have_attribute("aria-checked", "false")
    expect(visit.card("may-bom")).to_contain_text("Đang gửi… lệnh bật")
    site.backend.answer = (200, {**accepted()[1], "fate": "applied"})
    expect(visit.card("may-bom")).to_contain_text("chờ thiết bị trả lời")
    visit.expect_look("may-bom", "pending")
    visit.tell("may-bom", on=True, command={**accepted()[1], "fate": "applied"})
    visit.expect_look("may-bom", "on")
    expect(visit.switch("may-bom")).to_have_attribute("aria-checked", "true")
    assert [(it["channel"], it["on"]) for it in site.backend.commands] == [("may-bom", True)]
    assert re.fullmatch("[0-9a-f]{32}", site.backend.commands[0]["key"])


def test_pending_is_drawn_within_a_tenth_of_a_second_and_the_knob_stays(visitor: Visitor) -> None:
    visit = visitor()
    visit.open()
    knob = visit.card("may-bom").locator(".knob")
    before = knob.evaluate("it => it.getBoundingClientRect().left + it.getBoundingClientRect().width / 2")
    took = visit.switch("may-bom").evaluate(
        "it => { const from = performance.now(); it.click(); "
        "return it.getAttribute('aria-busy') === 'true' ? performance.now() - from : Infinity }"
    )
    assert took < 100
    visit.card("may-bom").evaluate(
        "it => Promise.all(it.getAnimations({subtree: true}).filter(a => a.transitionProperty).map(a => a.finished))"
    )
    after = knob.evaluate("it => it.getBoundingClientRect().left + it.getBoundingClientRect().width / 2")
    assert abs(after - before) < 2


def test_a_second_tap_while_pending_sends_nothing(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    visit.tap("may-bom")
    visit.tap("may-bom")
    site.backend.answer = accepted()
    expect(visit.card("may-bom")).to_contain_text("chờ thiết bị trả lời")
    assert len(site.backend.commands) == 1


def test_the_word_that_overtakes_its_answer_settles_it_too(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    visit.tap("may-bom")
    visit.tell("may-bom", on=True, command={**accepted()[1], "fate": "applied"})
    expect(visit.switch("may-bom")).to_have_attribute("aria-checked", "true")
    site.backend.answer = accepted()
    visit.expect_look("may-bom", "on")


NOTE_LOOKS = """it => { window.looks = [it.dataset.look];
  new MutationObserver(() => { if (window.looks.at(-1) !== it.dataset.look) window.looks.push(it.dataset.look); })
    .observe(it, {attributes: true, attributeFilter: ['data-look']}); }"""


@pytest.mark.parametrize(("channel", "was", "becomes"), [("may-bom", False, True), ("den", True, False)])
def test_a_report_older_than_the_command_moves_nothing(
    visitor: Visitor, site: Running, channel: str, was: bool, becomes: bool
) -> None:
    site.backend.answer = accepted(channel)
    visit = visitor()
    visit.open()
    visit.card(channel).evaluate(NOTE_LOOKS)
    visit.tap(channel)
    expect(visit.card(channel)).to_contain_text("chờ thiết bị trả lời")
    visit.tell(channel, on=was, command=world.applied(channel, on=was))
    visit.tell(channel, on=not was, command=world.applied(channel, on=not was))  # what was asked before this tap
    site.tell("tick", {"now_ms": world.NOW_MS})
    visit.expect_look(channel, "pending")
    visit.tell(channel, on=becomes, command={**accepted(channel)[1], "on": becomes, "fate": "applied"})
    visit.expect_look(channel, "on" if becomes else "off")
    looks = ["on" if was else "off", "pending", "on" if becomes else "off"]
    assert visit.page.evaluate("window.looks") == looks


@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_the_keyboard_works_a_switch(visitor: Visitor, site: Running, key: str) -> None:
    visit = visitor()
    visit.open()
    visit.switch("den").focus()
    visit.page.keyboard.press(key)
    visit.expect_look("den", "pending")
    site.backend.answer = accepted("den")
    expect(visit.card("den")).to_contain_text("chờ thiết bị trả lời")
    assert [(it["channel"], it["on"]) for it in site.backend.commands] == [("den", False)]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((409, {"code": "device_offline"}), "Không bật được: thiết bị đang mất kết nối."),
        ((503, {"code": "link_down"}), "Không bật được: máy chủ đang mất liên lạc với thiết bị. Thử lại sau."),
        ((503, {"code": "busy"}), "Không bật được: máy chủ gặp lỗi. Thử lại sau."),
        ((404, {"code": "unknown_device"}), "Không bật được: không còn thiết bị này. Tải lại trang."),
        ((429, {}), "Không bật được: chạm quá nhiều lần. Đợi một lát."),
        ((422, {"code": "something"}), "Không bật được: thiết bị không nhận lệnh."),
        ((200, world.command("may-bom", "rejected", id="f" * 32, reason="pin_fault")), "Không bật được: chân ra không làm theo."),
    ],
)
def test_a_refusal_is_said_in_plain_words_and_kept(visitor: Visitor, site: Running, answer: Answer, says: str) -> None:
    site.backend.answer = answer
    visit = visitor()
    visit.at(world.NOW_MS)
    visit.open()
    visit.tap("may-bom")
    notice = visit.card("may-bom").locator(".notice")
    expect(notice).to_contain_text(says)
    expect(notice).to_have_attribute("aria-live", "polite")
    visit.expect_look("may-bom", "off")
    site.tell("tick", {"now_ms": world.NOW_MS})
    expect(notice).to_contain_text(says)
    site.backend.answer = None
    visit.tap("may-bom")
    expect(notice).to_be_empty()


def test_an_answer_that_breaks_off_is_asked_for_once_more_and_then_said_to_be_lost(visitor: Visitor, site: Running) -> None:
    site.backend.answer = (202, None)
    visit = visitor()
    visit.page.clock.install()
    visit.open()
    with visit.page.expect_response("**/commands"):
        visit.tap("may-bom")
    with visit.page.expect_response("**/commands"):
        visit.page.clock.fast_forward(8_500)
    visit.expect_look("may-bom", "pending")
    visit.page.clock.fast_forward(8_500)
    expect(visit.card("may-bom").locator(".notice")).to_contain_text("Không rõ lệnh đã tới máy chủ chưa")
    visit.expect_look("may-bom", "off")
    first, second = site.backend.commands
    assert first == second


def test_a_rejection_told_by_the_stream_ends_the_waiting(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.at(world.NOW_MS)
    visit.open()
    site.backend.answer = accepted()
    visit.tap("may-bom")
    expect(visit.card("may-bom")).to_contain_text("chờ thiết bị trả lời")
    visit.tell("may-bom", command=world.command("may-bom", "rejected", id="f" * 32, reason="interlock"))
    visit.expect_look("may-bom", "off")
    expect(visit.card("may-bom").locator(".notice")).to_contain_text("một kênh khác đang bật")


def test_a_tap_while_the_stream_is_down_is_refused_at_once(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.cut()
    expect(visit.badge).to_have_attribute("data-state", "reconnecting")
    visit.tap("may-bom")
    visit.expect_look("may-bom", "off")
    expect(visit.card("may-bom").locator(".notice")).to_contain_text("Chưa gửi: trang đang mất kết nối.")
    assert site.backend.commands == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"presence": "offline"}, "Chưa gửi: thiết bị đang mất kết nối."),
        ({"presence": "unknown"}, "Chưa gửi: máy chủ đang mất liên lạc"),
    ],
)
def test_a_tap_on_a_device_that_is_away_is_refused_at_once(
    visitor: Visitor, site: Running, changes: dict[str, Any], says: str
) -> None:
    visit = visitor()
    visit.open()
    site.tell("device", {**deepcopy(site.backend.current["devices"][0]), **changes})
    expect(visit.switch("may-bom")).to_have_attribute("aria-disabled", "true")
    visit.tap("may-bom")
    expect(visit.card("may-bom").locator(".notice")).to_contain_text(says)
    assert site.backend.commands == []


def test_a_locked_channel_says_so_when_tapped(visitor: Visitor) -> None:
    visit = visitor()
    visit.open()
    visit.tell("may-bom", locked=True)
    expect(visit.switch("may-bom")).to_have_attribute("aria-disabled", "true")
    visit.tap("may-bom")
    expect(visit.card("may-bom").locator(".notice")).to_have_text("Kênh này đã bị khoá tại thiết bị.")


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


def test_a_tap_of_someone_signed_out_leads_to_sign_in(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.backend.answer = (401, {})
    visit.tap("may-bom")
    visit.page.wait_for_url("**/sign-in")


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
    tried = json.loads((Path(__file__).parent / "searches.json").read_text("utf-8"))
    page = visitor().open()
    told = page.evaluate(
        "async ([url, tried]) => { const { plain, matches } = await import(url); return { plain: tried.plain.map(([text]) => "
        "[text, plain(text)]), matches: tried.matches.map(([query, names]) => [query, names, matches(query, ...names)]) } }",
        [assets().url("search.js"), tried],
    )
    assert told == tried


def keys(page: Page) -> list[str]:
    shown = page.locator("main .card:visible").evaluate_all("all => all.map(it => it.dataset.key)")
    return [str(it) for it in shown]


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


def test_what_asks_first_is_switched_on_after_a_yes_only(visitor: Visitor, site: Running) -> None:
    world.rekey(site.backend.current, world.DEVICE, "may-bom", ask_first=True)
    world.rekey(site.backend.current, world.DEVICE, "den", ask_first=True)
    site.backend.answer = accepted()
    visit = visitor()
    page = visit.open()
    visit.tap("may-bom")
    question = page.get_by_role("dialog", name="Bật Máy bơm?")
    expect(question).to_be_visible()
    expect(question.get_by_role("button", name="Thôi")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    visit.tap("may-bom")
    question.get_by_role("button", name="Thôi").click()
    visit.expect_look("may-bom", "off")
    assert site.backend.commands == []
    visit.tap("may-bom")
    question.get_by_role("button", name="Bật").click()
    visit.expect_look("may-bom", "pending")
    visit.tap("den")  # off is never asked about
    visit.expect_look("den", "pending")
    assert [(it["channel"], it["on"]) for it in site.backend.commands] == [("may-bom", True), ("den", False)]


def test_a_yes_that_comes_when_the_device_is_gone_sends_nothing(visitor: Visitor, site: Running) -> None:
    world.rekey(site.backend.current, world.DEVICE, "may-bom", ask_first=True)
    visit = visitor()
    page = visit.open()
    visit.tap("may-bom")
    site.tell("device", {**deepcopy(site.backend.current["devices"][0]), "presence": "offline"})
    visit.expect_look("may-bom", "offline")
    page.get_by_role("dialog").get_by_role("button", name="Bật").click()
    expect(visit.card("may-bom").locator(".notice")).to_contain_text("Chưa gửi: thiết bị đang mất kết nối.")
    assert site.backend.commands == []


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


@pytest.fixture(autouse=True)
def someone_is_signed_in(site: Running) -> None:
    site.backend.who = Lan()
