"""The small world that stands behind every screen, on one running system.

Lan owns the nursery garden, Minh operates it, Hoa looks on, a guest has a link to two channels, Bảy owns a place with nothing in it, and a
stranger has nothing at all. At the garden one device is online, one offline, one revoked, one says nothing of itself, and one is online
and no longer answers.
"""

import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from broker_config.ports import free_port
from firmware_sim.house import FOUR_RELAYS
from firmware_sim.sensors import GARDEN
from server.accounts.throttle import ADDRESS, Target, Throttle, key_of
from server.devices.models import PresenceChange
from server.history.models import EventRow
from server.http.address import network_of
from server.invitations.invitations import MOST_OPEN
from server.invitations.models import Invitation
from server.sites import Role
from tests.end_to_end.screens.table import ALONE, WHO
from tests.processes import OWNER, SITE, SimulatedDevice, System, environ_of, running_system
from tests.program import Program
from tests.waiting import eventually

LONG: Final = "Ưỡ Ẵng Nguyễn Thị Thuỷ — Máy bơm tưới vườn ươm keo số 2"
PLACE: Final = "Vườn ươm"
EMPTY_PLACE: Final = "Trại cá Ẵng"
FULL_PLACE: Final = "Trại gà"
PEOPLE: Final = {
    "owner": OWNER,
    "operator": "Minh",
    "viewer": "Hoa",
    "newcomer": "Bảy",
    "stranger": "Sáu",
    "leaver": "Năm",
    "sharer": "Chín",
}
LOGIN: Final = "sau.vuon"
GUESSERS_ADDRESS: Final = "203.0.113.9"
NOTES: Final = "rendered"
GUEST: Final = "Tư"
OTHER_GUEST: Final = "Út"
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

People = dict[str, httpx.AsyncClient]
"""Programs with sessions of people, by who."""


@dataclass
class World:
    """What stands there: `places` fill the table's addresses, `cookies` are the sessions of those who have one.

    `headers`: what the requests of some people bear besides; `elsewhere`: the address of who is at another server.
    """

    system: System
    places: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where people find the server: at its name."""
        return self.system.url.replace("127.0.0.1", "localhost")

    def url_for(self, who: str) -> str:
        """Where one of the tables' people finds the server."""
        return self.elsewhere.get(who, self.url)

    def address(self, template: str, who: str = "nobody") -> str:
        """Where a screen of the table is."""
        return self.url_for(who) + template.format_map(self.places)

    def rendered(self) -> set[str]:
        """The names of all templates that the server has rendered since everything is here."""
        return set((self.system.folder / NOTES).read_text("utf-8").splitlines())

    @property
    def names(self) -> frozenset[str]:
        """What the world itself calls things: it stands on the pages in whatever language it was written."""
        people = (*PEOPLE.values(), GUEST, OTHER_GUEST, "Nguyễn Thị Thuỷ", "Máy tính ở trạm bơm", "Tưới sáng")
        things = (
            *DEVICES,
            *CHANNELS,
            LONG_CHANNEL,
            "Cửa",
            *(sensor.name for sensor in GARDEN),
            PLACE,
            EMPTY_PLACE,
            FULL_PLACE,
            LOGIN,
            "Congtac SIM-4R",
        )
        return frozenset((*people, *things, *self.places.values(), self.url, ZONE))


@asynccontextmanager
async def small_world(folder: Path) -> AsyncIterator[World]:
    """The system with everything in it, all programs running."""
    server = ("tests.end_to_end.screens.noting", str(folder / NOTES))
    async with running_system(folder, server=server, guest_commands_per_minute=1) as system, ailing(folder) as (url, cookies):
        world = World(system, {"site": PLACE, "empty_site": EMPTY_PLACE, "slug": SITE, "long": LONG, "leaver": PEOPLE["leaver"]})
        world.elsewhere["patient"], world.cookies["patient"] = url, cookies
        for who in ("operator", "viewer", "stranger", "newcomer", "leaver", "sharer"):
            await system.add_person(PEOPLE[who], {"operator": Role.OPERATOR, "viewer": Role.VIEWER}.get(who))
        await system.add_person("Nguyễn Thị Thuỷ", Role.VIEWER)
        async with AsyncExitStack() as visits:
            people = {who: await visits.enter_async_context(system.visitor(name)) for who, name in PEOPLE.items()}
            await _devices(world, people["owner"])
            await _links(world, people)
            await _schedules(world, people["operator"])
            await _deeds(world, people)
            await _trouble(world, people["stranger"])
        await _sessions(world)
        (folder / NOTES).unlink()
        yield world


