"""Owners name devices and channels and put channels in order: kept, and shown on every open page at once."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from server.accounts import Principal
from server.devices.choosing import choose, move, rename
from server.sites import Role
from tests.server.board import SITE, stage
from tests.server.who_world import DEVICE, who_world

ME = Principal("lan", "Lan", {SITE: Role.OWNER})


def shown(board: Any) -> list[tuple[Any, ...]]:
    """The channels of the one device, as a snapshot has them."""
    [device] = board.hub.snapshot(ME)["devices"]
    return [(it["id"], it["name"], it["icon"], it["power_w"], it["ask_first"]) for it in device["channels"]]


async def test_what_was_chosen_is_there_after_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await there.device()
        device = there.board.registry.get(puppet.id)
        assert device is not None
        await choose(there.board, device, "den", {"label": "Đèn ao", "icon": "heater", "power_w": 60, "ask_first": True})
        await move(there.board, device, "den", lambda _place: 0)
        await rename(there.board, device, "Trạm bơm")
        before = shown(there.board)
    assert before[:2] == [("den", "Đèn ao", "heater", 60, True), ("may-bom", "may-bom", "socket", None, False)]
    async with stage(tmp_path, fresh=False) as there:
        assert shown(there.board) == before
        assert [it["name"] for it in there.board.hub.snapshot(ME)["devices"]] == ["Trạm bơm"]


async def test_an_open_page_is_told_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        device = there.board.registry.get((await there.device()).id)
        assert device is not None
        with there.board.hub.stream(ME) as stream:
            stream.snapshot()
            await choose(there.board, device, "den", {"label": "Đèn ao"})
            [change] = await stream.next(1)
    assert change.event == "device"
    assert "Đèn ao" in [it["name"] for it in json.loads(change.data)["channels"]]


async def test_two_who_choose_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        device = there.board.registry.get((await there.device()).id)
        assert device is not None
        await asyncio.gather(
            choose(there.board, device, "den", {"power_w": 60}),
            choose(there.board, device, "den", {"label": "Đèn ao"}),
            move(there.board, device, "den", lambda place: place - 1),
            move(there.board, device, "khoa", lambda place: place - 1),
        )
        told = shown(there.board)
    assert [it[0] for it in told] == ["den", "khoa", "may-bom", "nut"]
    assert told[0] == ("den", "Đèn ao", "socket", 60, False)


async def test_a_name_is_kept_as_names_are_and_null_is_the_wiring_s_word_again(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        address = f"/api/v1/devices/{DEVICE}/channels/den"

        async def change(**fields: Any) -> Any:
            return await world.send("owner", "PATCH", address, json=fields)

        named = await change(label="  Đe\u0300n ao ", icon="lamp", power_w=60, ask_first=True, position=1)
        again = await change(label=None, icon=None, power_w=None)
        refused = [
            (await change(**{field: value})).status_code
            for field, value in [
                *(("label", "a\u202eb"), ("label", ""), ("label", "x" * 81), ("icon", "rocket"), ("power_w", 0)),
                *(("power_w", 100_001), ("ask_first", None), ("position", -1), ("position", 64), ("id", "x")),
            ]
        ]
        missing = await world.send("owner", "PATCH", f"{address}-khong", json={"power_w": 5})
    whole = {"device": DEVICE, "id": "den", "ask_first": True, "position": 1}
    assert named.json() == {**whole, "name": "Đèn ao", "icon": "lamp", "label": "Đèn ao", "power_w": 60}
    assert again.json() == {**whole, "name": "den", "icon": "socket", "label": None, "power_w": None}
    assert refused == [422] * len(refused)
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_channel")


async def test_a_device_gets_another_name_and_keeps_its_address(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        answer = await world.send("owner", "PATCH", f"/api/v1/devices/{DEVICE}", json={"name": " Trạm bơm "})
        bad = await world.send("owner", "PATCH", f"/api/v1/devices/{DEVICE}", json={"name": "\u200f"})
    assert answer.json() == {"id": DEVICE, "site": world.site_id, "slug": "may", "name": "Trạm bơm"}
    assert bad.status_code == 422


@pytest.mark.parametrize(("who", "watts", "tariff"), [("viewer", 60, 2200), ("guest", None, None)])
async def test_a_guest_is_told_the_name_and_not_what_it_draws_and_costs(
    tmp_path: Path, who: str, watts: int | None, tariff: int | None
) -> None:
    async with who_world(tmp_path) as world:
        wanted = {"label": "Đèn ao", "power_w": 60, "ask_first": True}
        await world.send("owner", "PATCH", f"/api/v1/devices/{DEVICE}/channels/den", json=wanted)
        await world.send("owner", "PATCH", f"/api/v1/sites/{world.site_id}", json={"tariff_vnd_kwh": 2200})
        told = (await world.send(who, "GET", "/api/v1/snapshot")).json()
    [lamp] = [it for device in told["devices"] for it in device["channels"] if it["id"] == "den"]
    assert (lamp["name"], lamp["ask_first"], lamp["power_w"]) == ("Đèn ao", True, watts)
    assert [site["tariff_vnd_kwh"] for site in told["sites"]] == [tariff]


async def test_the_price_of_power_is_set_changed_and_forgotten(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        address = f"/api/v1/sites/{world.site_id}"
        told = [
            (await world.send("owner", "PATCH", address, json=fields)).json().get("tariff_vnd_kwh", "refused")
            for fields in ({"tariff_vnd_kwh": 2200}, {"name": "Vườn mới"}, {"tariff_vnd_kwh": None}, {"tariff_vnd_kwh": 0})
        ]
        page = f"/sites/{world.slug}"
        whole = {"name": "Vườn", "timezone": "UTC"}
        await world.send("owner", "POST", page, data={**whole, "tariff": "1984"})
        set_there = (await world.send("owner", "GET", page, headers={"Accept": "text/html"})).text
        await world.send("owner", "POST", page, data={**whole, "tariff": ""})
        [site] = (await world.send("owner", "GET", "/api/v1/sites")).json()
    assert told == [2200, 2200, None, "refused"]
    assert 'name="tariff"' in set_there
    assert 'value="1984"' in set_there
    assert site["tariff_vnd_kwh"] is None


@pytest.mark.parametrize(("days", "status"), [("1", 200), ("7", 200), ("30", 200), ("2", 422)])
async def test_the_plots_of_a_device_tell_of_a_day_a_week_or_a_month(tmp_path: Path, days: str, status: int) -> None:
    async with who_world(tmp_path) as world:
        answer = await world.send("viewer", "GET", f"/devices/{DEVICE}?days={days}")
    assert answer.status_code == status
