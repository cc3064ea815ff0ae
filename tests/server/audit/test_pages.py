"""The trail as a page: narrowed by person, device, kind, result and time, page by page, and never wider than what the reader may see."""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest

from server.audit import entry
from server.audit.models import AuditRow
from server.audit.pages import PAGE_ROWS, Asked, Choices
from server.audit.search import AT_ONCE, MOST_READ
from server.audit.wanted import Wanted
from server.clock import now_ms
from server.web.activity import kind_of
from tests.server.audit.test_routes import MINE, OTHERS, PAGE, Town, town

DAY_MS: Final = 24 * 3600 * 1000
SWITCH: Final = "POST /api/v1/devices/{device_id}/channels/{channel}/commands"
MEMBERS: Final = "POST /sites/{slug}/members/{user_id}"
ELSEWHERE: Final = "Somebody from elsewhere"
MIDNIGHT_MS: Final = 1_767_200_400_000
"""2026-01-01 00:00 in Vietnam."""


def put(here: Town, actor: str, what: str, *, status: int = 200, at_ms: int | None = None, site: int = 0, **facts: Any) -> None:
    """A line of the trail, as if it had been done."""
    at_ms = now_ms() if at_ms is None else at_ms
    here.app.state.trail.record(entry(at_ms, actor, what, status=status, site_id=here.site_ids[site], facts=facts))


async def shown(here: Town, address: str = "/activity", language: str = "en") -> httpx.Response:
    assert await here.app.state.trail.written(30)
    answer = await here.http.get(address, headers={**PAGE, "Accept-Language": language})
    assert answer.status_code == 200, answer.text
    return answer


async def deeds(here: Town, **asked: str) -> list[str]:
    """Each line that the page shows, as plain text."""
    html = (await shown(here, f"/activity?{urlencode(asked)}")).text
    lines = re.findall(r'<p class="deed">(.*?)</p>', html)
    return [re.sub("<[^>]*>", "", line) for line in lines]


async def settled(here: Town) -> None:
    """Lan, Hoa, somebody from elsewhere and a guest have done something at the first place, and something was done at the second."""
    await here.become("Lan")
    lan, hoa, sang = (f"user:{here.ids[name]}" for name in ("Lan", "Hoa", "Sang"))
    put(here, lan, SWITCH, on=True, device_id=MINE)
    put(here, hoa, SWITCH, on=False, device_id=MINE, status=403)
    put(here, sang, SWITCH, device_id=MINE, status=404)
    put(here, "guest:g1", SWITCH, on=True, device_id="c3" * 8)
    put(here, lan, MEMBERS, status=500)
    put(here, sang, SWITCH, on=True, device_id=OTHERS, site=1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, ["Lan: change a member", "A guest: switch on", f"{ELSEWHERE}: switch on or off", "Hoa: switch off", "Lan: switch on"]),
        ({"who": "Hoa"}, ["Hoa: switch off"]),
        ({"who": "guest"}, ["A guest: switch on"]),
        ({"who": "elsewhere"}, [f"{ELSEWHERE}: switch on or off"]),
        ({"device": MINE}, [f"{ELSEWHERE}: switch on or off", "Hoa: switch off", "Lan: switch on"]),
        ({"kind": "people"}, ["Lan: change a member"]),
        ({"result": "done"}, ["A guest: switch on", "Lan: switch on"]),
        ({"result": "refused"}, [f"{ELSEWHERE}: switch on or off", "Hoa: switch off"]),
        ({"result": "failed"}, ["Lan: change a member"]),
        ({"who": "Lan", "kind": "switching", "result": "done", "device": MINE}, ["Lan: switch on"]),
        ({"until": "2026-01-01"}, []),
    ],
)  # fmt: skip
async def test_the_list_is_narrowed_by_each_field_and_by_several_at_once(tmp_path: Path, asked: dict[str, str], told: list[str]):
    async with town(tmp_path) as here:
        await settled(here)
        who = asked.get("who", "")
        asked = {**asked, "who": f"user:{here.ids[who]}"} if who in here.ids else asked
        found = await deeds(here, **asked)
    assert [line for line in found if "server: start up" not in line] == told


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [("2026-01-01", "", [0, 23, 24]), ("", "2026-01-01", [-1, 0, 23]), ("2026-01-01", "2026-01-01", [0, 23])],
)
async def test_days_are_whole_days_of_the_place_and_the_last_is_one_of_them(
    tmp_path: Path, since: str, until: str, hours: list[int]
):
    async with town(tmp_path) as here:
        await here.become("Lan")
        for hour in (-1, 0, 23, 24):
            put(here, f"user:{here.ids['Lan']}", f"hour {hour}", at_ms=MIDNIGHT_MS + hour * 3_600_000)
        found = await deeds(here, since=since, until=until, who=f"user:{here.ids['Lan']}")
    assert found == [f"Lan: hour {hour}" for hour in reversed(hours)]


