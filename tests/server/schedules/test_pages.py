"""The pages of schedules without a browser: the list, and the form with its preview, all without scripts."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import pytest
import pytest_asyncio

from server.devices.state import ChannelNow, DevicePresence
from tests.server.who_world import DEVICE, OTHER_DEVICE, WhoWorld, who_world

PAGE = {"Accept": "text/html", "Accept-Language": "vi"}
FORM: dict[str, Any] = {
    "sent": "1",
    "kind": "weekly",
    "thing": f"{DEVICE}/den",
    "days": ["1", "3"],
    "at": "06:00",
    "do": "for",
    "n": "30",
}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WhoWorld]:
    async with who_world(tmp_path_factory.mktemp("world")) as here:
        yield here


@pytest_asyncio.fixture(loop_scope="module")
async def world(shared: WhoWorld) -> AsyncIterator[WhoWorld]:
    """The one application, left as it was found."""
    device = shared.app.state.switchboard.registry.get(DEVICE)
    channels, presence = dict(device.channels), device.presence
    yield shared
    device.channels, device.presence = channels, presence
    await shared.cookie("owner")
    for found in await shared.app.state.schedules.of_device(DEVICE):
        await shared.app.state.schedules.delete(found.id, by=shared.people["owner"])


def path_of(world: WhoWorld, below: str = "") -> str:
    return f"/sites/{world.slug}/schedules{below}"


async def looked(world: WhoWorld, path: str, who: str = "operator", **asked: Any) -> str:
    answer = await world.send(who, "GET", path, headers=PAGE, params=asked)
    assert answer.status_code == 200, answer.text
    return plain(answer.text)


def plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2].partition("</main>")[0])).split())


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


async def previewed(world: WhoWorld, path: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The page with the preview, and the form as its button sends it."""
    form = {**FORM, **fields}
    answer = await world.send("operator", "GET", path, headers=PAGE, params=form)
    assert answer.status_code == 200
    return plain(answer.text), {**form, "seen": seen(answer.text)}


