"""History over HTTP."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from server.accounts import Principal, Visiting
from server.actors import actor_of
from server.devices.access import known_channel, visible_device
from server.errors import Problem
from server.history.models import EventRow
from server.history.prices import prices
from server.history.search import Before, find_events, find_segments
from server.history.timeline import Was
from server.history.usage import Sum, Tally, Use, cost_vnd, days_until, energy_wh, total
from server.switchboard import switchboard
from server.zones import zone_of

router = APIRouter(tags=["history"])

DAY_MS: Final = 24 * 3600 * 1000
LONGEST_DAYS: Final = 31


class EventOut(BaseModel):
    """Something that happened on a device: `at_ms` by its clock, `clock` how far that is trusted, `cause` why, `actor` for whom."""

    journal: str
    seq: int
    at_ms: int
    clock: str
    kind: str
    channel: str | None
    on: bool | None
    cause: str | None
    actor: str | None
    command: str | None
    reason: str | None
    lease_until_ms: int | None
    received_ms: int


class EventPage(BaseModel):
    """Events, newest first. `before`: give it back to get those that are older; null: there are none."""

    events: list[EventOut]
    before: str | None


class SegmentOut(BaseModel):
    """From `from_ms` until just before `to_ms` the channel was `on`, `off`, or nobody knows (`unknown`)."""

    from_ms: int
    to_ms: int
    was: Was


class TimelineOut(BaseModel):
    """What a channel was, without gap or overlap."""

    device: str
    channel: str
    segments: list[SegmentOut]


class CountedOut(BaseModel):
    """How long it was what, and how often it is known to have changed. While it was unknown it may have been on: energy and cost, null
    where power or price are not known, are at least so much.
    """

    on_ms: int
    off_ms: int
    unknown_ms: int
    switchings: int
    energy_wh: float | None
    cost_vnd: int | None


class DayOut(CountedOut):
    """A day of the place: 23 or 25 hours long where clocks change, and counted until now where it is today."""

    date: date
    from_ms: int
    to_ms: int


class UsageOut(BaseModel):
    """A channel's use, day by day, the oldest first."""

    device: str
    channel: str
    timezone: str
    power_w: int | None
    tariff_vnd_kwh: int | None
    days: list[DayOut]
    total: CountedOut


@router.get("/api/v1/devices/{device_id}/channels/{channel}/timeline", response_model=TimelineOut)
async def channel_timeline(
    device_id: str,
    channel: str,
    principal: Visiting,
    request: Request,
    since_ms: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
    until_ms: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
) -> Any:
    """What a channel was between two times, at most 31 days; without them, the last 24 hours. Unknown times are said to be unknown."""
    board = switchboard(request)
    device = known_channel(board.registry, principal, device_id, channel)
    now_ms = board.now_ms()
    until = min(now_ms, until_ms if until_ms is not None else now_ms)
    since = since_ms if since_ms is not None else until - DAY_MS
    if not since < until <= since + LONGEST_DAYS * DAY_MS:
        raise Problem(
            422, "not_valid", "Not valid", f"since_ms must be before until_ms, and at most {LONGEST_DAYS} days before it"
        )
    pieces = find_segments(board.database.read, device.id, channel, since, until)
    segments = [asdict(segment) async for piece, _ in pieces for segment in piece]
    return {"device": device.id, "channel": channel, "segments": segments}


@router.get("/api/v1/devices/{device_id}/channels/{channel}/usage", response_model=UsageOut)
async def channel_usage(
    device_id: str,
    channel: str,
    principal: Visiting,
    request: Request,
    days: Annotated[int, Query(ge=1, le=LONGEST_DAYS)] = 7,
) -> Any:
    """How long a channel was on, on each of the last so many days of its place, today last; with energy and cost where they can be told."""
    board = switchboard(request)
    device = known_channel(board.registry, principal, device_id, channel)
    site, now_ms = board.sites[device.site_id], board.now_ms()
    tally = Tally(days_until(now_ms, days, zone_of(site["timezone"])), now_ms)
    async for segments, _ in find_segments(board.database.read, device.id, channel, tally.uses[0].day.from_ms, now_ms):
        tally.add(segments)
    power_w, tariff = prices(principal, device, channel, site)
    return {
        "device": device.id,
        "channel": channel,
        "timezone": site["timezone"],
        "power_w": power_w,
        "tariff_vnd_kwh": tariff,
        "days": [{**_day(use), **_counted(use, power_w, tariff)} for use in tally.uses],
        "total": _counted(total(tally.uses), power_w, tariff),
    }


def _day(use: Use) -> dict[str, Any]:
    return {"date": use.day.date, "from_ms": use.day.from_ms, "to_ms": use.day.to_ms}


def _counted(use: Use | Sum, power_w: int | None, tariff: int | None) -> dict[str, Any]:
    return {
        "on_ms": use.on_ms,
        "off_ms": use.off_ms,
        "unknown_ms": use.unknown_ms,
        "switchings": use.switchings,
        "energy_wh": energy_wh(use.on_ms, power_w),
        "cost_vnd": cost_vnd(use.on_ms, power_w, tariff),
    }


@router.get("/api/v1/devices/{device_id}/history", response_model=EventPage)
async def history(
    device_id: str,
    principal: Visiting,
    request: Request,
    channel: Annotated[str | None, Query(max_length=32)] = None,
    since_ms: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    before: Annotated[str | None, Query(pattern=r"^\d{1,15}\.\d{1,15}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Any:
    """What happened on a device, newest first. Guests are told of their channels only, and of no person."""
    board = switchboard(request)
    device = visible_device(board.registry, principal, device_id)
    place = Before(*map(int, before.split("."))) if before else None
    async with board.database.read() as session:
        found = await find_events(
            session, device.id, limit + 1, channels=_channels(principal, device.id, channel), since_ms=since_ms, before=place
        )
    page = found[:limit]
    return {
        "events": [_told_to(principal, event) for event in page],
        "before": f"{page[-1].at_ms}.{page[-1].seq}" if len(found) > limit else None,
    }


def _channels(principal: Principal, device_id: str, only: str | None) -> list[str] | None:
    """The channels whose events are told; None: of all, and those of the device itself."""
    if principal.guest is None:
        return None if only is None else [only]
    granted = [channel for device, channel in principal.guest.channels if device == device_id]
    return [channel for channel in granted if only in (None, channel)]


def _told_to(principal: Principal, event: EventRow) -> dict[str, Any]:
    told = event.model_dump() | {"actor": actor_of(event.actor)}
    if principal.guest is not None and told["actor"] != principal.known_as:
        told |= {"actor": None, "command": None}
    return told
