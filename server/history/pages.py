"""A channel's own page: what it is, why, what it was; and the same as a file."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from protocol.messages import ChannelKind
from server.accounts import Principal, Visiting
from server.actors import actor_of
from server.commands.minutes import WrongMinutes, choices_s, longest_s
from server.devices.access import known_channel
from server.devices.state import DeviceNow
from server.history.export import BEGIN, ENCODING, MEDIA_TYPE, MOST_ROWS, cells, encoded
from server.history.prices import prices
from server.history.search import find_segments
from server.history.timeline import Segment
from server.history.usage import Day, Tally, Use, days_until
from server.http import pages_of
from server.live.views import device_view_for
from server.schedules import Next, Schedules, next_of_channel
from server.switchboard import Switchboard, switchboard
from server.web.actors import who
from server.zones import zone_of

router = APIRouter(include_in_schema=False)

MOST_LISTED: Final = 100
Span = Literal["1", "7", "30"]


@dataclass(frozen=True, slots=True)
class Typed:
    """Minutes that somebody typed, and what is wrong with them."""

    text: str
    wrong: WrongMinutes


@dataclass(frozen=True, slots=True)
class Began:
    """A segment, and why it began; for guests without names of people."""

    segment: Segment
    cause: str | None
    actor: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """What a channel was: day by day, and the latest times one by one. `left_out`: how many earlier ones there are."""

    uses: list[Use]
    began: list[Began]
    left_out: int


@router.get("/devices/{device_id}/channels/{channel}")
async def show(
    device_id: str, channel: str, principal: Visiting, request: Request, days: Annotated[Span, Query()] = "1"
) -> Response:
    """The page. `days`: how much of the past it shows."""
    device = known_channel(switchboard(request).registry, principal, device_id, channel)
    return await channel_page(request, principal, device, channel, span=int(days))


@router.get("/devices/{device_id}/channels/{channel}/history.csv")
async def export(
    device_id: str, channel: str, principal: Visiting, request: Request, days: Annotated[int, Query(ge=1, le=31)] = 30
) -> Response:
    """What it was on the last so many days, as a file for a spreadsheet."""
    device = known_channel(switchboard(request).registry, principal, device_id, channel)
    every = _days(request, device, days)
    name = f"{device.slug}-{channel}-{every[-1].date.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_rows(request, principal, device, channel, every), headers=headers, media_type=MEDIA_TYPE)


async def channel_page(
    request: Request,
    principal: Principal,
    device: DeviceNow,
    channel: str,
    *,
    span: int = 1,
    typed: Typed | None = None,
    status_code: int = 200,
) -> Response:
    """The page of a channel that exists for them. `typed`: minutes that could not be, to be shown again with what is wrong."""
    about = device.channels[channel].about
    most_s = longest_s(about.max_on_s, principal.guest.longest_on_s if principal.guest else None)
    schedules: Schedules = request.app.state.schedules
    planned: list[Next] = []
    if principal.guest is None:
        now_ms, texts = switchboard(request).now_ms(), pages_of(request).texts(request)
        planned = await next_of_channel(schedules, device.id, channel, now_ms, texts)
    past = None
    if about.kind is not ChannelKind.SENSOR:
        past = await _past(request, principal, device, channel, _days(request, device, span))
    return pages_of(request).render(
        request,
        "channel.html",
        status_code=status_code,
        viewer=principal,
        snapshot=_snapshot(switchboard(request), principal, device, channel),
        planned=planned,
        span=span,
        past=past,
        most_s=most_s,
        choices_s=choices_s(most_s),
        typed=typed,
        tab="home",
        back=_address(device, channel, span),
    )


def _snapshot(board: Switchboard, who: Principal, device: DeviceNow, channel: str) -> dict[str, Any]:
    """What a snapshot has of one channel, its device and its place."""
    _, tariff = prices(who, device, channel, board.sites[device.site_id])
    seen = device_view_for(who, device)
    liked = [] if who.guest else board.favourites.of(who.user_id)
    return {
        "now_ms": board.now_ms(),
        "link": "up" if board.hub.link_up else "down",
        "sites": [{**board.sites[device.site_id], "role": who.role_at(device.site_id), "tariff_vnd_kwh": tariff}],
        "devices": [{**seen, "channels": [it for it in seen["channels"] if it["id"] == channel]}],
        "favourites": [f"{device.id}/{channel}"] if (device.id, channel) in liked else [],
    }


def _address(device: DeviceNow, channel: str, span: int) -> str:
    return f"/devices/{device.id}/channels/{channel}" + (f"?days={span}" if span > 1 else "")


def _days(request: Request, device: DeviceNow, count: int) -> list[Day]:
    board = switchboard(request)
    return days_until(board.now_ms(), count, zone_of(board.sites[device.site_id]["timezone"]))


async def _past(request: Request, principal: Principal, device: DeviceNow, channel: str, days: list[Day]) -> Past:
    now_ms = switchboard(request).now_ms()
    tally, latest, count = Tally(days, now_ms), deque[Began](maxlen=MOST_LISTED), 0
    async for piece in _pieces(request, principal, device, channel, days[0].from_ms, now_ms):
        tally.add(it.segment for it in piece)
        latest.extend(piece)
        count += len(piece)
    return Past(tally.uses, list(latest), count - len(latest))


async def _pieces(
    request: Request, principal: Principal, device: DeviceNow, channel: str, since_ms: int, until_ms: int
) -> AsyncIterator[list[Began]]:
    """The segments, in pieces, each with why it began."""
    told: dict[int, tuple[str | None, str | None]] = {}
    read = switchboard(request).database.read
    async for segments, why in find_segments(read, device.id, channel, since_ms, until_ms):
        told.update(why)
        piece = [Began(it, *told.get(it.from_ms, (None, None))) for it in segments]
        yield [replace(it, actor=_told_to(principal, actor_of(it.actor))) for it in piece]
        passed_ms = segments[-1].to_ms if segments else since_ms
        told = {at_ms: by for at_ms, by in told.items() if at_ms >= passed_ms}


def _told_to(principal: Principal, actor: str | None) -> str | None:
    """Guests are told of no person."""
    return actor if principal.guest is None or actor == principal.known_as else None


async def _rows(request: Request, principal: Principal, device: DeviceNow, channel: str, days: list[Day]) -> AsyncIterator[bytes]:
    """The file, a piece at a time."""
    board, t = switchboard(request), pages_of(request).texts(request)
    zone = zone_of(board.sites[device.site_id]["timezone"])
    yield BEGIN.encode(ENCODING)
    yield encoded([[t(f"csv.{name}") for name in ("from", "until", "seconds", "was", "why", "who")]])
    left = MOST_ROWS
    async for piece in _pieces(request, principal, device, channel, days[0].from_ms, board.now_ms()):
        rows = [
            cells(
                it.segment,
                t(f"csv.{it.segment.was}"),
                t.first(f"cause.{it.cause}", "cause.other") if it.cause else "",
                who(it.actor, t) if it.actor else "",
                zone,
            )
            for it in piece[:left]
        ]
        yield encoded(rows)
        left -= len(rows)
        if left == 0:
            yield encoded([[t("csv.cut", n=MOST_ROWS)]])
            return
