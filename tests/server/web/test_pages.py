"""The pages as the server renders them."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from server.web.assets import assets
from server.web.home import ICONS
from server.web.i18n import words_in
from server.web.pages import environment
from server.web.routes import own_path
from server.web.tabs import TABS, tab_of
from server.web.theme import GROUND
from tests.server.web import world
from tests.server.web.fake_app import FakeBackend

NASTY = "<script>alert(1)</script>\"'&{{777*777}}"
ADDRESSES = {"home.html": "/", "sign_in.html": "/sign-in", "sign_in_link.html": "/enter/abc", "error.html": "/nowhere"}
ELSEWHERE = ("account", "prove", "site", "invit", "guest", "device", "audit", "schedule", "channel", "all_off", "ask_first")
"""How the names of templates begin that are rendered by other parts of the server, whose tests try them."""


class Balanced(HTMLParser):
    """Notes elements that are not closed in order, and attributes that the policy would refuse."""

    VOID = frozenset({"meta", "link", "input", "use", "path", "circle", "rect", "br", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong += [f"{tag} {name}" for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


async def html(client: httpx.AsyncClient, path: str = "/", language: str = "vi") -> str:
    return (await client.get(path, headers={"Accept-Language": language})).text


def cards(page: str) -> dict[str, str]:
    """The text of each card, by the channel's id."""
    body = page.partition('<div id="sites">')[2].partition("<template")[0]
    found = re.findall(r'<article class="card" data-channel="([^"]*)"(.*?)</article>', body, re.DOTALL)
    return {name: " ".join(unescape(re.sub(r"<[^>]*>", " ", "<" + text)).split()) for name, text in found}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("link", ["up", "down"])
@pytest.mark.parametrize("role", ["owner", "viewer"])
@pytest.mark.parametrize("template", sorted(ADDRESSES))
async def test_every_template_renders_in_both_languages_with_every_state(
    client: httpx.AsyncClient, backend: FakeBackend, template: str, language: str, link: str, role: str
) -> None:
    backend.current = {**world.every_state(), "link": link}
    backend.current["sites"][0]["role"] = role
    page, checked = await html(client, ADDRESSES[template], language), Balanced()
    checked.feed(page)
    assert (checked.wrong, checked.open) == ([], [])
    assert f'<html lang="{language}">' in page
    assert "{{" not in page
    assert page.count("<h1") == 1


def test_every_template_is_covered_by_a_page() -> None:
    parts = {"base.html", "icons.html", "parts.html", "tried.html", "offline.html"}
    ours = {name for name in environment().list_templates() if not name.startswith(ELSEWHERE)}
    assert ours == set(ADDRESSES) | parts


async def test_home_shows_every_channel_with_its_state_in_words(client: httpx.AsyncClient, backend: FakeBackend) -> None:
    backend.current = world.showcase()
    assert cards(await html(client)) == {
        "may-bom": "Máy bơm Mất kết nối · lần cuối BẬT, 8 phút trước · thiết bị tự tắt lúc 14:19",
        "den": "Đèn lối đi Tắt từ 14:02 · Lan",
        "quat": "Quạt thông gió Đang gửi… lệnh bật, chờ thiết bị trả lời",
        "cong": "Cổng Tắt từ 14:02 · Lan Không bật được: một kênh khác đang bật nên không được phép. Tắt kênh kia trước.",
        "van": "Van tưới nhỏ giọt Không rõ · lần cuối BẬT, 8 phút trước · chạm để tắt Chưa rõ đã tắt hay chưa: "
        "thiết bị không kịp trả lời. Khi nó báo lại, trang sẽ tự cập nhật.",
    }


def many() -> dict[str, Any]:
    """Nine channels of two devices at one place."""
    names = ("Máy bơm", "Đèn sân", "Quạt thông gió", "Van tưới")
    first, second = ([world.channel(f"c{it}", name, "socket") for it, name in enumerate(names)] for _ in range(2))
    return world.snapshot(
        world.device(world.DEVICE, "Nhà màng", *first, world.channel("o", "Ổ cắm", "socket")),
        world.device(world.ABSENT, "Trạm bơm", *second),
    )


