"""The small world that stands behind every screen, on one running system.

Lan owns the nursery garden, Minh operates it, Hoa looks on, a guest has a link to two channels, Bảy owns a place with nothing in it, and a
stranger has nothing at all. At the garden one device is online, one offline, one revoked, one says nothing of itself, and one is online
and no longer answers.
"""

import signal
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from firmware_sim.house import FOUR_RELAYS
from server.devices.models import PresenceChange
from server.history.models import EventRow
from server.sites import Role
from tests.end_to_end.screens.table import WHO
from tests.processes import OWNER, SITE, SimulatedDevice, System, eventually, running_system

LONG: Final = "Ưỡ Ẵng Nguyễn Thị Thuỷ — Máy bơm tưới vườn ươm keo số 2"
PLACE: Final = "Vườn ươm"
EMPTY_PLACE: Final = "Trại cá Ẵng"
PEOPLE: Final = {"owner": OWNER, "operator": "Minh", "viewer": "Hoa", "newcomer": "Bảy", "stranger": "Sáu"}
GUEST: Final = "Tư"
DEVICES: Final = ("Trạm bơm", "Nhà giâm", "Máy cũ", "Máy chưa nói gì", LONG)
CHANNELS: Final = ("Máy bơm", "Đèn", "Quạt", "Cổng")
LONG_CHANNEL: Final = "Ổ cắm Ẵ Ỗ Ữ của Nguyễn Thị Thuỷ ở nhà giâm phía sau"
ZONE: Final = "Asia/Ho_Chi_Minh"
ANDROID: Final = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
)
DAY_MS: Final = 24 * 3600 * 1000
DAYS: Final = 31
WIRING: Final = (
    FOUR_RELAYS.replace('name = "Cổng"', f'name = "{LONG_CHANNEL}"')
    + """
[[channel]]
kind = "contact"
id = "cua"
name = "Cửa"
pin = 6
"""
)


@dataclass
class World:
    """What stands there: `places` fill the table's addresses, `cookies` are the sessions of those who have one."""

    system: System
    places: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where people find the server: at its name."""
        return self.system.url.replace("127.0.0.1", "localhost")

    def address(self, template: str) -> str:
        """Where a screen of the table is."""
        return self.url + template.format_map(self.places)

    @property
    def names(self) -> frozenset[str]:
        """What the world itself calls things: it stands on the pages in whatever language it was written."""
        people = (*PEOPLE.values(), GUEST, "Nguyễn Thị Thuỷ", "Máy tính ở trạm bơm", "Tưới sáng")
        things = (*DEVICES, *CHANNELS, LONG_CHANNEL, "Cửa", PLACE, EMPTY_PLACE, "Congtac SIM-4R")
        return frozenset((*people, *things, *self.places.values(), self.url, ZONE))


@asynccontextmanager
async def small_world(folder: Path) -> AsyncIterator[World]:
    """The system with everything in it, all programs running."""
    async with running_system(folder) as system:
        world = World(system, {"site": PLACE, "empty_site": EMPTY_PLACE, "slug": SITE})
        for who in ("operator", "viewer", "stranger", "newcomer"):
            await system.add_person(PEOPLE[who], {"operator": Role.OPERATOR, "viewer": Role.VIEWER}.get(who))
        await system.add_person("Nguyễn Thị Thuỷ", Role.VIEWER)
        await _devices(world)
        await _links(world)
        await _deeds(world)
        await _sessions(world)
        yield world


@asynccontextmanager
async def visitor(world: World, who: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the session of one of WHO."""
    headers = {"Origin": world.url, "Accept": "text/html"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, cookies=world.cookies.get(who, {}), timeout=15) as client:
        yield client