async def test_nobody_is_told_apart_by_asking_for_them(tmp_path: Path):
    """Checklist 14. A name from elsewhere is no choice, and so it narrows nothing."""
    async with town(tmp_path) as here:
        await settled(here)
        every = await deeds(here)
        assert await deeds(here, who=f"user:{here.ids['Sang']}") == every
        assert await deeds(here, device=OTHERS) == every
        await here.become("Hoa")
        html = (await shown(here)).text
        assert await deeds(here, who="elsewhere") == await deeds(here) == ["Hoa: switch off"]
    assert 'name="who"' not in html


@pytest.mark.parametrize("asked", ["kind=nonsense", "since=2026-13-40", "until=0001-01-01", "result=%00", "who=user%3Anobody"])
async def test_what_cannot_be_chosen_counts_as_not_chosen(tmp_path: Path, asked: str):
    async with town(tmp_path) as here:
        await settled(here)
        assert len(re.findall('class="deed"', (await shown(here, f"/activity?{asked}")).text)) >= 5


async def test_the_pages_follow_each_other_and_keep_what_was_chosen(tmp_path: Path):
    async with town(tmp_path) as here:
        await here.become("Lan")
        lan = f"user:{here.ids['Lan']}"
        for number in range(PAGE_ROWS + 10):
            put(here, lan, f"thing {number}")
            put(here, lan, MEMBERS)
        first = await shown(here, "/activity?kind=other&since=2026-01-01&who=" + lan)
        older = re.search(r'href="(/activity\?[^"]*before=[^"]*)"', first.text)
        assert older is not None
        second = await shown(here, older[1].replace("&amp;", "&"))
    things = [re.findall(r"thing (\d+)<", page.text) for page in (first, second)]
    assert [int(number) for page in things for number in page] == list(range(PAGE_ROWS + 10))[::-1]
    assert len(things[0]) == PAGE_ROWS
    assert "before=" not in second.text
    for page in (first, second):
        assert ('value="other" selected' in page.text, 'value="2026-01-01"' in page.text, "change a member" in page.text) == (
            True,
            True,
            False,
        )


async def test_a_choice_is_taken_back_by_its_own_link(tmp_path: Path):
    async with town(tmp_path) as here:
        await settled(here)
        html = (await shown(here, "/activity?kind=people&result=failed")).text
    assert re.findall(r'<li><a href="([^"]*)"', html) == ["/activity?result=failed", "/activity?kind=people"]


async def test_looking_for_something_rare_ends_after_so_many_rows_and_can_be_gone_on_with(tmp_path: Path):
    async with town(tmp_path) as here:
        await here.become("Lan")
        lan = f"user:{here.ids['Lan']}"
        put(here, lan, MEMBERS)
        for number in range(MOST_READ + AT_ONCE):
            put(here, lan, f"thing {number}")
        first = (await shown(here, "/activity?kind=people")).text
        older = re.search(r'href="(/activity\?kind=people&amp;before=[^"]*)"', first)
        assert older is not None
        second = (await shown(here, older[1].replace("&amp;", "&"))).text
    assert ("Nothing found so far" in first, "change a member" in first, "change a member" in second) == (True, False, True)


@pytest.mark.parametrize(
    ("asked", "says"),
    [("", "Nobody has done anything yet"), ("?kind=places", "Nothing fits what you chose")],
)
async def test_an_empty_list_says_what_to_do(tmp_path: Path, asked: str, says: str):
    async with town(tmp_path) as here:
        await here.become("Hoa")
        assert says in (await shown(here, f"/activity{asked}")).text


async def test_days_stand_under_their_names(tmp_path: Path):
    async with town(tmp_path) as here:
        await here.become("Lan")
        for days in (40, 1, 0):
            put(here, f"user:{here.ids['Lan']}", f"thing {days}", at_ms=now_ms() - days * DAY_MS)
        html = (await shown(here, language="vi")).text
    days = re.findall(r"<h2>(.*?)</h2>", html)
    assert days[:2] == ["Hôm nay", "Hôm qua"]
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", days[2])


def test_a_device_is_found_by_the_fact_and_not_by_a_text_that_looks_like_one():
    def row(facts: str) -> AuditRow:
        return AuditRow(seq=1, at_ms=0, actor="", what="", status=200, facts=facts, hash="")

    wanted = Wanted(device_id=MINE)
    assert wanted.holds(row(f'{{"device_id":"{MINE}"}}'), kind_of)
    assert not wanted.holds(row(f'{{"note":"\\"device_id\\":\\"{MINE}\\""}}'), kind_of)
    assert not wanted.holds(row(""), kind_of)


def test_a_day_that_summer_time_makes_shorter_is_still_a_day():
    choices = Choices({}, (), {}, "Europe/Berlin")
    chosen = choices.chosen(Asked(since="2026-03-29", until="2026-03-29"))
    span = choices.wanted(chosen).span
    assert span.since_ms is not None
    assert span.until_ms is not None
    assert span.until_ms - span.since_ms == 23 * 3_600_000
