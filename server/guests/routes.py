"""Guest links over the API, and the page behind the link."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from protocol.messages import LONGEST_LEASE_S
from server.accounts import Asking, Proven, find_principal
from server.accounts.asking import end_session, set_session
from server.accounts.guessing import guarded
from server.audit import note
from server.guests.access import guest_url, guests_of, must_be_of
from server.guests.guests import LinkNow
from server.http import pages_of
from server.names import Name
from server.sites.access import owner_at
from server.sites.routes import SiteId

router = APIRouter(tags=["guest links"])
page_router = APIRouter(include_in_schema=False)

MOST_CHANNELS: Final = 64


class GrantedChannel(BaseModel):
    """A channel that a link grants."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str, Field(max_length=16)]
    channel: Annotated[str, Field(max_length=32)]


class GuestLinkIn(BaseModel):
    """A new guest link: what to call the guest, which channels, until when (at most 93 days), and the longest that an ON may last."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    channels: Annotated[list[GrantedChannel], Field(min_length=1, max_length=MOST_CHANNELS)]
    expires_ms: Annotated[StrictInt, Field(ge=0, lt=2**53)]
    longest_on_s: Annotated[StrictInt, Field(ge=1, le=LONGEST_LEASE_S)] = 600


class GuestLinkOut(BaseModel):
    """A guest link that works. `last_used_ms`: when a guest was last here, to the minute; null: never."""

    id: str
    name: str
    channels: list[GrantedChannel]
    created_ms: int
    expires_ms: int
    longest_on_s: int
    last_used_ms: int | None


class GuestLinkMade(GuestLinkOut):
    """The same with its address, which is told this once and kept nowhere."""

    url: str


def shown(found: LinkNow) -> dict[str, Any]:
    """A guest link as the API and the page tell of it."""
    kept = found.link.model_dump(include={"id", "name", "created_ms", "expires_ms", "longest_on_s", "last_used_ms"})
    return {**kept, "channels": [{"device": device, "channel": channel} for device, channel in sorted(found.channels)]}


@router.get("/api/v1/sites/{site_id}/guest-links", response_model=list[GuestLinkOut])
async def open_links(request: Request, asking: Asking, site_id: SiteId) -> Any:
    """Those that still work, the newest first. For owners."""
    at = await owner_at(request, asking, site_id=site_id)
    return [shown(found) for found in await guests_of(request).list_open(at.site.id)]


@router.post("/api/v1/sites/{site_id}/guest-links", status_code=201, response_model=GuestLinkMade)
async def make_link(request: Request, asking: Proven, site_id: SiteId, wanted: GuestLinkIn) -> Any:
    """Make a guest link. For owners. Its address is in the answer, and never again."""
    at = await owner_at(request, asking, site_id=site_id)
    channels = frozenset((it.device, it.channel) for it in wanted.channels)
    must_be_of(request, at.site.id, channels)
    made, token = await guests_of(request).make(
        at.site.id, asking.user_id, wanted.name, channels, expires_ms=wanted.expires_ms, longest_on_s=wanted.longest_on_s
    )
    return {**shown(LinkNow(made, at.site, channels)), "url": guest_url(request, token)}


@router.delete("/api/v1/sites/{site_id}/guest-links/{link_id}", status_code=204)
async def revoke_link(request: Request, asking: Proven, site_id: SiteId, link_id: Annotated[str, Path(max_length=32)]) -> None:
    """End a guest link: its guests are out at once, and what they asked for and was not sent is taken back. For owners."""
    at = await owner_at(request, asking, site_id=site_id)
    await guests_of(request).revoke(at.site.id, link_id, asking.user_id)


@page_router.get("/guest/{token}")
async def guest_page(request: Request, token: str) -> Response:
    """What the link offers. Only looking, as previews in chat programs do, opens nothing."""
    found = await guarded(request, lambda: guests_of(request).look(token))
    person = await find_principal(request)
    return pages_of(request).render(request, "guest.html", viewer=person, found=found)


@page_router.post("/guest/{token}")
async def open_link(request: Request, token: str) -> Response:
    """Be a guest in this browser; whoever was signed in here is signed out."""
    guests = guests_of(request)
    session, lasts_s = await guarded(request, lambda: guests.open(token))
    guest = await guests.principal(session)
    if guest is not None and guest.guest is not None:
        note(request, actor=guest.actor, site=guest.guest.site_id)
    await end_session(request)
    response = RedirectResponse("/", 303)
    set_session(request, response, session, lasts_s)
    return response
