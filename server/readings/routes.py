"""Readings over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from protocol.health import HEALTH
from protocol.messages import ChannelKind
from server.accounts import Visiting
from server.devices.access import visible_channel
from server.errors import Problem
from server.readings.search import MOST_BUCKETS, find_series
from server.switchboard import switchboard

router = APIRouter(tags=["history"])

DAY_MS: Final = 24 * 3600 * 1000
LONGEST_DAYS: Final = 31


class BucketOut(BaseModel):
    """What was measured from `from_ms` on, for as long as a bucket is: the least, the mean and the most of `n` values."""

    from_ms: int
    min: float
    avg: float
    max: float
    n: int


class ReadingsOut(BaseModel):
    """Buckets of `bucket_ms` each; those in which nothing was measured are missing."""

    device: str
    channel: str
    unit: str | None
    bucket_ms: int
    buckets: list[BucketOut]


@router.get("/api/v1/devices/{device_id}/channels/{channel}/readings", response_model=ReadingsOut)
async def readings(
    device_id: str,
    channel: str,
    principal: Visiting,
    request: Request,
    since_ms: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    until_ms: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    buckets: Annotated[int, Query(ge=1, le=MOST_BUCKETS)] = 288,
) -> Any:
    """What a sensor measured between two times, at most 31 days; without them, the last 24 hours. A gap is where nothing was told."""
    board = switchboard(request)
    device = visible_channel(board.registry, principal, device_id, channel)
    known = device.channels.get(channel)
    if known is None and (channel not in HEALTH or principal.guest is not None):
        raise Problem(404, "unknown_channel", "There is no such channel", f"{device.slug} has no such channel")
    if known is not None and known.about.kind is not ChannelKind.SENSOR:
        raise Problem(409, "not_a_sensor", "This channel measures nothing", f"{channel} is a {known.about.kind}")
    until = until_ms if until_ms is not None else board.now_ms() + 1
    since = since_ms if since_ms is not None else max(0, until - DAY_MS)
    if not since < until <= since + LONGEST_DAYS * DAY_MS:
        raise Problem(
            422, "not_valid", "Not valid", f"since_ms must be before until_ms, and at most {LONGEST_DAYS} days before it"
        )
    async with board.database.read() as session:
        series = await find_series(session, device.id, channel, since, until, buckets)
    return {"device": device.id, "channel": channel, **asdict(series)}
