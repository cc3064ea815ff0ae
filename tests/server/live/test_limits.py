"""Open streams over a real port: so many for one person, and what a stream tells of a place that changes."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

from protocol.messages import About, ChannelAbout, ChannelKind
from server.clock import now_ms
from server.devices.enrol import enrol
from server.devices.models import Device
from tests.server.test_serving import served, thawed

__all__ = ["thawed"]


async def test_a_person_has_so_many_live_pages(tmp_path: Path) -> None:
    async with served(tmp_path, live_streams=2) as (app, http, _):
        await http.post(f"/sign-in/{app.state.first_link}")
        async with http.stream("GET", "/api/v1/live") as one, http.stream("GET", "/api/v1/live") as two:
            assert [stream.status_code for stream in (one, two)] == [200, 200]
            for stream in (one, two):
                async with aclosing(stream.aiter_bytes()) as chunks:
                    assert b"snapshot" in await anext(chunks)
            refused = await http.get("/api/v1/live")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
            assert int(refused.headers["retry-after"]) > 0
            assert (await http.get("/api/v1/snapshot")).status_code == 200


async def test_a_new_name_and_zone_of_a_site_reach_open_pages(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, http, _):
        await http.post(f"/sign-in/{app.state.first_link}")
        [site] = (await http.get("/api/v1/sites")).json()
        async with http.stream("GET", "/api/v1/live") as stream, aclosing(stream.aiter_bytes()) as chunks:
            assert site["name"].encode() in await anext(chunks)
            change = {"name": "Vườn mới", "timezone": "Asia/Bangkok"}
            assert (await http.patch(f"/api/v1/sites/{site['id']}", json=change)).status_code == 200
            event, data, *_ = (await anext(chunks)).decode().split("\n")
            again = (await http.patch(f"/api/v1/sites/{site['id']}", json={"timezone": "Nowhere/Nothing"})).status_code
    assert event == "event: snapshot"
    assert [(it["slug"], it["name"], it["timezone"]) for it in json.loads(data.removeprefix("data: "))["sites"]] == [
        (site["slug"], "Vườn mới", "Asia/Bangkok")
    ]
    assert again == 422


async def test_a_guest_s_live_page_ends_soon_after_the_link_runs_out(tmp_path: Path) -> None:
    async with served(tmp_path) as (app, http, _):
        await http.post(f"/sign-in/{app.state.first_link}")
        [site] = (await http.get("/api/v1/sites")).json()
        board = app.state.switchboard
        device = await enrol(
            app.state.database.writer,
            board.registry,
            Device(id="d" * 16, site_id=site["id"], slug="may", name="Máy", created_ms=1),
        )
        device.hear_about(About(model="m", version="1", channels=(ChannelAbout(id="den", name="Đèn", kind=ChannelKind.OUTPUT),)))
        wanted = {"name": "Ba", "channels": [{"device": device.id, "channel": "den"}], "expires_ms": now_ms() + 1_500}
        made = (await http.post(f"/api/v1/sites/{site['id']}/guest-links", json=wanted)).json()
        assert (await http.post(made["url"])).status_code == 303
        async with http.stream("GET", "/api/v1/live") as stream:
            assert stream.status_code == 200
            async with asyncio.timeout(6.5):  # the link's second and a half, and five
                told = b"".join([chunk async for chunk in stream.aiter_bytes()])
        assert told.startswith(b"event: snapshot")
        assert (await http.get("/api/v1/snapshot")).status_code == 401
