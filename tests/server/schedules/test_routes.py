"""Schedules over the API, in a whole application."""

from pathlib import Path
from typing import Any

from server.devices.state import DevicePresence
from tests.server.who_world import DEVICE, OTHER_DEVICE, WhoWorld, who_world

RULE: dict[str, Any] = {
    "channel": "den", "when": {"kind": "weekly", "days": [1], "at": "06:00"}, "on": True, "for_s": 600, "missed": "skip", "late_s": None,
}  # fmt: skip
LIST = f"/api/v1/devices/{DEVICE}/schedules"


async def made(world: WhoWorld, **fields: Any) -> dict[str, Any]:
    answer = await world.send("operator", "POST", LIST, json={"name": " Sớm ", "rule": RULE, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_schedule_is_made_read_replaced_disabled_and_deleted(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        one = await made(world)
        path = f"/api/v1/schedules/{one['id']}"
        assert (one["name"], one["enabled"], one["rule"], one["device"]) == ("Sớm", True, RULE, DEVICE)
        assert one["next_ms"] % 60_000 == 0
        assert (await world.send("viewer", "GET", LIST)).json() == [one]
        assert (await world.send("viewer", "GET", path)).json() == one
        other = {"name": "", "enabled": True, "rule": {**RULE, "channel": "may-bom", "on": False, "for_s": None}}
        replaced = (await world.send("owner", "PUT", path, json=other)).json()
        assert (replaced["id"], replaced["name"], replaced["rule"]["channel"]) == (one["id"], "", "may-bom")
        paused = (await world.send("owner", "PATCH", path, json={"enabled": False})).json()
        assert (paused["enabled"], paused["next_ms"]) == (False, None)
        assert (await world.send("owner", "DELETE", path)).status_code == 204
        assert (await world.send("owner", "GET", path)).json()["code"] == "unknown_schedule"
        assert (await world.send("owner", "GET", LIST)).json() == []


async def test_a_preview_shows_what_is_kept_with_what_is_not_and_changes_nothing(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        one = await made(world, rule={**RULE, "when": {"kind": "weekly", "at": "06:00"}})
        await made(world, enabled=False)
        before = (await world.send("owner", "GET", LIST)).json()
        new = {**RULE, "when": {"kind": "weekly", "at": "06:05"}}
        answer = (await world.send("viewer", "POST", f"{LIST}/preview", json={"rule": new, "days": 2})).json()
        assert {run["schedule"] for run in answer["runs"]} <= {one["id"], None}
        assert [(it["trouble"], it["schedules"]) for it in answer["findings"]] == [("overlap", [one["id"], None])]
        instead = (
            await world.send("viewer", "POST", f"{LIST}/preview", json={"rule": new, "replaces": one["id"], "days": 2})
        ).json()
        assert {run["schedule"] for run in instead["runs"]} == {None}
        assert instead["findings"] == []
        alone = (await world.send("viewer", "POST", f"{LIST}/preview", json={"days": 2})).json()
        assert {run["schedule"] for run in alone["runs"]} == {one["id"]}
        assert (await world.send("owner", "GET", LIST)).json() == before


HOSTILE: list[dict[str, Any]] = [
    {},
    {"rule": {}},
    {"rule": {**RULE, "channel": "khong-co"}},
    {"rule": {**RULE, "when": {"kind": "weekly", "at": "24:00"}}},
    {"rule": {**RULE, "when": {"kind": "evil\u202e", "at": "06:00"}}},
    {"rule": {**RULE, "id": "0" * 16}},
    {"rule": {**RULE, "unheard_of": True}},
    {"rule": RULE, "name": "a\x00b"},
    {"rule": RULE, "name": "\u202edrowssap"},
    {"rule": RULE, "name": "x" * 81},
    {"rule": RULE, "enabled": "yes"},
    {"rule": RULE, "made_by": "somebody"},
    {"rule": {**RULE, "for_s": 10**400}},
]


async def test_what_is_no_schedule_is_refused_in_words_that_repeat_nothing_of_it(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        answers = [await world.send("owner", "POST", LIST, json=wanted) for wanted in HOSTILE]
        assert [answer.status_code for answer in answers] == [422] * len(HOSTILE)
        assert [answer.text for answer in answers if "evil" in answer.text] == []
        assert (await world.send("owner", "GET", LIST)).json() == []


async def test_a_channel_that_is_locked_or_a_device_that_was_revoked_gets_no_schedule(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        one, device = await made(world), world.app.state.switchboard.registry.get(DEVICE)
        about = device.channels["den"].about
        device.channels["den"].about = about.model_copy(update={"locked": True})
        assert (await world.send("owner", "POST", LIST, json={"rule": RULE})).json()["code"] == "not_switchable"
        device.channels["den"].about, device.presence = about, DevicePresence.REVOKED
        assert (await world.send("owner", "POST", LIST, json={"rule": RULE})).json()["code"] == "device_revoked"
        path = f"/api/v1/schedules/{one['id']}"
        assert (await world.send("owner", "PUT", path, json={"rule": RULE})).json()["code"] == "device_revoked"
        assert (await world.send("owner", "DELETE", path)).status_code == 204


async def test_a_schedule_of_another_place_is_not_there(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        one = await made(world)
        theirs = await world.send("stranger", "POST", f"/api/v1/devices/{OTHER_DEVICE}/schedules", json={"rule": RULE})
        assert theirs.status_code == 201
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            sent = {"PUT": {"rule": RULE}, "PATCH": {"enabled": False}}.get(method)
            path = f"/api/v1/schedules/{one['id']}"
            assert (await world.send("stranger", method, path, json=sent)).status_code == 404
            path = f"/api/v1/schedules/{theirs.json()['id']}"
            assert (await world.send("owner", method, path, json=sent)).status_code == 404


async def test_the_trail_tells_who_changed_which_schedule(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        one = await made(world)
        await world.send("owner", "PATCH", f"/api/v1/schedules/{one['id']}", json={"enabled": False})
        await world.app.state.trail.written()
        rows = (await world.send("owner", "GET", "/api/v1/audit")).json()
        told = [(row["what"], row["facts"].get("schedule_id"), row["facts"].get("channel")) for row in rows["rows"]]
        assert ("PATCH /api/v1/schedules/{schedule_id}", one["id"], "den") in told
        assert ("POST /api/v1/devices/{device_id}/schedules", one["id"], "den") in told


async def test_owners_say_where_the_sun_rises_for_a_place(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        path, page = f"/api/v1/sites/{world.site_id}", f"/sites/{world.slug}"
        sunset = {**RULE, "when": {"kind": "sun", "days": [1, 2, 3, 4, 5, 6, 7], "event": "sunset", "offset_s": 0}}
        here = await made(world, rule=sunset)
        changed = (await world.send("owner", "PATCH", path, json={"latitude": 52.5, "longitude": 13.4})).json()
        assert (changed["latitude"], changed["longitude"], changed["timezone"]) == (52.5, 13.4, "Asia/Ho_Chi_Minh")
        there = (await world.send("owner", "GET", f"/api/v1/schedules/{here['id']}")).json()
        assert there["next_ms"] != here["next_ms"]
        form = {"name": "Vườn", "timezone": "Europe/Berlin", "latitude": "0", "longitude": "-0.5"}
        assert (await world.send("owner", "POST", page, data=form)).status_code == 303
        for wrong in ({"latitude": 90.1}, {"longitude": "east"}, {"latitude": None, "longitude": 181}):
            assert (await world.send("owner", "PATCH", path, json=wrong)).status_code == 422
        for wrong in ({"latitude": "nan"}, {"longitude": "1e999"}):
            assert (await world.send("owner", "POST", page, data={**form, **wrong})).status_code == 422
        [site] = [it for it in (await world.send("owner", "GET", "/api/v1/sites")).json() if it["id"] == world.site_id]
        assert (site["latitude"], site["longitude"]) == (0.0, -0.5)