async def saved(world: WhoWorld, **fields: Any) -> str:
    """The id of a schedule that was made through the form."""
    _, form = await previewed(world, path_of(world, "/new"), **fields)
    answer = await world.send("operator", "POST", path_of(world), headers=PAGE, data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("#s-")[2]


async def test_a_rule_is_previewed_saved_and_listed_in_one_sentence(world: WhoWorld) -> None:
    shown, form = await previewed(world, path_of(world, "/new"))
    assert "Thứ 2, 4 lúc 06:00: bật 30 phút" in shown
    assert "Bảy ngày tới" in shown
    assert "Lưu lịch" in shown
    answer = await world.send("operator", "POST", path_of(world), headers=PAGE, data=form)
    assert answer.headers["location"].startswith(f"{path_of(world)}#s-")
    for path in ("/schedules", path_of(world)):
        listed = await looked(world, path)
        assert "Thứ 2, 4 lúc 06:00: bật 30 phút Lần tới: " in listed
        assert "giờ Asia/Ho_Chi_Minh" in listed
        assert "Thiết bị chưa tự chạy theo lịch." in listed


async def test_only_what_was_looked_at_is_kept(world: WhoWorld) -> None:
    _, form = await previewed(world, path_of(world, "/new"))
    for other in ({"at": "07:00"}, {"name": "Khác"}, {"thing": f"{DEVICE}/may-bom"}):
        answer = await world.send("operator", "POST", path_of(world), headers=PAGE, data={**form, **other})
        assert answer.status_code == 200
        assert "Lịch đã được sửa sau khi xem trước" in plain(answer.text)
    assert await world.app.state.schedules.of_device(DEVICE) == []
    again = {**form, "at": "07:00", "seen": seen(answer.text)}
    assert (await world.send("operator", "POST", path_of(world), headers=PAGE, data={**again, "at": "06:59"})).status_code == 200


async def test_what_is_wrong_keeps_all_that_was_typed_and_says_so_beside_the_field(world: WhoWorld) -> None:
    typed = {**FORM, "days": [], "at": "quarter past", "n": "many", "name": "Tưới <b>"}
    for answer in (
        await world.send("operator", "GET", path_of(world, "/new"), headers=PAGE, params=typed),
        await world.send("operator", "POST", path_of(world), headers=PAGE, data=typed),
    ):
        assert answer.status_code == (200 if answer.request.method == "GET" else 422)
        for kept in ('value="quarter past"', 'value="many"', 'value="Tưới &lt;b&gt;"'):
            assert kept in answer.text
        for name, words in (("days", "Chọn ít nhất một ngày."), ("at", "Nhập giờ và phút"), ("n", "Nhập một số nguyên.")):
            assert re.search(rf'id="wrong-{name}">{words}', answer.text)
            assert f'aria-describedby="wrong-{name}"' in answer.text
        assert "Lưu lịch" not in answer.text


async def test_another_kind_keeps_what_was_typed_and_finds_no_fault_yet(world: WhoWorld) -> None:
    answer = await world.send("operator", "GET", path_of(world, "/new"), headers=PAGE, params={**FORM, "n": "x", "go": "loop"})
    assert 'name="every"' in answer.text
    assert 'name="n" value="x"' in answer.text
    assert 'type="hidden" name="at" value="06:00"' in answer.text
    assert "field-wrong" not in answer.text
    back = await world.send(
        "operator", "GET", path_of(world, "/new"), headers=PAGE, params={**FORM, "kind": "loop", "go": "weekly"}
    )
    assert re.findall(r'name="days" value="(\d)" checked', back.text) == ["1", "3"]


async def test_conflicts_with_other_rules_are_told_in_words_before_saving(world: WhoWorld) -> None:
    await saved(world, name="Sớm")
    shown, _ = await previewed(world, path_of(world, "/new"), at="06:10", n="5")
    assert "Những chỗ cần xem lại" in shown
    assert "lịch này chen vào lúc “Sớm” đang bật." in shown


async def test_interlocks_and_limits_are_told_in_words_before_saving(world: WhoWorld) -> None:
    device = world.app.state.switchboard.registry.get(DEVICE)
    held = {"max_on_s": 600, "min_off_s": 3600, "interlock": "một"}
    device.channels = {name: ChannelNow(it.about.model_copy(update=held)) for name, it in device.channels.items()}
    shown, _ = await previewed(world, path_of(world, "/new"))
    assert "den chỉ được bật liền tối đa 10 phút, sau đó thiết bị sẽ tắt." in shown
    await saved(world, n="5")
    shown, _ = await previewed(world, path_of(world, "/new"), at="06:30", n="5")
    assert "den phải nghỉ 1 giờ rồi mới bật lại được, nên thiết bị sẽ bỏ qua lần này." in shown
    shown, _ = await previewed(world, path_of(world, "/new"), thing=f"{DEVICE}/may-bom", at="06:02", n="5")
    assert "den và may-bom không được bật cùng lúc, nên thiết bị sẽ không bật may-bom." in shown


async def test_a_rule_that_is_changed_is_not_held_against_itself(world: WhoWorld) -> None:
    made = await saved(world)
    shown, form = await previewed(world, path_of(world, f"/{made}"), at="06:10")
    assert "Không trùng với lịch nào khác." in shown
    answer = await world.send("operator", "POST", path_of(world, f"/{made}"), headers=PAGE, data=form)
    assert answer.status_code == 303
    assert "Thứ 2, 4 lúc 06:10: bật 30 phút" in await looked(world, path_of(world))


async def test_the_form_of_a_rule_begins_with_what_it_says(world: WhoWorld) -> None:
    made = await saved(world, name="Sớm", days=["7"], at="05:45", n="45", unit="s")
    answer = await world.send("operator", "GET", path_of(world, f"/{made}"), headers=PAGE)
    assert re.findall(r'name="days" value="(\d)" checked', answer.text) == ["7"]
    for kept in ('value="05:45"', 'name="n" value="45"', '<option value="s" selected>', 'value="Sớm"'):
        assert kept in answer.text


async def test_a_rule_is_paused_and_let_go_on_and_deleted_after_a_question(world: WhoWorld) -> None:
    made = await saved(world)
    for wanted, told in (("false", "Đang tạm dừng"), ("true", "Lần tới:")):
        answer = await world.send("operator", "POST", path_of(world, f"/{made}/enabled"), headers=PAGE, data={"enabled": wanted})
        assert answer.status_code == 303
        assert told in await looked(world, path_of(world))
    assert "Xoá hẳn lịch này? Không lấy lại được." in await looked(world, path_of(world))
    answer = await world.send("operator", "POST", path_of(world, f"/{made}/delete"), headers=PAGE)
    assert answer.headers["location"] == path_of(world)
    assert "Chưa có lịch nào" in await looked(world, path_of(world))


async def test_what_is_done_on_the_list_of_all_places_leads_back_to_it_and_nowhere_else(world: WhoWorld) -> None:
    made = await saved(world)
    page = (await world.send("operator", "GET", "/schedules", headers=PAGE)).text.partition("<main")[2]
    assert page.count('<input type="hidden" name="back" value="/schedules">') == 2
    for back, there in (
        ("/schedules", "/schedules"),
        ("https://elsewhere.example", path_of(world)),
        ("/account", path_of(world)),
    ):
        asked = {"enabled": "false", "back": back}
        answer = await world.send("operator", "POST", path_of(world, f"/{made}/enabled"), headers=PAGE, data=asked)
        assert answer.headers["location"] == f"{there}#s-{made}"
    answer = await world.send("operator", "POST", path_of(world, f"/{made}/delete"), headers=PAGE, data={"back": "/schedules"})
    assert answer.headers["location"] == "/schedules"


async def test_who_may_only_look_sees_rules_and_nothing_to_change_them_by(world: WhoWorld) -> None:
    await saved(world)
    page = (await world.send("viewer", "GET", path_of(world), headers=PAGE)).text.partition("<main")[2]
    assert "Thứ 2, 4 lúc 06:00: bật 30 phút" in page
    assert "<form" not in page
    assert "/new" not in page
    assert (await world.send("viewer", "GET", path_of(world, "/new"), headers=PAGE)).status_code == 403


async def test_a_thing_of_another_place_or_another_device_is_none_to_choose(world: WhoWorld) -> None:
    made = await saved(world)
    for path in ("/new", f"/{made}"):
        for thing in (f"{OTHER_DEVICE}/den", f"{DEVICE}/khong-co", "x", ""):
            answer = await world.send("operator", "GET", path_of(world, path), headers=PAGE, params={**FORM, "thing": thing})
            assert "Chọn một thứ bật tắt được ở trạm này." in plain(answer.text)
            assert 'name="seen"' not in answer.text


async def test_a_channel_that_is_gone_and_a_device_that_was_revoked_are_told(world: WhoWorld) -> None:
    await saved(world)
    device = world.app.state.switchboard.registry.get(DEVICE)
    channel = device.channels.pop("den")
    shown = await looked(world, path_of(world))
    assert "Thiết bị không còn kênh này." in shown
    assert "Lần tới" not in shown
    device.channels["den"], device.presence = channel, DevicePresence.REVOKED
    shown = await looked(world, path_of(world))
    assert "Thiết bị này đã bị thu hồi." in shown
    assert "Xoá hẳn" in shown
    assert "Sửa" not in shown.replace("Sửa lịch", "")


async def test_a_place_with_nothing_to_switch_says_what_to_do_first(world: WhoWorld) -> None:
    world.app.state.switchboard.registry.get(DEVICE).channels.clear()
    assert "Hãy thêm một thiết bị trước." in await looked(world, path_of(world))
    assert (await world.send("operator", "GET", path_of(world, "/new"), headers=PAGE)).status_code == 200


async def test_all_is_said_in_english_too(world: WhoWorld) -> None:
    made = await saved(world, kind="sun", event="sunset", side="after", offset="15")
    for path in ("/schedules", path_of(world, "/new"), path_of(world, f"/{made}")):
        answer = await world.send("operator", "GET", path, headers={**PAGE, "Accept-Language": "en"})
        assert re.search("[ăđơưạ-ỹ]", plain(answer.text).replace("Vườn ươm", "").replace("Máy", "")) is None, path
    listed = await world.send("operator", "GET", "/schedules", headers={**PAGE, "Accept-Language": "en"})
    assert "Sunset + 15 min, Mon, Wed: on for 30 min" in plain(listed.text)
    assert "Devices do not run them yet." in plain(listed.text)


NONSENSE: list[dict[str, Any]] = [
    {},
    {"data": {"kind": ["weekly", "evil"], "days": ["1"] * 50 + ["8", "x"], "thing": "/" * 500, "at": "\x00", "n": "9" * 400}},
    {"data": {"name": "\u202e" * 90, "thing": f"{DEVICE}/den/../den", "days": "1", "at": "06:00\r\nX: y"}},
    {"files": {"thing": b"\xff\xfe", "days": b"1", "at": b"06:00"}},
    {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"content": b"%ff%00=%", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"json": {"thing": DEVICE}},
]


async def test_nonsense_in_a_form_is_refused_and_keeps_nothing(world: WhoWorld) -> None:
    made = await saved(world)
    for sent in NONSENSE:
        headers = {**PAGE, **sent.get("headers", {})}
        for below in ("", f"/{made}"):
            rest = {name: value for name, value in sent.items() if name != "headers"}
            answer = await world.send("operator", "POST", path_of(world, below), headers=headers, **rest)
            assert answer.status_code in (400, 422), answer.text
            assert "x" not in answer.headers
    kept = await world.app.state.schedules.of_device(DEVICE)
    assert [(it.id, it.rule.when.at) for it in kept] == [(made, "06:00")]
