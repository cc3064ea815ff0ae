"""The page of one device: how it is and was, its channels, what it measures, and for owners what can be changed about it."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from protocol.health import CPU_TEMPERATURE, HEALTH, WIFI_SIGNAL
from protocol.messages import ChannelKind
from server.accounts import Asking, Principal
from server.devices.access import device_to_manage, visible_device
from server.devices.choosing import choose, move, rename
from server.devices.choosing_routes import ChannelId, Watts, channel_to_manage
from server.devices.chosen import ICONS, Icon
from server.devices.state import DeviceNow, DevicePresence, Measured
from server.history.outages import silent_ms
from server.history.silences import find_outages
from server.http import pages_of
from server.live.views import device_view
from server.names import Name, Note
from server.readings.search import find_series
from server.switchboard import Switchboard, switchboard

router = APIRouter(include_in_schema=False)

DeviceId = Annotated[str, Path(max_length=16)]

STORY_DAYS: Final = 30
MOST_TOLD: Final = 40
PLOTTED: Final = 200
DAY_MS: Final = 24 * 3600 * 1000
SPANS: Final = {"1": DAY_MS, "7": 7 * DAY_MS, "30": 30 * DAY_MS}


@router.get("/devices/{device_id}")
async def show(
    request: Request, asking: Asking, device_id: DeviceId, days: Annotated[Literal["1", "7", "30"], Query()] = "1"
) -> Response:
    """A device, for members of its place; owners may change it. `days`: of how many its plots tell."""
    device = visible_device(switchboard(request).registry, asking, device_id)
    return await device_page(request, asking, device, span=SPANS[days])


@router.post("/devices/{device_id}/rename")
async def change_name(request: Request, asking: Asking, device_id: DeviceId, name: Annotated[Name, Form()]) -> Response:
    """Call it something else."""
    board = switchboard(request)
    await rename(board, device_to_manage(board.registry, asking, device_id), name)
    return RedirectResponse(f"/devices/{device_id}", 303)


@router.post("/devices/{device_id}/channels/{channel}/settings")
async def change_channel(
    request: Request,
    asking: Asking,
    device_id: DeviceId,
    channel: ChannelId,
    label: Annotated[Note, Form()] = "",
    icon: Annotated[Icon | None, Form()] = None,
    power_w: Annotated[Watts | None, Form()] = None,
    ask_first: Annotated[bool, Form()] = False,
) -> Response:
    """Name it, and say what it is. The whole form counts; what is as the wiring says goes on following the wiring."""
    board = switchboard(request)
    device = channel_to_manage(board, asking, device_id, channel)
    wired = device.channels[channel].about
    fields = {
        "label": label if label and label != wired.name else None,
        "icon": icon if icon != wired.icon else None,
        "power_w": power_w,
        "ask_first": ask_first,
    }
    await choose(board, device, channel, fields)
    return _back_to(device, channel)


@router.post("/devices/{device_id}/channels/{channel}/move")
async def move_channel(
    request: Request, asking: Asking, device_id: DeviceId, channel: ChannelId, to: Annotated[Literal["up", "down"], Form()]
) -> Response:
    """Move it by one place."""
    board = switchboard(request)
    device = channel_to_manage(board, asking, device_id, channel)
    await move(board, device, channel, lambda place: place + (1 if to == "down" else -1))
    return _back_to(device, channel)


async def device_page(
    request: Request,
    who: Principal,
    device: DeviceNow,
    *,
    span: int = DAY_MS,
    fresh: dict[str, Any] | None = None,
    status_code: int = 200,
) -> Response:
    """The page. `span`: how much its plots tell, in ms. `fresh`: what was done just now and is told this once."""
    board = switchboard(request)
    now_ms = board.now_ms()
    async with board.database.read() as session:
        silences = await find_outages(session, device.id, now_ms - STORY_DAYS * DAY_MS, caught_up=device.caught_up_at is None)
        series = {name: await find_series(session, device.id, name, now_ms - span, now_ms, PLOTTED) for name in _measured(device)}
    return pages_of(request).render(
        request,
        "device.html",
        status_code=status_code,
        viewer=who,
        device=device,
        site=board.sites[device.site_id],
        snapshot=_snapshot(board, who, device, now_ms),
        facts=_facts(device),
        outages=silences[:MOST_TOLD],
        silent_ms=silent_ms(silences, now_ms - STORY_DAYS * DAY_MS, now_ms),
        days=STORY_DAYS,
        series=series,
        span=span,
        spans=SPANS,
        names={name: it.name for name, it in device.channels.items()},
        owner=who.may_manage(device.site_id),
        icons=ICONS,
        fresh=fresh,
        back=f"/devices/{device.id}",
    )


def _snapshot(board: Switchboard, who: Principal, device: DeviceNow, now_ms: int) -> dict[str, Any]:
    """What a snapshot has of the device and its place."""
    site = {**board.sites[device.site_id], "role": who.role_at(device.site_id)}
    link = "up" if board.hub.link_up else "down"
    return {"now_ms": now_ms, "link": link, "sites": [site], "devices": [device_view(device)]}


def _measured(device: DeviceNow) -> list[str]:
    """What the device measures, its own health last."""
    sensors = [name for name, it in device.channels.items() if it.about.kind is ChannelKind.SENSOR]
    return sensors + [name for name in HEALTH if name in device.measured and name not in device.channels]


def _facts(device: DeviceNow) -> dict[str, Any]:
    """What is known of the machine; None where nothing is."""
    away = device.presence in (DevicePresence.OFFLINE, DevicePresence.REVOKED)
    return {
        "heard_ms": device.heard_ms or (device.presence_ms if away else None),
        "model": device.about.model if device.about else None,
        "version": device.about.version if device.about else None,
        "clock": device.clock,
        "signal": _healthy(device, WIFI_SIGNAL),
        "temperature": _healthy(device, CPU_TEMPERATURE),
    }


def _healthy(device: DeviceNow, name: str) -> Measured | None:
    """What it told of its own health."""
    return None if name in device.channels else device.measured.get(name)


def _back_to(device: DeviceNow, channel: str) -> Response:
    return RedirectResponse(f"/devices/{device.id}#channel-{channel}", 303)
