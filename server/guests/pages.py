"""The section of a site's page about guest links."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from protocol.messages import ChannelKind
from server.accounts import Proven
from server.clock import now_ms
from server.errors import Problem
from server.guests.access import guest_url, guests_of, must_be_of
from server.guests.routes import MOST_CHANNELS
from server.names import Name
from server.sites.access import At, owner_at
from server.sites.pages import Slug
from server.sites.sections import Section, site_page
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)

ANCHOR: Final = "guests"
DAYS: Final = (1, 3, 7, 30, 90)
MINUTES: Final = (1, 5, 10, 30, 60, 120)
DAY_MS: Final = 24 * 3600 * 1000


@router.post("/sites/{slug}/guest-links")
async def make_link(
    request: Request,
    asking: Proven,
    slug: Slug,
    name: Annotated[Name, Form()],
    days: Annotated[int, Form(ge=1, le=max(DAYS))],
    minutes: Annotated[int, Form(ge=1, le=max(MINUTES))],
    channels: Annotated[list[str] | None, Form(max_length=MOST_CHANNELS)] = None,
) -> Response:
    """Make a guest link, and show it this once. `channels`: each a device's id, a slash, a channel's id."""
    at = await owner_at(request, asking, slug=slug)
    chosen = frozenset((device, channel) for device, _, channel in (it.partition("/") for it in channels or ()))
    if not chosen:
        raise Problem(422, "not_valid", "Not valid", "channels: choose at least one")
    must_be_of(request, at.site.id, chosen)
    made, token = await guests_of(request).make(
        at.site.id, asking.user_id, name, chosen, expires_ms=now_ms() + days * DAY_MS, longest_on_s=minutes * 60
    )
    fresh = {"anchor": ANCHOR, "id": made.id, "url": guest_url(request, token)}
    return await site_page(request, at, fresh=fresh, status_code=201)


@router.post("/sites/{slug}/guest-links/{link_id}/revoke")
async def revoke(request: Request, asking: Proven, slug: Slug, link_id: str) -> Response:
    """End one."""
    at = await owner_at(request, asking, slug=slug)
    await guests_of(request).revoke(at.site.id, link_id, asking.user_id)
    return RedirectResponse(f"/sites/{slug}#{ANCHOR}", 303)


async def _shown(request: Request, at: At) -> dict[str, Any]:
    devices = [device for device in switchboard(request).registry if device.site_id == at.site.id]
    names = {(device.id, it.about.id): it.name for device in devices for it in device.channels.values()}
    outputs = [(device, [it for it in device.channels.values() if it.about.kind is ChannelKind.OUTPUT]) for device in devices]
    return {
        "links": await guests_of(request).list_open(at.site.id),
        "names": names,
        "devices": [(device, channels) for device, channels in outputs if channels],
        "days": DAYS,
        "minutes": MINUTES,
    }


SECTION: Final = Section(ANCHOR, _shown, owners_only=True)
