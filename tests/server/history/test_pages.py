"""A channel's page, its file and its use over the API: everybody sees what is theirs, and what was not known is said not to be."""

import csv
import re
from collections.abc import AsyncIterator
from io import StringIO
from typing import Final

import pytest
import pytest_asyncio

from protocol.messages import Cause, ClockTrust, Event, EventKind
from server.clock import now_ms
from server.web.assets import assets
from tests.server.board import Puppet
from tests.server.who_world import DEVICE, WHO, WhoWorld, who_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE: Final = f"/devices/{DEVICE}/channels/den"
USAGE: Final = f"/api/v1{PAGE}/usage"
HTML: Final = {"Accept": "text/html"}
MINUTE_MS: Final = 60_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WhoWorld]:
    """Lan's lamp was on for two minutes, three days ago, and somebody with a clever name switched it on then."""
    async with who_world(tmp_path_factory.mktemp("world")) as there:
        puppet = Puppet(there.app.state.switchboard, DEVICE)
        puppet.hello()
        at_ms = now_ms() - 3 * 24 * 60 * MINUTE_MS
        for kind, after, on, cause, actor in (
            (EventKind.SWITCHED, 0, True, Cause.COMMAND, "=HYPERLINK(1)"),
            (EventKind.SWITCHED, 2, False, Cause.LEASE, None),
            (EventKind.LINK_LOST, 3, None, None, None),
        ):
            puppet.seq += 1
            puppet.say(
                Event(
                    journal=puppet.journal, seq=puppet.seq, at_ms=at_ms + after * MINUTE_MS, clock=ClockTrust.SERVER, kind=kind,
                    channel=None if on is None else "den", on=on, cause=cause, actor=actor,
                )
            )  # fmt: skip
        await there.write(lambda _session: _nothing())
        yield there


async def _nothing() -> None:
    return None


async def test_members_and_the_guest_of_this_lamp_see_the_page_and_nobody_else(world: WhoWorld):
    seen = {who: (await world.send(who, "GET", PAGE)).status_code for who in WHO}
    assert seen == {
        "nobody": 401, "stranger": 404, "guest": 200, "viewer": 200, "operator": 200, "owner": 200, "reader": 200, "manager": 200,
    }  # fmt: skip
    assert (await world.send("guest", "GET", f"/devices/{DEVICE}/channels/may-bom")).status_code == 404
    assert (await world.send("owner", "GET", f"/devices/{DEVICE}/channels/la")).status_code == 404


async def test_who_may_only_look_has_nothing_to_press(world: WhoWorld):
    pages = {who: (await world.send(who, "GET", PAGE, headers=HTML)).text for who in ("owner", "guest", "viewer")}
    offered = {who: (f'action="{PAGE}"' in page, 'name="for_s"' in page) for who, page in pages.items()}
    assert offered == {"owner": (True, True), "guest": (True, True), "viewer": (False, False)}


async def test_a_guest_is_offered_no_longer_time_than_the_link_allows(world: WhoWorld):
    guest, owner = [(await world.send(who, "GET", PAGE)).text for who in ("guest", "owner")]
    assert ('value="60"' in guest, 'value="300"' in guest, 'name="minutes"' in guest) == (True, False, False)
    assert ('value="300"' in owner, 'value="7200"' in owner, 'name="minutes"' in owner) == (True, True, True)


async def test_a_page_holds_nothing_of_other_channels(world: WhoWorld):
    assert "may-bom" not in (await world.send("owner", "GET", PAGE)).text


@pytest.mark.parametrize("days", ["0", "2", "31", "x"])
async def test_a_span_that_is_not_offered_is_refused(world: WhoWorld, days: str):
    assert (await world.send("owner", "GET", f"{PAGE}?days={days}")).status_code == 422


