"""A person's choices and ways on the account page: on the application as it runs, with a push service on the loopback."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from sqlmodel import col

from server.notify.kinds import Message, What
from server.notify.models import NoticeAddress, PushSubscription
from server.notify.store import SHOWN
from server.sites import Member
from tests.server.notify.services import PushService, push_service
from tests.server.personal.household import HERE, PAGE, Household, household
from tests.server.who_world import DEVICE, who_world
from tests.waiting import until

NOTIFY = "/account/notifications"
ALLOWED = {"notify_push_hosts": "127.0.0.1", "notify_private": True}


def subscription(service: PushService, name: str = "lan") -> dict[str, Any]:
    browser = service.browser(name)
    return {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}


async def page_of(http: httpx.AsyncClient) -> str:
    return (await http.get("/account", headers={**PAGE, "Accept-Language": "en"})).text


async def test_without_scripts_the_choices_are_a_form_that_keeps_what_is_marked(tmp_path: Path):
    async with household(tmp_path) as home:
        before = re.findall(r'name="wants" value="([^"]+)"( checked)?', await page_of(home.http))
        assert before == [(f"{home.site.id}/link", " checked"), (f"{home.site.id}/safety", " checked")]
        kept = await home.http.post(f"{NOTIFY}/choices", data={"wants": f"{home.site.id}/safety"}, headers=HERE)
        assert (kept.status_code, kept.headers["location"]) == (303, "/account?done=notices_chosen#notifications")
        after = re.findall(r'name="wants" value="([^"]+)"( checked)?', await page_of(home.http))
        assert after == [(f"{home.site.id}/link", ""), (f"{home.site.id}/safety", " checked")]
        await home.http.post(f"{NOTIFY}/choices", headers=HERE)
        assert " checked" not in "".join(
            mark for _, mark in re.findall(r'value="([^"]+/\w+)"( checked)?', await page_of(home.http))
        )


async def test_a_phone_is_added_tried_and_removed_and_the_page_tells_what_became_of_it(tmp_path: Path):
    async with push_service() as service, who_world(tmp_path, **ALLOWED) as world:
        http = world.http
        await http.post(f"/sign-in/{await world.app.state.accounts.make_link(world.people['viewer'])}", headers=HERE)
        world.app.state.accounts.forget(world.people["viewer"])
        added = await http.post(f"{NOTIFY}/push", json=subscription(service), headers={**HERE, "Accept-Language": "en"})
        assert added.status_code == 201
        way = added.json()["id"]
        tried = await http.post(f"{NOTIFY}/ways/{way}/test", headers=HERE)
        assert tried.headers["location"] == "/account?done=notices_tried#notifications"
        await until(lambda: service.bodies)
        await until(lambda: world.app.state.notices.delivery.idle)
        page = await page_of(http)
        assert 'data-result="sent"' in page
        assert "A message from Congtac to try" in page
        assert service.url not in page
        again = await http.post(f"{NOTIFY}/push", json=subscription(service), headers=HERE)
        assert again.json()["id"] == way, "the same browser is one way"
        await http.post(f"{NOTIFY}/ways/{way}/remove", headers=HERE)
        assert f"/ways/{way}/" not in await page_of(http)


async def test_the_page_words_nothing_of_a_place_that_the_person_may_not_see_any_more(tmp_path: Path):
    async with who_world(tmp_path) as world:
        await world.cookie("viewer")
        hoa, store = world.people["viewer"], world.app.state.notices.store
        await store.add_address(hoa, "sealed", "tgram://…", "en")
        [way] = await store.ways(hoa)
        await store.plan_test(hoa, way.id)
        for number in range(SHOWN):
            await store.plan(Message(f"away/{number}", What.AWAY, DEVICE, 1, {"since_ms": 1}), world.site_id)
        words = {"headers": {**PAGE, "Accept-Language": "en"}}
        member = (await world.send("viewer", "GET", "/account", **words)).text
        assert member.count("Máy is away") == SHOWN
        token = await world.cookie("viewer")
        await world.write(lambda session: session.exec(delete(Member).where(col(Member.user_id) == hoa)))
        world.app.state.accounts.forget(hoa)
        world.http.cookies.clear()
        removed = (await world.http.get("/account", headers={**words["headers"], "Cookie": f"congtac={token}"})).text
    assert "Máy" not in removed
    assert "A message from Congtac to try" in removed, "what is of no place, and older than the rest, is there"


async def test_trying_is_limited_to_a_few_times_a_minute(tmp_path: Path):
    async with push_service() as service, who_world(tmp_path, **ALLOWED) as world:
        http = world.http
        await http.post(f"/sign-in/{world.app.state.first_link}", headers=HERE)
        way = (await http.post(f"{NOTIFY}/push", json=subscription(service), headers=HERE)).json()["id"]
        told = [(await http.post(f"{NOTIFY}/ways/{way}/test", headers=HERE)).status_code for _ in range(5)]
        await until(lambda: world.app.state.notices.delivery.idle)
    assert told == [303, 303, 303, 429, 429]
    assert len(service.pushed) == 3


@pytest.mark.parametrize(
    "endpoint", ["https://evil.test/x", "http://127.0.0.1/x", "https://fcm.googleapis.com:1/x", "file:///etc/passwd"]
)
async def test_a_push_service_that_is_not_known_is_refused(tmp_path: Path, endpoint: str):
    async with push_service() as service, household(tmp_path) as home:
        answer = await home.http.post(f"{NOTIFY}/push", json={**subscription(service), "endpoint": endpoint}, headers=HERE)
        assert (answer.status_code, answer.json()["code"]) == (422, "push_refused")
        assert await home.rows(PushSubscription) == []


async def test_signing_out_ends_a_phone_s_subscription_and_clears_what_the_page_kept(tmp_path: Path):
    async with push_service() as service, household(tmp_path) as home:
        fcm = {**subscription(service), "endpoint": "https://fcm.googleapis.com/fcm/send/x"}
        assert (await home.http.post(f"{NOTIFY}/push", json=fcm, headers=HERE)).status_code == 201
        gone = await home.http.post("/sign-out", headers=HERE)
        assert gone.headers["clear-site-data"] == '"storage"'
        assert await home.rows(PushSubscription) == []


async def test_whoever_turns_it_on_in_a_browser_is_the_only_one_who_hears_there(tmp_path: Path):
    async with push_service() as service, household(tmp_path) as home:
        fcm = {**subscription(service), "endpoint": "https://fcm.googleapis.com/fcm/send/x"}
        await home.http.post(f"{NOTIFY}/push", json=fcm, headers=HERE)
        lan = await home.app.state.accounts.make_link((await home.app.state.accounts.find_person()).id)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(home.app), base_url="http://congtac.test") as other:
            await other.post(f"/sign-in/{lan}", headers=HERE)
            await other.post(f"{NOTIFY}/push", json=fcm, headers=HERE)
        [row] = await home.rows(PushSubscription)
        assert row.user_id != home.minh


async def test_an_address_is_sealed_masked_and_not_shown_again(tmp_path: Path):
    async with household(tmp_path) as home:
        typed = {"address": "tgram://123456789:secret-word_hijklmnop/12315544/"}
        refused = await home.http.post(f"{NOTIFY}/address", data={"address": "json://secret-word.test"}, headers=PAGE)
        assert refused.status_code == 422
        assert "secret-word" not in refused.text
        added = await home.http.post(f"{NOTIFY}/address", data=typed, headers=HERE)
        assert added.headers["location"] == "/account?done=notices_added#notifications"
        [row] = await home.rows(NoticeAddress)
        texts = [await page_of(home.http), (await home.http.get("/api/v1/account/export")).text, row.sealed, row.shown]
        assert "tgram://" in texts[0]
        assert [text for text in texts if "secret-word" in text] == []


@pytest.mark.parametrize("path", ["address", "ways/x/remove"])
async def test_adding_an_address_asks_again_who_one_is(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch):
    async with household(tmp_path) as home:
        monkeypatch.setattr(home.app.state.accounts, "has_proved", lambda _principal: False)
        answer = await home.http.post(f"{NOTIFY}/{path}", data={"address": "mailto://x@example.org"}, headers=HERE)
    assert answer.status_code == (403 if path == "address" else 404)


async def test_too_many_ways_are_refused(tmp_path: Path):
    async with push_service() as service, household(tmp_path) as home:
        told = []
        for number in range(11):
            fcm = {**subscription(service), "endpoint": f"https://fcm.googleapis.com/fcm/send/{number}"}
            told.append((await home.http.post(f"{NOTIFY}/push", json=fcm, headers=HERE)).status_code)
    assert told == [201] * 10 + [409]


async def test_an_export_tells_the_ways_without_keys_and_erasure_leaves_none(tmp_path: Path, address: str):
    async with push_service() as service, household(tmp_path, address=address) as home:
        await _everything(home, service)
        told = (await home.http.get("/api/v1/account/export")).json()
        assert told["notices_not_wanted"] == [
            {"site_id": home.site.id, "kind": "link"},
            {"site_id": home.site.id, "kind": "safety"},
        ]
        assert [(row["service"], row["language"]) for row in told["push_subscriptions"]] == [("fcm.googleapis.com", "vi")]
        assert [row["shown"].partition(":")[0] for row in told["notice_addresses"]] == ["tgram"]
        text = str(told)
        assert service.browser().auth not in text
        assert service.browser().p256dh not in text
        await home.http.post("/account/erase", data={"name": "Minh Đỗ"}, headers=HERE)
        assert (await home.rows(PushSubscription), await home.rows(NoticeAddress)) == ([], [])


async def _everything(home: Household, service: PushService) -> None:
    fcm = {**subscription(service), "endpoint": "https://fcm.googleapis.com/fcm/send/x"}
    await home.http.post(f"{NOTIFY}/push", json=fcm, headers=HERE)
    await home.http.post(f"{NOTIFY}/address", data={"address": "tgram://123456789:abcdefg_hijklmnop/12315544/"}, headers=HERE)
    await home.http.post(f"{NOTIFY}/choices", headers=HERE)


@pytest.mark.parametrize(
    ("scheme", "host", "says"), [("http", "192.168.1.7", True), ("http", "localhost", False), ("https", "a.test", False)]
)
async def test_on_a_bare_address_without_https_a_calm_line_says_what_push_needs(
    tmp_path: Path, scheme: str, host: str, says: bool
):
    async with household(tmp_path) as home:
        token = home.http.cookies["congtac"]
        cookie = {"Cookie": f"{'__Host-' if scheme == 'https' else ''}congtac={token}"}
        page = (await home.http.get(f"{scheme}://{host}/account", headers={**PAGE, **cookie, "Accept-Language": "en"})).text
    assert ("need an https address" in page) is says
    assert ("data-push-on" in page) is not says
