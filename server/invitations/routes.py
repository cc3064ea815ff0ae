"""Invitations over the API, and the page behind the link."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from server.accounts import Asking, Proven, find_principal
from server.accounts.asking import accounts_of, end_session, require_in_person, set_session
from server.accounts.browsers import browser_of
from server.accounts.guessing import guarded
from server.audit import note
from server.errors import Problem
from server.http import pages_of
from server.invitations.access import invitation_url, invitations_of
from server.invitations.invitations import Offer
from server.names import BadName, Note, clean_name
from server.sites import Role
from server.sites.access import owner_at
from server.sites.routes import SiteId

router = APIRouter(tags=["invitations"])
page_router = APIRouter(include_in_schema=False)

Millis = Annotated[int, Field(ge=0, lt=2**53)]


class InvitationIn(BaseModel):
    """A new invitation: which role, for one person (`once`) or not, until when (null: no date), and a note of whom it is for."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    once: bool = True
    expires_ms: Millis | None = None
    note: Note = ""


class InvitationOut(BaseModel):
    """An open invitation. `by`: who made it; null where they are gone. `uses`: how many accepted it so far."""

    id: str
    role: Role
    once: bool
    expires_ms: int | None
    note: str
    by: str | None
    created_ms: int
    uses: int


class InvitationMade(InvitationOut):
    """The same with its address, which is told this once and kept nowhere."""

    url: str


def shown(offer: Offer) -> dict[str, Any]:
    """An open invitation as the API and the page tell of it."""
    kept = offer.invitation.model_dump(include={"id", "role", "once", "expires_ms", "note", "created_ms", "uses"})
    return {**kept, "by": offer.inviter}


@router.get("/api/v1/sites/{site_id}/invitations", response_model=list[InvitationOut])
async def open_invitations(request: Request, asking: Asking, site_id: SiteId) -> Any:
    """Those that can still be accepted, the newest first. For owners."""
    at = await owner_at(request, asking, site_id=site_id)
    return [shown(offer) for offer in await invitations_of(request).list_open(at.site.id)]


@router.post("/api/v1/sites/{site_id}/invitations", status_code=201, response_model=InvitationMade)
async def invite(request: Request, asking: Proven, site_id: SiteId, wanted: InvitationIn) -> Any:
    """Make an invitation. For owners. Its address is in the answer, and never again."""
    at = await owner_at(request, asking, site_id=site_id)
    made, token = await invitations_of(request).make(
        at.site.id, asking.user_id, wanted.role, once=wanted.once, expires_ms=wanted.expires_ms, note=wanted.note
    )
    return {**shown(Offer(made, at.site, asking.name)), "url": invitation_url(request, token)}


@router.delete("/api/v1/sites/{site_id}/invitations/{invitation_id}", status_code=204)
async def revoke(request: Request, asking: Proven, site_id: SiteId, invitation_id: Annotated[str, Path(max_length=32)]) -> None:
    """End an invitation. For owners."""
    at = await owner_at(request, asking, site_id=site_id)
    await invitations_of(request).revoke(at.site.id, invitation_id, asking.user_id)


@page_router.get("/invitations/{token}")
async def invitation_page(request: Request, token: str) -> Response:
    """Who invites, where to, as what. Only looking, as previews in chat programs do, uses nothing up."""
    offer = await guarded(request, lambda: invitations_of(request).look(token))
    person = await find_principal(request)
    return pages_of(request).render(request, "invitation.html", viewer=person, offer=offer)


@page_router.post("/invitations/{token}")
async def accept(request: Request, token: str, name: Annotated[str, Form(max_length=800)] = "") -> Response:
    """Become a member: as who one is, or with a name and a new account."""
    invitations = invitations_of(request)
    await guarded(request, lambda: invitations.look(token))
    person = await find_principal(request)
    if person is not None:
        await require_in_person(person)
        site = await invitations.accept(token, person.user_id)
        note(request, site=site.id)
        return RedirectResponse("/", 303)
    session = await invitations.accept_as_new(token, _checked(name), browser_of(request.headers.get("user-agent", "")))
    new = await accounts_of(request).principal(session)
    if new is not None:
        note(request, actor=new.actor, site=next(iter(new.roles), None))
    await end_session(request)
    response = RedirectResponse("/", 303)
    set_session(request, response, session)
    return response


def _checked(name: str) -> str:
    try:
        return clean_name(name)
    except BadName as bad:
        raise Problem(422, "not_valid", "Not valid", f"name: {bad}") from None
