"""The section of a site's page about invitations."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts import Proven
from server.clock import now_ms
from server.invitations.access import invitation_url, invitations_of
from server.names import Note
from server.sites import Role
from server.sites.access import At, owner_at
from server.sites.pages import Slug
from server.sites.sections import Section, site_page

router = APIRouter(include_in_schema=False)

ANCHOR: Final = "invitations"
DAYS: Final = (1, 7, 30)
DAY_MS: Final = 24 * 3600 * 1000


@router.post("/sites/{slug}/invitations")
async def invite(
    request: Request,
    asking: Proven,
    slug: Slug,
    role: Annotated[Role, Form()],
    uses: Annotated[Literal["once", "many"], Form()],
    days: Annotated[int, Form(ge=1, le=max(DAYS))],
    note: Annotated[Note, Form()] = "",
) -> Response:
    """Make an invitation, and show its link this once."""
    at = await owner_at(request, asking, slug=slug)
    expires_ms = now_ms() + days * DAY_MS
    made, token = await invitations_of(request).make(
        at.site.id, asking.user_id, role, once=uses == "once", expires_ms=expires_ms, note=note
    )
    fresh = {"anchor": ANCHOR, "id": made.id, "url": invitation_url(request, token)}
    return await site_page(request, at, fresh=fresh, status_code=201)


@router.post("/sites/{slug}/invitations/{invitation_id}/revoke")
async def revoke(request: Request, asking: Proven, slug: Slug, invitation_id: str) -> Response:
    """End one."""
    at = await owner_at(request, asking, slug=slug)
    await invitations_of(request).revoke(at.site.id, invitation_id, asking.user_id)
    return RedirectResponse(f"/sites/{slug}#{ANCHOR}", 303)


async def _shown(request: Request, at: At) -> dict[str, Any]:
    return {"offers": await invitations_of(request).list_open(at.site.id), "roles": list(Role)[::-1], "days": DAYS}


SECTION: Final = Section(ANCHOR, _shown, owners_only=True)
