"""Devices on a place's page, and the way in for a new one: a name, then three steps, then a page that waits for it."""

from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from protocol.tls import is_loopback
from server.accounts import Asking, Proven
from server.audit import note
from server.devices.device_page import DeviceId
from server.devices.management import management
from server.devices.state import DevicePresence
from server.http import pages_of
from server.names import Name
from server.settings import Settings
from server.sites.access import At, owner_at
from server.sites.pages import Slug
from server.sites.sections import Section
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)

ANCHOR: Final = "devices"


@router.get("/sites/{slug}/devices/new")
async def begin(request: Request, asking: Proven, slug: Slug) -> Response:
    """Give a new device its name."""
    at = await owner_at(request, asking, slug=slug)
    return _page(request, "device_new.html", at)


@router.post("/sites/{slug}/devices")
async def offer(request: Request, asking: Proven, slug: Slug, name: Annotated[Name, Form()]) -> Response:
    """Get a code for a new device. The page that answers shows it, this once, with all that is to be typed."""
    at = await owner_at(request, asking, slug=slug)
    made = await management(request).offer(asking, at.site.id, name)
    note(request, site=at.site.id, device_id=made.device_id)
    return _page(request, "device_steps.html", at, status_code=201, offer=made, command=enroll_command(request, made.code))


@router.get("/sites/{slug}/devices/{device_id}/arrival")
async def arrival(request: Request, asking: Asking, slug: Slug, device_id: DeviceId) -> Response:
    """For browsers without scripts: waits for a device that was given a code, and leads to its page."""
    at = await owner_at(request, asking, slug=slug)
    device = switchboard(request).registry.get(device_id)
    here = device is not None and device.site_id == at.site.id
    if here and device is not None and device.presence is DevicePresence.ONLINE:
        return RedirectResponse(f"/devices/{device_id}", 303)
    return _page(request, "device_arrival.html", at, device_id=device_id, here=here)


def enroll_command(request: Request, code: str) -> str:
    """What is typed on a device to redeem a code."""
    settings: Settings = request.app.state.settings
    parts = urlsplit(settings.address)
    in_the_clear = parts.scheme == "http" and not is_loopback(parts.hostname or "")
    return f"congtac-agent enroll {settings.address} {code}" + (" --plain-http" if in_the_clear else "")


def _page(request: Request, name: str, at: At, *, status_code: int = 200, **told: Any) -> Response:
    back = f"/sites/{at.site.slug}"
    context = {"viewer": at.who, "at": at, "back": back, **told}
    return pages_of(request).render(request, name, status_code=status_code, **context)


async def _shown(request: Request, at: At) -> dict[str, Any]:
    return {"devices": [device for device in switchboard(request).registry if device.site_id == at.site.id]}


SECTION: Final = Section(ANCHOR, _shown)