@asynccontextmanager
async def visitor(world: World, who: str) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the session of one of WHO."""
    headers = {"Origin": world.url, "Accept": "text/html"}
    async with httpx.AsyncClient(base_url=world.url, headers=headers, cookies=world.cookies.get(who, {}), timeout=15) as client:
        yield client


async def _devices(world: World, lan: httpx.AsyncClient) -> None:
    system = world.system
    wiring = system.folder / "wiring.toml"
    wiring.write_text(WIRING, "utf-8")
    online = await system.add_device(DEVICES[0])
    offline = await system.add_device(DEVICES[1], wiring=wiring)
    revoked = await system.add_device(DEVICES[2])
    unspoken = await system.add_device(DEVICES[3], start=False)
    silent = await system.add_device(DEVICES[4], wiring=wiring, garden=True, keepalive_s=600)
    made = {"device": online, "offline": offline, "revoked": revoked, "unspoken": unspoken, "silent": silent}
    world.places |= {name: device.id for name, device in made.items()} | {"channel": "may-bom", "channel_name": CHANNELS[0]}
    world.places |= {f"{name}_name": title for name, title in zip(made, DEVICES, strict=True)}

    async def all_told() -> bool:
        devices = {it["id"]: it for it in (await lan.get("/api/v1/snapshot")).json()["devices"]}
        started = (online, offline, revoked, silent)
        here = all(devices.get(it.id, {}).get("presence") == "online" and devices[it.id]["channels"] for it in started)
        return here and any(it["value"] is not None for it in devices[silent.id]["channels"])

    await eventually(all_told)
    titles = (CHANNELS[0], CHANNELS[1], CHANNELS[2], LONG_CHANNEL, "Cửa", GARDEN[0].name)
    names = ("channel_name", "lamp_name", "fan_name", "long_channel", "door_name", "sensor_name")
    world.places |= dict(zip(names, titles, strict=True))
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


async def _links(world: World, people: People) -> None:
    """Links of every kind: to be opened, and used up."""
    system, places = world.system, world.places
    spent = await system.link(PEOPLE["viewer"])
    async with system.anybody() as client:
        assert (await client.post(spent)).status_code == 303
    places |= {"link": (await system.link(PEOPLE["viewer"])).rpartition("/")[2], "spent_link": spent.rpartition("/")[2]}
    week = int(time.time() * 1000) + 7 * DAY_MS
    granted = [{"device": places["device"], "channel": channel} for channel in ("may-bom", "den")]
    lan = people["owner"]
    site = f"/api/v1/sites/{(await lan.get('/api/v1/sites')).json()[0]['id']}"
    asked = {"role": "operator", "note": LONG, "expires_ms": week}
    places["invitation"] = await _made(lan, f"{site}/invitations", asked)
    places["guest"] = await _made(lan, f"{site}/guest-links", {"name": GUEST, "channels": granted, "expires_ms": week})
    fan = [{"device": places["device"], "channel": "quat"}]
    places["other_guest"] = await _made(lan, f"{site}/guest-links", {"name": OTHER_GUEST, "channels": fan, "expires_ms": week})
    made = await lan.post("/api/v1/tokens", json={"name": "Máy tính ở trạm bơm", "scopes": ["command"], "site": SITE})
    assert made.status_code == 201, made.text
    empty, places["spent_invitation"] = await _place_for(people["newcomer"], lan, EMPTY_PLACE)
    full, _ = await _place_for(people["sharer"], lan, FULL_PLACE)
    places |= {"empty_slug": empty["slug"], "full_slug": full["slug"]}
    asks = await lan.patch(f"/api/v1/devices/{places['device']}/channels/cong", json={"ask_first": True})
    assert asks.status_code == 200, asks.text
    async with system.database() as database:
        await database.writer.run(lambda session: _many_links(session, full["id"]))


async def _place_for(owner: httpx.AsyncClient, lan: httpx.AsyncClient, name: str) -> tuple[dict[str, str], str]:
    """A further place that Lan has made and handed over, and the token of the invitation that was used up for it."""
    made = (await lan.post("/api/v1/sites", json={"name": name})).json()
    joining = await _made(lan, f"/api/v1/sites/{made['id']}/invitations", {"role": "owner"})
    assert (await owner.post(f"/invitations/{joining}")).status_code == 303
    assert (await lan.post(f"/api/v1/sites/{made['id']}/leave")).status_code == 204
    return made, joining


async def _many_links(session: Any, site_id: str) -> None:
    """As many open invitations as there may be."""
    blank = {"site_id": site_id, "role": Role.VIEWER, "note": "", "created_ms": 0, "once": True, "uses": 0}
    session.add_all(Invitation(id=f"{n:032x}", token_hash=f"{n:064x}", **blank) for n in range(MOST_OPEN))


async def _trouble(world: World, stranger: httpx.AsyncClient) -> None:
    """Sáu has a password, and somebody far away has tried passwords for hours, each time as soon as the server let them."""
    kept = await stranger.post("/account/password", data={"login": LOGIN, "password": "mưa rơi trên mái lá cọ"})
    assert kept.status_code == 303, kept.text
    world.headers["guesser"] = {"X-Forwarded-For": GUESSERS_ADDRESS}
    target = Target(key_of("address", network_of(GUESSERS_ADDRESS)), ADDRESS)
    tries = ADDRESS.free + 12
    now = int(time.time() * 1000)
    async with world.system.database() as database:
        for back in reversed(range(tries)):
            await Throttle(database, lambda at_ms=now - back * 1000 * ADDRESS.longest_s: at_ms).begin([target])


@asynccontextmanager
async def ailing(folder: Path) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Another server, whose database lacks a table and which knows no broker: its address, and the session of its owner."""
    (folder / "ailing").mkdir()
    nothing = {"broker_port": free_port("127.0.0.1"), "broker_credentials_file": None, "broker_pid_file": None}
    system = System(folder / "ailing", free_port("127.0.0.1"), nothing)
    system.server = Program("ailing server", system.server_command, folder / "ailing.log", environ_of(system.settings))
    try:
        await system.start_server("/healthz")
        async with system.anybody() as lan:
            assert (await lan.post(system.first_link)).status_code == 303
            cookies = dict(lan.cookies)
        with sqlite3.connect(system.settings.data_dir / "congtac.db") as database:
            database.execute("DROP TABLE schedule")
        database.close()
        yield system.url, cookies
    finally:
        await system.server.stop()


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
    assert set(world.cookies) == {*WHO, *ALONE} - {"nobody", "guesser"}


