"""What an open page is told, and when: facts at once, steps that follow each other as one, and never what others may not know."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from protocol.messages import About, Cause, ChannelAbout, ChannelKind
from server.accounts import Grants, Principal
from server.commands.record import CommandRecord, Fate
from server.devices.state import ChannelNow, DeviceNow, DevicePresence, Registry
from server.live import hub as hub_module
from server.live.hub import Change, Hub, Stream
from server.sites import Role

SITE, OTHER_SITE = "vuon-uom", "nha-ben"
LONG_S = 60
LAN, HOA = Principal("lan", "Lan", {SITE: Role.OWNER}), Principal("hoa", "Hoa", {SITE: Role.VIEWER})
GUEST = Principal("link", "Ba", {}, guest=Grants("link", SITE, frozenset({(SITE, "den")}), longest_on_s=60, until_ms=10))


def output(channel_id: str, name: str) -> ChannelAbout:
    return ChannelAbout(id=channel_id, name=name, kind=ChannelKind.OUTPUT)


class World:
    """A hub with one device of two channels at each of two sites, and a page that may see the first."""

    def __init__(self) -> None:
        self.registry = Registry()
        for site in (SITE, OTHER_SITE):
            device = DeviceNow(site, site, site, site, presence=DevicePresence.ONLINE)
            device.hear_about(About(model="thật", version="1.2", channels=(output("den", "Đèn"), output("may-bom", "Máy bơm"))))
            self.registry.add(device)
        self.hub = Hub(
            self.registry, lambda: 1, lambda: [{"id": SITE, "name": "Vườn ươm"}, {"id": OTHER_SITE, "name": "Nhà bên"}]
        )

    def parts(self, site: str = SITE, channel: str = "den") -> tuple[DeviceNow, ChannelNow]:
        device = self.registry.get(site)
        assert device is not None
        return device, device.channels[channel]

    def report(self, on: bool, site: str = SITE, channel_id: str = "den", actor: str | None = None) -> None:
        device, channel = self.parts(site, channel_id)
        channel.on, channel.cause, channel.actor = on, Cause.COMMAND, actor
        self.hub.channel_changed(device, channel)

    def step(self, fate: Fate, actor_id: str = "user:lan", actor: str = "Lan") -> None:
        device, channel = self.parts()
        channel.command = CommandRecord("1" * 32, device.id, "den", True, None, actor_id, actor, 1, 2, fate)
        self.hub.command_changed(device, channel)


@pytest.fixture
def world() -> World:
    return World()


def told(changes: list[Change]) -> list[Any]:
    return [(change.event, json.loads(change.data)) for change in changes]


async def soon(stream: Stream) -> list[Any]:
    async with asyncio.timeout(5):
        return told(await stream.next(LONG_S))


async def test_a_reported_change_is_told_at_once(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub_module, "STEPS_WITHIN_S", LONG_S)
    with world.hub.stream(LAN) as stream:
        world.report(on=True)
        [(event, channel)] = await soon(stream)
    assert (event, channel["id"], channel["on"], channel["command"]) == ("channel", "den", True, None)


async def test_steps_of_a_command_are_told_with_the_fact_that_follows_them(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub_module, "STEPS_WITHIN_S", LONG_S)
    with world.hub.stream(LAN) as stream:
        world.step(Fate.ACCEPTED)
        world.step(Fate.PUBLISHED)
        world.report(on=True)
        [(_, channel)] = await soon(stream)
    assert (channel["on"], channel["command"]["fate"]) == (True, "published")


async def test_a_step_that_no_fact_follows_is_told_all_the_same(world: World):
    with world.hub.stream(LAN) as stream:
        world.step(Fate.ACCEPTED)
        [(_, channel)] = await soon(stream)
    assert (channel["on"], channel["command"]["fate"]) == (None, "accepted")


async def test_a_slow_page_is_told_each_thing_once_and_as_it_is_now(world: World):
    with world.hub.stream(LAN) as stream:
        for on in (True, False, True):
            world.report(on)
        world.hub.device_changed(world.parts()[0])
        assert [(event, data.get("on")) for event, data in await soon(stream)] == [("channel", True), ("device", None)]
        assert told(await stream.next(0.01)) == []


async def test_nobody_is_told_of_a_site_that_they_may_not_see(world: World):
    with world.hub.stream(HOA) as stream:
        world.report(on=True, site=OTHER_SITE)
        assert told(await stream.next(0.01)) == []
        snapshot = json.loads(stream.snapshot().data)
    assert [site["id"] for site in snapshot["sites"]] == [SITE]
    assert [device["id"] for device in snapshot["devices"]] == [SITE]


@pytest.mark.parametrize("change", [lambda world: world.report(on=True), lambda world: world.step(Fate.ACCEPTED)])
async def test_a_snapshot_holds_what_had_changed_before_it(world: World, change: Callable[[World], None]):
    with world.hub.stream(LAN) as stream:
        change(world)
        channel = json.loads(stream.snapshot().data)["devices"][0]["channels"][0]
        assert (channel["on"], channel["command"] is None) in ((True, True), (None, False))
        assert told(await stream.next(0.02)) == []


async def test_the_link_to_the_broker_is_told_to_everybody(world: World):
    with world.hub.stream(Principal("nobody", "Nobody", {})) as stream:
        world.hub.link_changed(up=True)
        world.hub.link_changed(up=True)
        [(event, data)] = await soon(stream)
        assert (event, data["link"]) == ("link", "up")


def test_a_change_is_framed_on_two_lines_whatever_stands_in_a_name(world: World):
    device, _ = world.parts()
    device.name = "a\n\nevent: b\r"
    world.hub.device_changed(device)
    with world.hub.stream(LAN) as stream:
        frame = stream.snapshot().frame
    assert frame.startswith(b"event: snapshot\ndata: {")
    assert frame.endswith(b"}\n\n")
    assert frame.count(b"\n") == 3
    assert b"\r" not in frame


async def test_a_guest_is_told_of_the_granted_channels_and_of_nothing_else(world: World):
    with world.hub.stream(GUEST) as stream:
        world.report(on=True, channel_id="may-bom")
        world.report(on=True, site=OTHER_SITE)
        world.hub.device_changed(world.parts(OTHER_SITE)[0])
        assert told(await stream.next(0.01)) == []
        world.report(on=True)
        [(event, channel)] = await soon(stream)
        assert (event, channel["id"], channel["on"]) == ("channel", "den", True)
        world.hub.device_changed(world.parts()[0])
        [(event, device)] = await soon(stream)
        snapshot = json.loads(stream.snapshot().data)
    assert (event, [channel["id"] for channel in device["channels"]]) == ("device", ["den"])
    assert snapshot["devices"] == [device]
    assert (device["model"], device["version"], device["presence"]) == (None, None, "online")
    assert snapshot["sites"] == [{"id": SITE, "name": "Vườn ươm", "tariff_vnd_kwh": None, "role": "guest"}]


async def test_a_guest_is_not_told_which_person_switched(world: World):
    with world.hub.stream(GUEST) as stream:
        world.step(Fate.ACCEPTED)
        world.report(on=True, actor="Lan")
        [(_, by_lan)] = await soon(stream)
        assert "Lan" not in stream.snapshot().data.decode()
        world.step(Fate.ACCEPTED, "guest:link", "guest:Ba")
        world.report(on=True, actor="guest:Ba")
        [(_, by_guest)] = await soon(stream)
    assert (by_lan["actor"], by_lan["command"]["actor"], by_lan["command"]["fate"]) == (None, None, "accepted")
    assert (by_guest["actor"], by_guest["command"]["actor"]) == ("guest:Ba", "guest:Ba")


async def test_what_a_guest_is_told_is_not_what_a_member_is_told(world: World):
    with world.hub.stream(GUEST) as guest, world.hub.stream(LAN) as lan:
        world.report(on=True, actor="Lan")
        assert [
            (await soon(stream))[0][1]["actor"]
            for stream in (
                guest,
                lan,
            )
        ] == [None, "Lan"]


async def test_who_may_see_other_things_than_before_is_told_all_anew(world: World):
    with world.hub.stream(LAN) as stream:
        stream.see_as(Principal("lan", "Lan", {SITE: Role.OWNER}))
        assert told(await stream.next(0.01)) == []
        stream.see_as(Principal("lan", "Lan", {OTHER_SITE: Role.VIEWER}))
        world.report(on=True)
        [(event, snapshot)] = await soon(stream)
        assert told(await stream.next(0.01)) == []
    assert (event, [site["id"] for site in snapshot["sites"]]) == ("snapshot", [OTHER_SITE])


async def test_a_site_s_new_name_is_told_to_who_sees_it(world: World):
    with world.hub.stream(LAN) as lan, world.hub.stream(GUEST) as guest, world.hub.stream(Principal("x", "X", {})) as nobody:
        world.hub.site_changed(SITE)
        assert [(await soon(stream))[0][0] for stream in (lan, guest)] == ["snapshot"] * 2
        assert told(await nobody.next(0.01)) == []
