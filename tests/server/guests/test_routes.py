"""A guest in the whole application: what can be asked for, how long it lasts, and that nothing waits once the link has ended."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.clock import now_ms
from server.commands.record import Fate
from tests.server.test_app import running
from tests.server.who_world import DEVICE, WhoWorld, who_world

DEN = f"/api/v1/devices/{DEVICE}/channels/den/commands"
LATER = {"on": True, "deliver": "when_online"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WhoWorld]:
    async with who_world(tmp_path) as found:
        yield found


class Guest:
    """A guest with one session, and the id of the link."""

    def __init__(self, world: WhoWorld, link_id: str, cookie: str) -> None:
        self.world, self.link_id, self.cookie = world, link_id, cookie

    @classmethod
    async def of(cls, world: WhoWorld, *, lasts_ms: int = 3_600_000, longest_on_s: int = 60) -> "Guest":
        wanted = {
            "name": "Ba",
            "channels": [{"device": DEVICE, "channel": "den"}],
            "expires_ms": now_ms() + lasts_ms,
            "longest_on_s": longest_on_s,
        }
        made = (await world.send("owner", "POST", f"/api/v1/sites/{world.site_id}/guest-links", json=wanted)).json()
        opened = await world.send("nobody", "POST", made["url"].partition(world.app.state.settings.address)[2])
        assert opened.status_code == 303
        return cls(world, made["id"], opened.cookies["congtac"])

    async def ask(self, method: str, path: str, **what):  # type: ignore[no-untyped-def]
        self.world.http.cookies.clear()
        headers = {"Cookie": f"congtac={self.cookie}", "Sec-Fetch-Site": "same-origin", **what.pop("headers", {})}
        return await self.world.http.request(method, path, headers=headers, **what)


@pytest.mark.parametrize(("asked", "given"), [(None, 60), (30, 30), (60, 60), (3600, 60)])
async def test_an_on_by_a_guest_ends_by_itself_within_the_link_s_limit(world: WhoWorld, asked: int | None, given: int) -> None:
    guest = await Guest.of(world, longest_on_s=60)
    wish = LATER if asked is None else {**LATER, "for_s": asked}
    answer = (await guest.ask("POST", DEN, json=wish)).json()
    assert (answer["for_s"], answer["actor"]) == (given, "guest:Ba")
    assert world.app.state.switchboard.desk.get(answer["id"]).actor_id == f"guest:{guest.link_id}"


async def test_an_off_by_a_guest_has_no_time(world: WhoWorld) -> None:
    guest = await Guest.of(world)
    assert (await guest.ask("POST", DEN, json={**LATER, "on": False})).json()["for_s"] is None


async def test_nothing_is_delivered_for_a_guest_after_the_link_s_end(world: WhoWorld) -> None:
    guest = await Guest.of(world, lasts_ms=90_000)
    answer = (await guest.ask("POST", DEN, json={**LATER, "expires_in_s": 86_400})).json()
    [link] = await world.app.state.guests.list_open(world.site_id)
    assert answer["expires_ms"] == link.link.expires_ms


async def test_a_retry_with_the_same_key_is_the_same_command_also_where_its_time_was_cut(world: WhoWorld) -> None:
    guest, key = await Guest.of(world), {"Idempotency-Key": "k1"}
    first, again = [await guest.ask("POST", DEN, json={**LATER, "for_s": 9999}, headers=key) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"]


async def test_what_a_guest_asked_for_and_waits_is_taken_back_with_the_link(world: WhoWorld) -> None:
    guest, other = await Guest.of(world), await Guest.of(world)
    mine, theirs = [(await it.ask("POST", DEN, json=LATER)).json()["id"] for it in (guest, other)]
    lans = (await world.send("owner", "POST", DEN, json=LATER)).json()["id"]
    revoked = await world.send("owner", "DELETE", f"/api/v1/sites/{world.site_id}/guest-links/{guest.link_id}")
    assert revoked.status_code == 204
    desk = world.app.state.switchboard.desk
    assert [desk.get(command).fate for command in (mine, theirs, lans)] == [Fate.CANCELLED, Fate.WAITING, Fate.WAITING]
    assert (await guest.ask("POST", DEN, json=LATER)).status_code == 401
    assert (await guest.ask("GET", "/api/v1/snapshot")).status_code == 401
    assert (await other.ask("GET", "/api/v1/snapshot")).status_code == 200


async def test_what_a_removed_member_asked_for_and_waits_is_taken_back(world: WhoWorld) -> None:
    waiting = (await world.send("operator", "POST", DEN, json=LATER)).json()["id"]
    path = f"/api/v1/sites/{world.site_id}/members/{world.people['operator']}"
    assert (await world.send("owner", "PATCH", path, json={"role": "viewer"})).status_code == 204
    assert world.app.state.switchboard.desk.get(waiting).fate is Fate.CANCELLED


async def test_a_command_of_an_ended_link_is_not_sent_after_the_next_start_either(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        guest = await Guest.of(world)
        command_id = (await guest.ask("POST", DEN, json=LATER)).json()["id"]
        world.app.state.guests.on_end.clear()  # as if the server had been killed before it could take anything back
        await world.app.state.guests.revoke(world.site_id, guest.link_id, world.people["owner"])
    async with running(tmp_path) as (app, _):
        desk = app.state.switchboard.desk
        assert desk.get(command_id).actor_id in desk._barred


async def test_a_guest_sees_the_own_commands_and_no_others(world: WhoWorld) -> None:
    guest = await Guest.of(world)
    lans = (await world.send("owner", "POST", DEN, json=LATER)).json()["id"]
    mine = (await guest.ask("POST", DEN, json=LATER)).json()["id"]
    listed = (await guest.ask("GET", "/api/v1/commands")).json()["commands"]
    others = (await guest.ask("GET", f"/api/v1/commands?actor_id=user:{world.people['owner']}")).json()["commands"]
    assert ([command["id"] for command in listed], others) == ([mine], [])
    assert (await guest.ask("GET", f"/api/v1/commands/{lans}")).status_code == 404
    assert (await guest.ask("POST", f"/api/v1/commands/{lans}/cancel")).status_code == 404
    assert (await guest.ask("POST", f"/api/v1/commands/{mine}/cancel")).json()["fate"] == "cancelled"


@pytest.mark.parametrize("path", ["channels/may-bom/commands", "channels/nothing/commands"])
async def test_another_channel_is_not_there(world: WhoWorld, path: str) -> None:
    guest = await Guest.of(world)
    answer = await guest.ask("POST", f"/api/v1/devices/{DEVICE}/{path}", json=LATER)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_channel")
    timeline = await guest.ask("GET", f"/api/v1/devices/{DEVICE}/{path.replace('commands', 'timeline')}")
    assert (timeline.status_code, timeline.json()["code"]) == (404, "unknown_channel")


async def test_who_opens_a_link_while_signed_in_is_signed_out_here(world: WhoWorld) -> None:
    link, session = await world.guest_link(), await world.cookie("viewer")
    world.http.cookies.clear()
    headers = {"Cookie": f"congtac={session}", "Sec-Fetch-Site": "same-origin"}
    page = await world.http.get(f"/guest/{link}", headers={**headers, "Accept": "text/html"})
    assert "Hoa Xem" in page.text
    assert (await world.http.post(f"/guest/{link}", headers=headers)).status_code == 303
    assert await world.app.state.accounts.principal(session) is None


async def test_a_guest_who_signs_out_is_out(world: WhoWorld) -> None:
    guest = await Guest.of(world)
    assert (await guest.ask("POST", "/sign-out")).status_code == 303
    assert (await guest.ask("GET", "/api/v1/snapshot")).status_code == 401


async def test_guests_of_one_link_share_a_limit_of_their_own(tmp_path: Path) -> None:
    async with who_world(tmp_path, guest_commands_per_minute=2, commands_per_minute=3) as world:
        guest = await Guest.of(world)
        told = [await guest.ask("POST", DEN, json=LATER) for _ in range(3)]
        assert [answer.status_code for answer in told] == [202, 202, 429]
        assert (told[2].json()["code"], told[2].headers["retry-after"]) == ("too_fast", "30")
        assert [(await world.send("owner", "POST", DEN, json=LATER)).status_code for _ in range(4)] == [202, 202, 202, 429]
        form = await world.send("owner", "POST", f"/devices/{DEVICE}/channels/den", data={"on": "true"})
        assert form.status_code == 429


async def test_a_channel_of_another_place_cannot_be_granted(world: WhoWorld) -> None:
    wanted = {"name": "Ba", "channels": [{"device": "e" * 16, "channel": "den"}], "expires_ms": now_ms() + 60_000}
    answer = await world.send("owner", "POST", f"/api/v1/sites/{world.site_id}/guest-links", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_channel")


async def test_owner_actions_ask_for_a_fresh_proof(world: WhoWorld) -> None:
    """Checklist 15."""
    world.app.state.accounts._limits = world.app.state.accounts._limits.__class__(60, 60, 60, 0)
    site = f"/api/v1/sites/{world.site_id}"
    asked = [
        await world.send("owner", "PATCH", site, json={"name": "x"}),
        await world.send("owner", "POST", "/api/v1/sites", json={"name": "x"}),
        await world.send("owner", "POST", f"{site}/invitations", json={"role": "viewer"}),
        await world.send("owner", "DELETE", f"{site}/members/{world.people['viewer']}"),
        await world.send("owner", "PATCH", f"{site}/members/{world.people['viewer']}", json={"role": "owner"}),
        await world.send("owner", "DELETE", f"{site}/guest-links/x"),
        await world.send("owner", "DELETE", f"{site}/invitations/x"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in asked} == {(403, "prove_yourself")}