def shown(page: str) -> list[str]:
    """What cards there are, from top to bottom, each a device's id, a slash and a channel's."""
    return re.findall(r'class="card" data-channel="[^"]*" data-key="([^"]*)"', page.partition("<template")[0])


def hidden(page: str, part: str) -> bool:
    found = re.search(rf'<\w+ id="{part}"[^>]*>', page)
    assert found
    return " hidden" in found[0]


async def test_favourites_stand_on_top_in_their_own_order_and_nowhere_else(
    client: httpx.AsyncClient, backend: FakeBackend
) -> None:
    backend.current = {**many(), "favourites": [f"{world.ABSENT}/c1", "gone/c0", f"{world.DEVICE}/o"]}
    page = await html(client)
    first, second = ([f"{device}/c{it}" for it in range(4)] for device in (world.DEVICE, world.ABSENT))
    second.remove(f"{world.ABSENT}/c1")
    assert shown(page) == [f"{world.ABSENT}/c1", f"{world.DEVICE}/o", *first, *second]
    assert re.findall(r'class="where">([^<]*)<', page) == ["Trạm bơm", "Nhà màng"]
    assert not hidden(page, "favourites")
    assert hidden(await html(client, "/?q=khong"), "favourites")


async def test_a_device_whose_channels_are_all_favourites_still_tells_how_it_is(
    client: httpx.AsyncClient, backend: FakeBackend
) -> None:
    backend.current = world.demo()
    backend.current["favourites"] = [f"{world.DEVICE}/{it['id']}" for it in backend.current["devices"][0]["channels"]]
    page = (await html(client)).partition("<template")[0]
    assert ">Thiết bị mô phỏng<" in page
    assert '<p class="no-channels" hidden>' in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("may bom nha", [f"{world.DEVICE}/c0"]),
        ("quat", [f"{world.DEVICE}/c2", f"{world.ABSENT}/c2"]),
        ("den nha mang", [f"{world.DEVICE}/c1"]),
        ("ổ cắm", [f"{world.DEVICE}/o"]),
        ("không có", []),
    ],
)
async def test_without_scripts_too_a_name_is_found_without_accents(
    client: httpx.AsyncClient, backend: FakeBackend, query: str, found: list[str]
) -> None:
    backend.current = many()
    page = (await client.get("/", params={"q": query})).text
    assert shown(page) == found
    assert f'value="{query}"' in page
    assert hidden(page, "nothing") is bool(found)
    assert hidden(page, "empty")


@pytest.mark.parametrize(("count", "query", "there"), [(6, "", False), (7, "", True), (1, "x", True)])
async def test_a_search_is_offered_where_there_is_more_than_a_handful(
    client: httpx.AsyncClient, backend: FakeBackend, count: int, query: str, there: bool
) -> None:
    channels = [world.channel(f"c{it}", f"Kênh {it}", "socket") for it in range(count)]
    backend.current = world.snapshot(world.device(world.DEVICE, "Máy", *channels))
    assert hidden((await client.get("/", params={"q": query})).text, "search") is not there


@pytest.mark.parametrize(
    ("role", "kind", "offered"),
    [("owner", "output", 1), ("operator", "output", 1), ("viewer", "output", 0), ("owner", "sensor", 0)],
)
async def test_all_off_is_offered_to_who_may_switch_where_there_is_something_to_switch(
    client: httpx.AsyncClient, backend: FakeBackend, role: str, kind: str, offered: int
) -> None:
    backend.current = world.snapshot(world.device(world.DEVICE, "Máy", world.channel("a", "A", "socket", kind=kind)), role=role)
    page = (await html(client)).partition("<template")[0]
    assert len(re.findall(r'href="/sites/vuon-uom/all-off" aria-haspopup="dialog">', page)) == offered


async def test_a_device_named_script_is_inert(client: httpx.AsyncClient, backend: FakeBackend) -> None:
    backend.current = world.snapshot(world.device(world.DEVICE, NASTY, world.channel("x", NASTY, "pump", actor=NASTY)))
    backend.current["sites"][0]["name"] = NASTY
    assert backend.who
    backend.who.name = NASTY
    page = await html(client)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "603729" not in page.partition('<div id="sites">')[2].partition("<template")[0]