async def rows(world: WhoWorld, who: str, days: int = 7) -> list[list[str]]:
    answer = await world.send(who, "GET", f"{PAGE}/history.csv?days={days}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="may-den-')
    return list(csv.reader(StringIO(answer.content.decode("utf-16")), dialect="excel-tab"))


async def test_the_file_tells_each_time_with_its_reason_and_no_formula(world: WhoWorld):
    heading, *found = await rows(world, "owner")
    assert heading == ["Từ", "Đến", "Số giây", "Trạng thái", "Vì sao", "Ai"]
    assert [row[2:] for row in found if row[3] == "bật"] == [["120", "bật", "lệnh từ xa", "'=HYPERLINK(1)"]]
    assert [row[3] for row in found] == ["không rõ", "bật", "tắt", "không rõ"]


async def test_a_guest_s_file_names_nobody(world: WhoWorld):
    assert {row[5] for row in (await rows(world, "guest"))[1:]} == {""}


async def test_use_is_told_day_by_day_and_makes_up_whole_days(world: WhoWorld):
    await world.send("owner", "PATCH", f"/api/v1{PAGE}", json={"power_w": 600})
    await world.send("owner", "PATCH", f"/api/v1/sites/{world.site_id}", json={"tariff_vnd_kwh": 3000})
    told = (await world.send("owner", "GET", f"{USAGE}?days=7")).json()
    assert (told["timezone"], told["power_w"], told["tariff_vnd_kwh"], len(told["days"])) == ("Asia/Ho_Chi_Minh", 600, 3000, 7)
    total = told["total"]
    assert (total["on_ms"], total["switchings"], total["energy_wh"], total["cost_vnd"]) == (2 * MINUTE_MS, 1, 20.0, 60)
    assert [it["on_ms"] + it["off_ms"] + it["unknown_ms"] for it in told["days"][:-1]] == [24 * 60 * MINUTE_MS] * 6
    page = (await world.send("owner", "GET", f"{PAGE}?days=7")).text
    assert "ít nhất 0,02\u00a0kWh" in page
    assert "ít nhất 60 đ" in page


async def test_a_guest_is_not_told_what_it_costs(world: WhoWorld):
    told = (await world.send("guest", "GET", f"{USAGE}?days=7")).json()
    assert (told["power_w"], told["tariff_vnd_kwh"], told["total"]["energy_wh"], told["total"]["on_ms"]) == (
        None,
        None,
        None,
        2 * MINUTE_MS,
    )


async def press(world: WhoWorld, who: str, **fields: str):
    return await world.send(who, "POST", PAGE, headers=HTML, data={"on": "true", "back": f"{PAGE}?days=7", **fields})


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Hãy ghi một số phút"),
        ("chín", "Hãy ghi một số phút"),
        ("0", "Ngắn nhất là 1 phút"),
        ("10081", "Dài nhất là 10080 phút"),
    ],
)
async def test_minutes_that_cannot_be_are_told_beside_what_was_typed(world: WhoWorld, typed: str, says: str):
    answer = await press(world, "owner", typed="true", minutes=typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert f'name="minutes" value="{typed}"' in answer.text


async def test_minutes_are_no_place_for_markup(world: WhoWorld):
    assert "<b>" not in (await press(world, "owner", typed="true", minutes="<b>x")).text


async def test_the_page_asks_for_its_script_with_all_that_it_imports(world: WhoWorld):
    page = (await world.send("owner", "GET", PAGE)).text
    linked = set(re.findall(r'(?:href|src)="(/static/[^"]+\.js)"', page))
    assert linked == {assets().url("pages/channel.js")}


async def test_members_see_what_the_schedules_have_in_mind_and_that_no_device_runs_them_yet(world: WhoWorld):
    rule = {"channel": "den", "when": {"kind": "weekly", "at": "06:00"}, "on": True, "for_s": 600}
    asked = {"name": "Sáng", "rule": rule}
    made = await world.send("owner", "POST", f"/api/v1/devices/{DEVICE}/schedules", json=asked)
    assert made.status_code == 201, made.text
    owner, guest = [(await world.send(who, "GET", PAGE)).text for who in ("owner", "guest")]
    assert [words in owner for words in ('id="planned"', "lúc 06:00: bật 10 phút", "Thiết bị chưa tự chạy theo lịch")] == [
        True
    ] * 3
    assert "06:00: bật" not in guest
