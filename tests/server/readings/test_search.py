"""Readings in buckets, on both databases, and over the API."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.messages import About, ChannelAbout, ChannelKind
from server.db import Database
from server.devices.models import Device
from server.devices.state import Measured
from server.migrations import migrate
from server.readings.models import ReadingRow
from server.readings.search import MOST_BUCKETS, Bucket, Series, find_series, step_for
from server.sites import Site
from tests.server.serving import serving
from tests.server.who_world import DEVICE, WhoWorld, who_world

HOUR = 3_600_000
START = 1_790_000_400_000  # on a full ten minutes
SENSOR = ChannelAbout(id="am", name="Độ ẩm", kind=ChannelKind.SENSOR)


def row(at_ms: int, value: float, unit: str = "%", channel: str = "am") -> ReadingRow:
    return ReadingRow(device_id=DEVICE, channel=channel, at_ms=at_ms, value=value, unit=unit)


async def series(address: str, rows: list[ReadingRow], span: int = HOUR, most: int = 6) -> Series:
    database = Database(address)
    await migrate(database.engine)

    async def keep(session: AsyncSession) -> None:
        session.add(Site(id="s", slug="s", name="S", timezone="UTC", created_ms=1))
        await session.flush()
        session.add(Device(id=DEVICE, site_id="s", slug="may", name="Máy", created_ms=1))
        await session.flush()
        session.add_all(rows)

    async with serving(database):
        await database.writer.run(keep)
        async with database.read() as session:
            return await find_series(session, DEVICE, "am", START, START + span, most)


async def test_values_are_told_in_buckets_and_a_gap_is_a_missing_bucket(address: str) -> None:
    rows = [row(START, 60.0), row(START + 599_999, 62.0), row(START + 600_000, 70.0), row(START + HOUR - 1, 50.5)]
    outside = [row(START - 1, 1.0), row(START + HOUR, 99.0), row(START + 5, 7.0, channel="other")]
    assert await series(address, rows + outside) == Series(
        "%",
        600_000,
        [
            Bucket(START, 60.0, 61.0, 62.0, 2),
            Bucket(START + 600_000, 70.0, 70.0, 70.0, 1),
            Bucket(START + 3_000_000, 50.5, 50.5, 50.5, 1),
        ],
    )


async def test_values_in_another_unit_than_the_last_are_not_mixed_in(address: str) -> None:
    found = await series(address, [row(START, 300.0, "K"), row(START + 1, 20.0, "°C")])
    assert (found.unit, [it.n for it in found.buckets]) == ("°C", [1])


async def test_where_nothing_was_measured_there_is_nothing(address: str) -> None:
    assert await series(address, []) == Series(None, 600_000, [])


@pytest.mark.parametrize(
    ("span", "most", "step"),
    [(HOUR, 360, 10_000), (24 * HOUR, 288, 300_000), (31 * 24 * HOUR, 500, 7_200_000), (31 * 24 * HOUR, 1, 2_678_400_000)],
)
def test_a_bucket_is_the_shortest_round_step_that_is_long_enough(span: int, most: int, step: int) -> None:
    assert step_for(span, most) == step


async def asked(world: WhoWorld, who: str = "owner", channel: str = "am", **query: Any) -> tuple[int, Any]:
    path = f"/api/v1/devices/{DEVICE}/channels/{channel}/readings"
    answer = await world.send(who, "GET", path, params=query)
    return answer.status_code, answer.json()


async def test_the_api_tells_readings_of_sensors_and_of_the_device_s_health(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        device = world.app.state.switchboard.registry.get(DEVICE)
        lamp = ChannelAbout(id="den", name="den", kind=ChannelKind.OUTPUT)
        device.hear_about(About(model="m", version="1", channels=(lamp, SENSOR)))

        async def keep(session: AsyncSession) -> None:
            session.add_all([row(START, 60.0), row(START, -60.0, "dBm", "wifi-signal")])

        await world.write(keep)
        whole = {"since_ms": START, "until_ms": START + HOUR, "buckets": 6}
        assert await asked(world, **whole) == (
            200,
            {
                "device": DEVICE,
                "channel": "am",
                "unit": "%",
                "bucket_ms": 600_000,
                "buckets": [{"from_ms": START, "min": 60.0, "avg": 60.0, "max": 60.0, "n": 1}],
            },
        )
        assert (await asked(world, channel="wifi-signal", **whole))[1]["unit"] == "dBm"
        assert await asked(world, buckets=1) == (
            200,
            {"device": DEVICE, "channel": "am", "unit": None, "bucket_ms": 86_400_000, "buckets": []},
        )
        refused = [
            (await asked(world, channel="wifi-signal", who="guest"))[0],
            (await asked(world, who="guest"))[0],
            (await asked(world, channel="la"))[0],
            (await asked(world, channel="den"))[1]["code"],
            (await asked(world, since_ms=5, until_ms=5))[1]["code"],
            (await asked(world, since_ms=0, until_ms=32 * 24 * HOUR))[1]["code"],
            (await asked(world, buckets=MOST_BUCKETS + 1))[0],
        ]
    assert refused == [404, 404, 404, "not_a_sensor", "not_valid", "not_valid", 422]


async def test_the_device_s_page_draws_what_it_measures_and_says_it_in_words(tmp_path: Path) -> None:
    async with who_world(tmp_path) as world:
        board = world.app.state.switchboard
        device = board.registry.get(DEVICE)
        device.hear_about(About(model="m", version="1", channels=(SENSOR,)))
        device.measured["wifi-signal"] = Measured(board.now_ms(), -60.0, "dBm")

        async def keep(session: AsyncSession) -> None:
            session.add_all(row(board.now_ms() - minutes * 60_000, 60.0 + minutes) for minutes in (60, 55, 50, 5, 1))

        await world.write(keep)
        page = await world.send("viewer", "GET", f"/devices/{DEVICE}", headers={"Accept": "text/html", "Accept-Language": "vi"})
    assert page.text.count('class="plot-line"') == 2
    assert 'aria-label="Độ ẩm: thấp nhất 61,0%, cao nhất 120%, gần nhất 6' in page.text
    assert "Chưa có số đo trong khoảng này." in page.text
    assert "-60,0\u00a0dBm" in page.text