async def test_a_switch_without_scripts_is_a_form_that_asks_for_the_other_state(client: httpx.AsyncClient) -> None:
    page = await html(client)
    forms = re.findall(
        r'action="(/devices/[^"]*)">\s*<input type="hidden" name="on" value="(\w+)">', page.partition("<template")[0]
    )
    assert forms[:2] == [
        (f"/devices/{world.DEVICE}/channels/may-bom", "true"),
        (f"/devices/{world.DEVICE}/channels/den", "false"),
    ]


@pytest.mark.parametrize(("role", "link", "submits"), [("operator", "up", 4), ("operator", "down", 0), ("viewer", "up", 0)])
async def test_only_what_can_be_used_submits(
    client: httpx.AsyncClient, backend: FakeBackend, role: str, link: str, submits: int
) -> None:
    backend.current = {**world.demo(), "link": link}
    backend.current["sites"][0]["role"] = role
    shown = (await html(client)).partition('<div id="sites">')[2].partition("<template")[0]
    assert shown.count('type="submit"') == submits
    assert shown.count('role="switch"') == (0 if role == "viewer" else 4)


async def test_what_comes_in_is_drawn_as_a_lamp_and_not_as_a_switch(client: httpx.AsyncClient, backend: FakeBackend) -> None:
    backend.current = world.every_state()
    shown = (await html(client)).partition('<div id="sites">')[2].partition("<template")[0]
    inputs = [it for device in backend.current["devices"] for it in device["channels"] if it["kind"] in ("contact", "button")]
    assert inputs
    assert shown.count('class="switch input"') == len(inputs)


@pytest.mark.parametrize(("role", "says"), [("owner", "/devices/new"), ("operator", "Nhờ chủ trạm")])
async def test_a_home_without_devices_says_what_to_do(
    client: httpx.AsyncClient, backend: FakeBackend, role: str, says: str
) -> None:
    backend.current = world.snapshot(role=role)
    page = await html(client)
    assert '<section id="empty" class="hero">' in page
    assert says in page


async def test_home_leads_those_who_are_signed_out_to_sign_in(client: httpx.AsyncClient, backend: FakeBackend) -> None:
    backend.who = None
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_pages_are_never_kept_by_a_cache(client: httpx.AsyncClient) -> None:
    for path in ADDRESSES.values():
        answer = await client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "Cookie, Accept-Language"


async def test_the_sign_in_link_is_used_by_a_post_only(client: httpx.AsyncClient) -> None:
    page = await html(client, "/enter/abc")
    assert '<form method="post"><button class="main-button">Đăng nhập</button></form>' in page


@pytest.mark.parametrize("status", [401, 403, 404, 409, 410, 413, 429, 500, 502, 503])
async def test_every_error_says_what_to_do_next(client: httpx.AsyncClient, status: int) -> None:
    answer = await client.get(f"/fail/{status}")
    assert answer.status_code == status
    assert f"Mã lỗi {status}" in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize(
    ("after_s", "says"), [(2, "Hãy đợi 2 giây"), (89, "Hãy đợi 89 giây"), (90, "Hãy đợi 2 phút"), (900, "Hãy đợi 15 phút")]
)
async def test_an_error_that_passes_says_when(client: httpx.AsyncClient, after_s: int, says: str) -> None:
    assert says in await html(client, f"/fail/429?after_s={after_s}")


@pytest.mark.parametrize(("code", "says"), [("last_owner", "Một trạm phải có chủ"), ("no_such_word", "Lệnh chưa được nhận")])
async def test_a_problem_s_own_words_come_before_those_of_its_status(client: httpx.AsyncClient, code: str, says: str) -> None:
    answer = await client.get(f"/fail/409?code={code}")
    assert f"<h1>{says}</h1>" in answer.text