async def _made(client: httpx.AsyncClient, path: str, asked: dict[str, Any]) -> str:
    """The token in the address of what was made."""
    answer = await client.post(path, json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"]).rpartition("/")[2]


async def _schedules(world: World, minh: httpx.AsyncClient) -> None:
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
    for device, asked in wanted:
        made = await minh.post(f"/api/v1/devices/{world.places[device]}/schedules", json=asked)
        assert made.status_code == 201, made.text
        world.places.setdefault("schedule", made.json()["id"])


async def _deeds(world: World, people: People) -> None:
    """What is done and refused today, and how the devices end up."""
    system, places = world.system, world.places
    named = {device.id: device for device in system.devices}

    async def switch(who: str, device: str, channel: str, status: int = 200, **asked: Any) -> None:
        path = f"/api/v1/devices/{places[device]}/channels/{channel}/commands"
        answer = await people[who].post(path, json={"on": True, **asked}, headers={"Prefer": "wait=10"})
        assert answer.status_code == status, answer.text

    await switch("owner", "device", "quat")
    async with system.anybody() as people["other_guest"]:
        assert (await people["other_guest"].post(f"/guest/{places['other_guest']}")).status_code == 303
        await switch("other_guest", "device", "quat", on=False)
    await switch("operator", "device", "den")
    await switch("operator", "device", "may-bom", for_s=1800)
    await switch("viewer", "device", "den", 403)
    await switch("owner", "offline", "may-bom", for_s=900)
    await named[places["offline"]].program.stop()
    named[places["silent"]].program.signal(signal.SIGSTOP)
    await switch("owner", "silent", "den", 202, on=True)
    revoked = await people["owner"].post(f"/api/v1/devices/{places['revoked']}/revoke")
    assert revoked.status_code == 200, revoked.text
    await named[places["revoked"]].program.stop()

    async def settled() -> bool:
        told = (await people["owner"].get("/api/v1/snapshot")).json()["devices"]
        presence = {it["id"]: it["presence"] for it in told}
        return (presence[places["offline"]], presence[places["device"]]) == ("offline", "online")

    await eventually(settled)