async def _devices(world: World) -> None:
    system = world.system
    wiring = system.folder / "wiring.toml"
    wiring.write_text(WIRING, "utf-8")
    online = await system.add_device(DEVICES[0])
    offline = await system.add_device(DEVICES[1], wiring=wiring)
    revoked = await system.add_device(DEVICES[2])
    unspoken = await system.add_device(DEVICES[3], start=False)
    silent = await system.add_device(DEVICES[4], wiring=wiring, keepalive_s=600)
    made = {"device": online, "offline": offline, "revoked": revoked, "unspoken": unspoken, "silent": silent}
    world.places |= {name: device.id for name, device in made.items()} | {"channel": "may-bom", "channel_name": CHANNELS[0]}
    world.places |= {f"{name}_name": title for name, title in zip(made, DEVICES, strict=True)}

    async def all_told() -> bool:
        devices = {it["id"]: it for it in (await system.snapshot())["devices"]}
        started = (online, offline, revoked, silent)
        return all(devices.get(it.id, {}).get("presence") == "online" and devices[it.id]["channels"] for it in started)

    await eventually(all_told)
    titles = (CHANNELS[0], CHANNELS[1], CHANNELS[2], LONG_CHANNEL, "Cửa")
    world.places |= dict(zip(("channel_name", "lamp_name", "fan_name", "long_channel", "door_name"), titles, strict=True))
    await _past(world, online)


async def _past(world: World, device: SimulatedDevice) -> None:
    """A month of mornings and evenings at the first device, with a power cut three days ago."""
    today = int(time.time() * 1000) // DAY_MS * DAY_MS
    events = list(_month(device.id, today))
    cut = today - 3 * DAY_MS
    heard = [(today - DAYS * DAY_MS, True), (cut, False), (cut + 9_480_000, True)]

    async def keep(session: Any) -> None:
        session.add_all(events)
        session.add_all(PresenceChange(device_id=device.id, at_ms=at_ms, online=online) for at_ms, online in heard)

    async with world.system.database() as database:
        await database.writer.run(keep)


def _month(device_id: str, today: int) -> Iterable[EventRow]:
    seq = 0
    for day in range(DAYS, 0, -1):
        for channel, hour, minutes, cause in (("may-bom", -1.5, 25, "schedule"), ("den", 11, 150, "command")):
            for on, after in ((True, 0), (False, minutes)):
                seq += 1
                at_ms = today - day * DAY_MS + int((hour * 60 + after) * 60_000)
                why = cause if on or cause == "command" else "lease"
                yield EventRow(
                    device_id=device_id, journal="past", seq=seq, at_ms=at_ms, clock="server", kind="switched", channel=channel,
                    on=on, cause=why, actor="Minh" if why == "command" else None, received_ms=at_ms,
                )  # fmt: skip


async def _links(world: World) -> None:
    """Links of every kind: to be opened, and used up."""
    system, places = world.system, world.places
    spent = await system.link(PEOPLE["viewer"])
    async with system.anybody() as client:
        assert (await client.post(spent)).status_code == 303
    places |= {"link": (await system.link(PEOPLE["viewer"])).rpartition("/")[2], "spent_link": spent.rpartition("/")[2]}
    week = int(time.time() * 1000) + 7 * DAY_MS
    granted = [{"device": places["device"], "channel": channel} for channel in ("may-bom", "den")]
    async with system.visitor(OWNER) as lan:
        site = f"/api/v1/sites/{(await lan.get('/api/v1/sites')).json()[0]['id']}"
        asked = {"role": "operator", "note": LONG, "expires_ms": week}
        places["invitation"] = await _made(lan, f"{site}/invitations", asked)
        places["guest"] = await _made(lan, f"{site}/guest-links", {"name": GUEST, "channels": granted, "expires_ms": week})
        made = await lan.post("/api/v1/tokens", json={"name": "Máy tính ở trạm bơm", "scopes": ["command"], "site": SITE})
        assert made.status_code == 201, made.text
        await lan.post("/api/v1/sites", json={"name": EMPTY_PLACE})
        empty = next(site for site in (await lan.get("/api/v1/sites")).json() if site["name"] == EMPTY_PLACE)
        places["empty_slug"] = empty["slug"]
        joining = places["spent_invitation"] = await _made(
            lan, f"/api/v1/sites/{empty['id']}/invitations", {"role": "owner", "expires_ms": week}
        )
        async with system.visitor(PEOPLE["newcomer"]) as newcomer:
            assert (await newcomer.post(f"/invitations/{joining}")).status_code == 303
        assert (await lan.post(f"/api/v1/sites/{empty['id']}/leave")).status_code == 204


