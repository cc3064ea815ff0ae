"""A tap: pending at once, moved by the device's word alone, and told where it came to nothing."""

import re
from copy import deepcopy
from typing import Any

import pytest
from playwright.sync_api import expect

from server.web.assets import assets
from server.web.i18n import words_in
from tests.server.web import world
from tests.server.web.browser.visit import Visit, Visitor
from tests.server.web.fake_app import Answer, Running


def accepted(channel: str = "may-bom") -> Answer:
    return 202, world.command(channel, "accepted", id="f" * 32)


NOTE_LOOKS = """it => { window.looks = [it.dataset.look];
  new MutationObserver(() => { if (window.looks.at(-1) !== it.dataset.look) window.looks.push(it.dataset.look); })
    .observe(it, {attributes: true, attributeFilter: ['data-look']}); }"""


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


def test_the_steps_of_what_was_asked_here_say_only_what_was_confirmed(visitor: Visitor) -> None:
    page = visitor().open()
    at_ms, soon_ms = world.NOW_MS, world.NOW_MS + 1000
    here = world.channel("den", "Đèn", "lamp", command=world.applied("den"))
    answer = world.command("den", "accepted", id="f" * 32, created_ms=soon_ms)
    told = page.evaluate(
        """async ([urls, texts, at, channel, answer]) => {
          const [{ Store }, { stepsOf }, { learn }] = await Promise.all(urls.map((url) => import(url)));
          learn(texts);
          const store = new Store();
          store.nowMs = () => at;
          const steps = (channel) => stepsOf(store.shown(channel).command, at, 'Asia/Ho_Chi_Minh');
          store.ask(channel, true);
          const asked = steps(channel);
          store.answered(channel, answer);
          const sent = { ...answer, fate: 'published', published_ms: answer.created_ms + 1000 };
          return [asked, steps(channel), steps({ ...channel, command: sent })];
        }""",
        [
            [assets().url(name) for name in ("store.js", "steps.js", "words.js")],
            words_in("vi").for_scripts("why.", "step."),
            at_ms,
            here,
            answer,
        ],
    )
    assert told == [
        ["14:10:00 Bạn yêu cầu bật"],
        ["14:10:01 Bạn yêu cầu bật"],
        ["14:10:01 Bạn yêu cầu bật", "14:10:02 Đã gửi đi"],
    ]


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


def test_a_tap_of_someone_signed_out_leads_to_sign_in(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    site.backend.answer = (401, {})
    visit.tap("may-bom")
    visit.page.wait_for_url("**/sign-in")


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


def minh_switches(visit: Visit, channel: str, *, on: bool) -> None:
    """It is applied, and drawn on Lan's page."""
    visit.tell(channel, on=on, actor="Minh", command=world.applied(channel, on=on, actor="Minh"))
    visit.expect_look(channel, "on" if on else "off")


def press(visit: Visit, channel: str) -> None:
    """The finger goes down on the switch, and stays there."""
    box = visit.switch(channel).bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visit.page.mouse.down()


def sent(visit: Visit, channel: str) -> list[bool]:
    """What was asked for, once the switch waits."""
    visit.expect_look(channel, "pending")
    visit.site.backend.answer = accepted(channel)
    expect(visit.card(channel)).to_contain_text("chờ thiết bị trả lời")
    return [it["on"] for it in visit.site.backend.commands]


@pytest.mark.parametrize(("channel", "wish"), [("may-bom", True), ("den", False)])
def test_a_tap_asks_for_what_was_meant_when_the_finger_went_down(visitor: Visitor, channel: str, wish: bool) -> None:
    visit = visitor()
    visit.open()
    press(visit, channel)
    minh_switches(visit, channel, on=wish)
    visit.page.mouse.up()
    assert sent(visit, channel) == [wish]


def test_a_held_key_asks_for_what_was_meant_when_it_went_down(visitor: Visitor) -> None:
    visit = visitor()
    visit.open()
    visit.switch("may-bom").focus()
    visit.page.keyboard.down("Space")
    minh_switches(visit, "may-bom", on=True)
    visit.page.keyboard.down("Space")  # what is held is repeated
    visit.page.keyboard.up("Space")
    assert sent(visit, "may-bom") == [True]


@pytest.mark.parametrize("left", ["by the pointer", "by the key", "to scroll"])
def test_a_press_that_was_let_go_elsewhere_does_not_count_for_a_later_click(visitor: Visitor, left: str) -> None:
    visit = visitor()
    visit.open()
    keyboard, mouse = visit.page.keyboard, visit.page.mouse
    if left == "by the key":
        visit.switch("may-bom").focus()
        keyboard.down("Space")
        visit.switch("quat").focus()
        keyboard.up("Space")
    else:
        press(visit, "may-bom")
        if left == "to scroll":
            visit.switch("may-bom").dispatch_event("pointercancel")
        mouse.move(1, 1)
        mouse.up()
    minh_switches(visit, "may-bom", on=True)
    counted = 1 if left == "to scroll" else 0
    visit.switch("may-bom").dispatch_event("click", {"detail": counted})  # as a screen reader does
    assert sent(visit, "may-bom") == [False]


def test_a_finger_that_went_down_while_the_device_worked_sends_nothing(visitor: Visitor, site: Running) -> None:
    visit = visitor()
    visit.open()
    visit.tell("may-bom", command=world.command("may-bom", "published", actor="Minh", expires_ms=world.NOW_MS + 10**9))
    visit.expect_look("may-bom", "pending")
    press(visit, "may-bom")
    minh_switches(visit, "may-bom", on=True)
    visit.page.mouse.up()
    visit.tap("den")
    assert sent(visit, "den") == [False]
    assert [it["channel"] for it in site.backend.commands] == ["den"]


def test_a_switch_that_asks_first_asks_about_what_was_meant(visitor: Visitor, site: Running) -> None:
    world.rekey(site.backend.current, world.DEVICE, "may-bom", on=True, ask_first=True)
    visit = visitor()
    visit.open()
    press(visit, "may-bom")
    minh_switches(visit, "may-bom", on=False)
    visit.page.mouse.up()
    assert sent(visit, "may-bom") == [False], "off is never asked about"
