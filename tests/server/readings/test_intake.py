"""Readings taken in: only what can be, shown at once, kept thinned out, and never in the way of a command."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from protocol.messages import About, ChannelAbout, ChannelKind, Measurement, Reading
from server.accounts import Principal
from server.readings.intake import KEEP_EVERY_MS, LATEST_MS, MESSAGES_A_MINUTE
from server.readings.models import ReadingRow
from server.sites import Role
from tests.server.board import SITE, Puppet, Stage, stage

ME = Principal("lan", "Lan", {SITE: Role.OWNER})
SENSOR = ChannelAbout(id="nhiet-do", name="Nhiệt độ", kind=ChannelKind.SENSOR, icon="sensor")
LAMP = ChannelAbout(id="den", name="Đèn", kind=ChannelKind.OUTPUT)


async def device(there: Stage) -> Puppet:
    puppet = await there.device()
    puppet.say(About(model="m", version="1", channels=(LAMP, SENSOR)))
    return puppet


def value(there: Stage, number: float, channel: str = "nhiet-do", later_ms: int = 0, unit: str = "°C") -> Measurement:
    return Measurement(channel=channel, at_ms=there.clock.ms + later_ms, value=number, unit=unit)


def shown(there: Stage, channel: str = "nhiet-do") -> tuple[Any, ...]:
    [device] = there.board.hub.snapshot(ME)["devices"]
    return next((it["value"], it["unit"], it["value_ms"]) for it in device["channels"] if it["id"] == channel)


async def kept(there: Stage) -> list[tuple[str, float]]:
    await there.settle()
    async with there.database.read() as session:
        rows = await session.exec(select(ReadingRow).order_by(col(ReadingRow.at_ms), col(ReadingRow.channel)))
        return [(row.channel, row.value) for row in rows]


async def test_the_latest_value_is_shown_kept_and_there_after_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        assert shown(there) == (None, None, None)
        puppet.say(Reading(values=(value(there, 23.5), value(there, 22.5, later_ms=-60_000))))
        told = shown(there)
        assert told == (23.5, "°C", there.clock.ms)
        assert await kept(there) == [("nhiet-do", 22.5), ("nhiet-do", 23.5)]
    async with stage(tmp_path, fresh=False) as there:
        assert shown(there) == told


async def test_an_older_value_does_not_take_the_place_of_a_newer(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        puppet.say(Reading(values=(value(there, 23.5),)))
        puppet.say(Reading(values=(value(there, 10.0, later_ms=-60_000), value(there, 11.0))))
        assert shown(there)[0] == 23.5
        assert await kept(there) == [("nhiet-do", 23.5)]


async def test_what_comes_thicker_than_it_is_kept_is_shown_all_the_same(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        for number in range(5):
            puppet.say(Reading(values=(value(there, float(number)),)))
            there.clock.ms += KEEP_EVERY_MS // 2
        assert shown(there)[0] == 4.0
        assert await kept(there) == [("nhiet-do", 0.0), ("nhiet-do", 2.0), ("nhiet-do", 4.0)]


async def test_a_device_tells_of_its_own_health_without_a_channel_for_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        puppet.say(Reading(values=(value(there, 48.0, "cpu-temp"), value(there, -60.0, "wifi-signal", unit="dBm"))))
        now = there.board.registry.get(puppet.id)
        assert now is not None
        assert {name: (it.value, it.unit) for name, it in now.measured.items()} == {
            "cpu-temp": (48.0, "°C"),
            "wifi-signal": (-60.0, "dBm"),
        }
        assert [it["id"] for it in there.board.hub.snapshot(ME)["devices"][0]["channels"]] == ["den", "nhiet-do"]


@pytest.mark.parametrize(("channel", "later_ms"), [("den", 0), ("la", 0), ("nhiet-do", LATEST_MS + 1), ("nhiet-do", -86_400_001)])
async def test_what_is_no_sensor_or_cannot_be_that_time_is_refused(tmp_path: Path, channel: str, later_ms: int) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        puppet.say(Reading(values=(value(there, 1.0, channel, later_ms),)))
        assert there.board.ingest.refused == 1
        assert shown(there) == (None, None, None)
        assert await kept(there) == []


async def test_what_is_right_counts_beside_what_is_wrong(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        puppet.say(Reading(values=(value(there, 1.0, "la"), value(there, 23.5))))
        assert (there.board.ingest.refused, shown(there)[0]) == (0, 23.5)


async def test_a_device_that_never_stops_telling_is_not_listened_to_for_a_while(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        for number in range(MESSAGES_A_MINUTE + 5):
            puppet.say(Reading(values=(value(there, float(number), later_ms=number),)))
        assert (there.board.ingest.refused, shown(there)[0]) == (5, MESSAGES_A_MINUTE - 1.0)
        there.clock.ms += 60_000
        puppet.say(Reading(values=(value(there, 99.0),)))
        assert shown(there)[0] == 99.0


async def test_open_pages_hear_of_many_values_at_once_and_of_a_switch_without_waiting_for_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        with there.board.hub.stream(ME) as stream:
            stream.snapshot()
            for number in range(3):
                puppet.say(Reading(values=(value(there, float(number), later_ms=number),)))
            began = asyncio.get_running_loop().time()
            puppet.event("den", True)
            changes = await stream.next(5)
            waited = asyncio.get_running_loop().time() - began
        told = {json.loads(change.data)["id"]: json.loads(change.data) for change in changes}
    assert [change.event for change in changes] == ["channel", "channel"]
    assert (told["nhiet-do"]["value"], told["den"]["on"]) == (2.0, True)
    assert waited < 0.2


async def test_a_command_s_step_is_not_held_up_by_a_reading_that_may_wait(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        now = there.board.registry.get(puppet.id)
        assert now is not None
        with there.board.hub.stream(ME) as stream:
            stream.snapshot()
            puppet.say(Reading(values=(value(there, 1.0),)))
            began = asyncio.get_running_loop().time()
            there.board.hub.command_changed(now, now.channels["den"])
            assert len(await stream.next(5)) == 2
            assert asyncio.get_running_loop().time() - began < 0.2


async def test_readings_that_cannot_be_written_are_let_go_of(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await device(there)
        with there.full_disk():
            puppet.say(Reading(values=(value(there, 23.5),)))
            await there.failed()
        assert shown(there)[0] == 23.5
        there.clock.ms += KEEP_EVERY_MS
        puppet.say(Reading(values=(value(there, 24.5),)))
        assert await kept(there) == [("nhiet-do", 24.5)]