async def _sessions(world: World) -> None:
    """Everybody comes in; whoever has done things before has left again."""
    for who, name in PEOPLE.items():
        async with world.system.anybody() as client:
            client.headers["User-Agent"] = ANDROID
            assert (await client.post(await world.system.link(name))).status_code == 303
            assert (await client.post("/account/sessions/end-others")).status_code == 303
            world.cookies[who] = dict(client.cookies)
    async with world.system.anybody() as guest:
        assert (await guest.post(f"/guest/{world.places['guest']}")).status_code == 303
        world.cookies["guest"] = dict(guest.cookies)
    assert set(world.cookies) == set(WHO) - {"nobody"}


async def _made(client: httpx.AsyncClient, path: str, asked: dict[str, Any]) -> str:
    """The token in the address of what was made."""
    answer = await client.post(path, json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"]).rpartition("/")[2]


async def _schedules(world: World) -> None:
    """Rules of every kind: one that speaks into the time of another, one that is paused, and one whose device will be revoked."""
    weekly = {"kind": "weekly", "days": [1, 3, 5], "at": "06:00"}
    loop = {"kind": "loop", "start": "22:00", "end": "04:00", "every_s": 5400}
    wanted: list[tuple[str, dict[str, Any]]] = [
        (
            "device",
            {
                "name": LONG,
                "rule": {"channel": "may-bom", "when": {**weekly, "days": list(range(1, 8))}, "on": True, "for_s": 1800},
            },
        ),
        ("device", {"rule": {"channel": "may-bom", "when": loop, "on": True, "for_s": 600, "missed": "late", "late_s": 1800}}),
        ("device", {"rule": {"channel": "den", "when": {"kind": "sun", "event": "sunset", "offset_s": 900}, "on": True}}),
        ("offline", {"enabled": False, "rule": {"channel": "den", "when": weekly, "on": False, "missed": "restore"}}),
        ("revoked", {"rule": {"channel": "den", "when": {"kind": "once", "date": "2026-01-01", "at": "06:00"}, "on": True}}),
    ]
    async with world.system.visitor(PEOPLE["operator"]) as minh:
        for device, asked in wanted:
            made = await minh.post(f"/api/v1/devices/{world.places[device]}/schedules", json=asked)
            assert made.status_code == 201, made.text
            world.places.setdefault("schedule", made.json()["id"])


async def _deeds(world: World) -> None:
    """What is done and refused today, and how the devices end up."""
    system, places = world.system, world.places
    named = {device.id: device for device in system.devices}

    async def switch(who: str, device: str, channel: str, status: int = 200, **asked: Any) -> None:
        path = f"/api/v1/devices/{places[device]}/channels/{channel}/commands"
        async with system.visitor(PEOPLE[who]) as client:
            answer = await client.post(path, json={"on": True, **asked}, headers={"Prefer": "wait=10"})
        assert answer.status_code == status, answer.text

    await _schedules(world)
    await switch("owner", "device", "quat")
    await switch("owner", "device", "quat", on=False)
    await switch("operator", "device", "den")
    await switch("operator", "device", "may-bom", for_s=1800)
    await switch("viewer", "device", "den", 403)
    await switch("owner", "offline", "may-bom", for_s=900)
    await named[places["offline"]].program.stop()
    named[places["silent"]].program.signal(signal.SIGSTOP)
    await switch("owner", "silent", "den", 202, on=True)
    async with system.visitor(OWNER) as lan:
        revoked = await lan.post(f"/api/v1/devices/{places['revoked']}/revoke")
    assert revoked.status_code == 200, revoked.text
    await named[places["revoked"]].program.stop()

    async def settled() -> bool:
        presence = {it["id"]: it["presence"] for it in (await system.snapshot())["devices"]}
        return (presence[places["offline"]], presence[places["device"]]) == ("offline", "online")

    await eventually(settled)