async def test_a_language_is_chosen_by_post_and_remembered(client: httpx.AsyncClient) -> None:
    answer = await client.post("/language", data={"lang": "en", "back": "/sign-in"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    assert '<html lang="en">' in await html(client, "/sign-in", "vi")


@pytest.mark.parametrize(
    ("theme", "root", "grounds"),
    [
        ("system", '<html lang="vi">', ["#f2f5f1", "#0e1411"]),
        ("light", '<html lang="vi" data-theme="light">', ["#f2f5f1"]),
        ("dark", '<html lang="vi" data-theme="dark">', ["#0e1411"]),
    ],
)
async def test_a_theme_is_chosen_by_post_and_in_the_first_byte_of_every_page(
    client: httpx.AsyncClient, theme: str, root: str, grounds: list[str]
) -> None:
    client.cookies.set("theme", "dark", domain="congtac.test")
    answer = await client.post("/theme", data={"theme": theme, "back": "/account#appearance"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account#appearance")
    assert "samesite=lax" in answer.headers["set-cookie"].lower()
    for path in ADDRESSES.values():
        page = await html(client, path)
        assert root in page
        assert re.findall(r'name="theme-color"[^>]* content="([^"]+)"', page) == grounds


async def test_a_theme_that_there_is_not_is_refused_and_in_a_cookie_ignored(client: httpx.AsyncClient) -> None:
    assert (await client.post("/theme", data={"theme": "xx"})).status_code == 422
    client.cookies.set("theme", '"><script>', domain="congtac.test")
    assert '<html lang="vi">' in await html(client)


def test_what_is_around_the_page_has_the_page_s_own_ground() -> None:
    tokens = assets().files["tokens.css"].body.decode()
    assert re.findall(r"--ground: (#\w+);", tokens) == [GROUND["light"], GROUND["dark"], GROUND["dark"]]


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("/", "home"),
        ("/devices/a1", "home"),
        ("/devices/a1/channels/den", "home"),
        ("/schedules", "schedules"),
        ("/sites/vuon/schedules", "schedules"),
        ("/activity", "activity"),
        ("/sites", "places"),
        ("/sites/vuon", "places"),
        ("/account", "account"),
        ("/account/tokens", "account"),
        ("/sign-in", ""),
        ("/schedules-of-old", ""),
    ],
)
def test_a_page_belongs_to_a_tab_by_its_address(path: str, tab: str) -> None:
    assert tab_of(path) == tab


async def test_members_get_tabs_that_say_where_they_are_and_others_get_none(
    client: httpx.AsyncClient, backend: FakeBackend
) -> None:
    home = await html(client)
    assert re.findall(r'<a class="tab" href="([^"]+)"', home) == [tab.path for tab in TABS]
    assert re.findall(r'<a class="tab" href="([^"]+)" aria-current="(\w+)"', home) == [("/", "page")]
    assert 'class="tab"' not in await html(client, "/sign-in")
    assert backend.who
    backend.who.guest = object()
    assert 'class="tab"' not in await html(client)


async def test_an_unknown_language_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/language", data={"lang": "xx"})).status_code == 422
    assert (await client.get("/language")).status_code == 405


@pytest.mark.parametrize("path", ["//evil.test/", "https://evil.test/", "/\\evil.test", "", "/\r\nX: y", "/đường"])
def test_a_form_never_leads_to_another_host(path: str) -> None:
    assert own_path(path) == "/"


async def test_the_manifest_names_the_app_and_its_icon(client: httpx.AsyncClient) -> None:
    answer = await client.get("/manifest.webmanifest")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    assert answer.json()["name"] == "Công tắc"
    assert (await client.get(answer.json()["icons"][0]["src"])).headers["content-type"] == "image/svg+xml"


def test_every_icon_has_its_symbol() -> None:
    sprite = environment().get_template("icons.html").render()
    assert {f"i-{icon}" for icon in ICONS} | {f"i-tab-{tab.name}" for tab in TABS} <= set(
        re.findall(r'<symbol id="([^"]+)"', sprite)
    )


@pytest.mark.parametrize("done", ["renewed", "broker_not_told"])
def test_what_was_just_done_to_a_device_is_told_on_its_page(done: str) -> None:
    t = words_in("en")
    assert t(f"devices.{done}") in environment().get_template("device_fresh.html").render(fresh={done: True}, t=t)
