"""A script as anything's name stays a text, on every page and in all that programs are given."""

import json
from pathlib import Path
from typing import Final

from protocol.messages import About, Cause, ChannelAbout, ChannelKind
from server.clock import now_ms
from server.sites import Role
from tests.server.route_table import every_route
from tests.server.who_world import DEVICE, WhoWorld, who_world

NASTY: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{777*777}}"
BAD: Final = ("<script>alert", "<img src=x", "\"'><", "603729")
RULE: Final = {"channel": "den", "when": {"kind": "weekly", "at": "06:00"}, "on": True}
DATA: Final = (
    *("application/json", "application/problem+json", "application/manifest+json", "text/event-stream"),
    *("text/csv", "text/javascript"),  # a file to be kept; the page's worker, which holds no name
)


async def named(world: WhoWorld) -> None:
    """Everything that has a name is called so."""
    device = world.app.state.switchboard.registry.get(DEVICE)
    device.name = NASTY
    device.hear_about(
        About(model=NASTY, version=NASTY[:40], channels=(ChannelAbout(id="den", name=NASTY, kind=ChannelKind.OUTPUT),))
    )
    channel = device.channels["den"]
    channel.on, channel.since_ms, channel.told_ms, channel.cause, channel.actor = True, 1, 1, Cause.COMMAND, NASTY
    await world.person(NASTY, Role.VIEWER)
    site = f"/api/v1/sites/{world.site_id}"
    link = {"name": NASTY, "channels": [{"device": DEVICE, "channel": "den"}], "expires_ms": now_ms() + 60_000}
    made = [
        await world.send("owner", "POST", f"{site}/invitations", json={"role": "viewer", "note": NASTY}),
        await world.send("owner", "POST", f"{site}/guest-links", json=link),
        await world.send("owner", "POST", "/api/v1/tokens", json={"name": NASTY[:36], "scopes": ["read"]}),
        await world.send("owner", "POST", "/api/v1/sites", json={"name": NASTY}),
        await world.send("owner", "POST", f"/api/v1/devices/{DEVICE}/schedules", json={"name": NASTY, "rule": RULE}),
    ]
    assert [answer.status_code for answer in made] == [201] * 5


async def test_a_script_as_a_name_is_inert_on_every_page_and_in_every_answer(tmp_path: Path) -> None:
    """Checklist 16."""
    pages, wrong = 0, []
    async with who_world(tmp_path, owner_name=NASTY, site_name=NASTY) as world:
        await named(world)
        world.app.state.stopping.set()  # so that a live stream ends with its first event
        for who in ("owner", "viewer", "guest", "nobody"):
            for path in (path for method, path in every_route(world.app) if method == "GET" and "{digest}" not in path):
                places = {name: await world.place(name, path, who) for name in ("slug", "site_id", "device_id", "channel")}
                places |= {
                    name: await world.place(name, path, who)
                    for name in ("token", "command_id", "schedule_id")
                    if f"{{{name}}}" in path
                }
                answer = await world.send(who, "GET", path.format_map(places), headers={"Accept": "text/html"})
                kind = answer.headers.get("content-type", "").partition(";")[0]
                pages += kind == "text/html"
                if kind == "text/html" and any(bad in answer.text for bad in BAD):
                    wrong.append((who, path))
                if kind not in ("text/html", *DATA) and answer.status_code != 303:
                    wrong.append((who, path, kind))
                assert answer.headers["x-content-type-options"] == "nosniff"
    assert wrong == []
    assert pages > 30


async def test_programs_get_a_name_as_it_is_and_on_one_line(tmp_path: Path) -> None:
    """Checklist 16. A stream's lines cannot be forged by a name."""
    async with who_world(tmp_path, owner_name=NASTY, site_name=NASTY) as world:
        await named(world)
        snapshot = (await world.send("owner", "GET", "/api/v1/snapshot")).json()
        world.app.state.stopping.set()
        stream = (await world.send("owner", "GET", "/api/v1/live")).text
    [device] = snapshot["devices"]
    assert [device["name"], device["channels"][0]["name"], device["channels"][0]["actor"]] == [NASTY] * 3
    assert {site["name"] for site in snapshot["sites"]} == {NASTY}
    event, data = stream.strip().split("\n")
    assert event == "event: snapshot"
    assert json.loads(data.removeprefix("data: "))["devices"][0]["name"] == NASTY
