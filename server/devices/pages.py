"""The section of a site's page about its devices."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts import Proven
from server.audit import note
from server.devices.enrolment import Offer
from server.devices.management import management
from server.names import Name
from server.settings import Settings
from server.sites.access import At, owner_at
from server.sites.membership import unknown_site
from server.sites.pages import Slug
from server.sites.sections import Section, site_page
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)

ANCHOR: Final = "devices"
DeviceId = Annotated[str, Path(max_length=16)]


@router.post("/sites/{slug}/devices")
async def offer(request: Request, asking: Proven, slug: Slug, name: Annotated[Name, Form()]) -> Response:
    """Get a code for a new device. The page that answers shows it, this once."""
    at = await owner_at(request, asking, slug=slug)
    made = await management(request).offer(asking, at.site.id, name)
    note(request, site=at.site.id, device_id=made.device_id)
    return await _with_code(request, at, made)


@router.post("/sites/{slug}/devices/{device_id}/replace")
async def replace(request: Request, asking: Proven, slug: Slug, device_id: DeviceId) -> Response:
    """Get a code for new hardware of a device."""
    at = await _owner_of(request, asking, slug, device_id)
    return await _with_code(request, at, await management(request).offer_again(asking, device_id))


@router.post("/sites/{slug}/devices/{device_id}/revoke")
async def revoke(request: Request, asking: Proven, slug: Slug, device_id: DeviceId) -> Response:
    """End a device, for ever."""
    at = await _owner_of(request, asking, slug, device_id)
    revoked = await management(request).revoke(asking, device_id)
    if not revoked.broker_told:
        return await site_page(request, at, fresh={"anchor": ANCHOR, "broker_not_told": True})
    return RedirectResponse(f"/sites/{slug}#{ANCHOR}", 303)


@router.post("/sites/{slug}/devices/{device_id}/renew")
async def renew(request: Request, asking: Proven, slug: Slug, device_id: DeviceId) -> Response:
    """Have a device make a new secret."""
    at = await _owner_of(request, asking, slug, device_id)
    renewed = await management(request).renew(asking, device_id)
    word = "renewed" if renewed.broker_told else "broker_not_told"
    return await site_page(request, at, fresh={"anchor": ANCHOR, word: True})


async def _owner_of(request: Request, asking: Proven, slug: str, device_id: str) -> At:
    at = await owner_at(request, asking, slug=slug)
    device = switchboard(request).registry.get(device_id)
    if device is None or device.site_id != at.site.id:
        raise unknown_site()
    note(request, site=at.site.id)
    return at


async def _with_code(request: Request, at: At, made: Offer) -> Response:
    settings: Settings = request.app.state.settings
    command = f"congtac-agent enroll {settings.address} {made.code}"
    fresh = {"anchor": ANCHOR, "offer": made, "command": command}
    return await site_page(request, at, fresh=fresh, status_code=201)


async def _shown(request: Request, at: At) -> dict[str, Any]:
    return {"devices": [device for device in switchboard(request).registry if device.site_id == at.site.id]}


SECTION: Final = Section(ANCHOR, _shown)
