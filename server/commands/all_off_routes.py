"""All off at a place: over the API, and as a page that asks first and then tells what became of it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from server.accounts import Asking
from server.audit import note
from server.commands.all_off import Done, Plan, carry_out, plan
from server.commands.schemas import CommandOut, wait_s
from server.commands.wish import Actor
from server.errors import Problem
from server.http import pages_of
from server.limits import limits_of
from server.live.views import command_view
from server.sites.access import At, at_site
from server.sites.pages import Slug
from server.switchboard import switchboard

router = APIRouter()

PAGE_WAITS_S: Final = 4.0


class LeftOut(BaseModel):
    """A channel that may be on and got no command. `reason`: as `code` says it for a single command."""

    device: str
    channel: str
    reason: str


class AllOffOut(BaseModel):
    """`commands`: one OFF for each channel that may be on. `left`: what may be on and got none."""

    commands: list[CommandOut]
    left: list[LeftOut]


@router.post(
    "/api/v1/sites/{site_id}/all-off",
    responses={200: {"model": AllOffOut}, 202: {"model": AllOffOut, "description": "Some commands are not settled yet"}},
    tags=["commands"],
)
async def all_off(
    request: Request,
    asking: Asking,
    site_id: Annotated[str, Path(max_length=32)],
    prefer: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Switch off every output of a place that may be on. 200 when all that was sent is settled within `Prefer: wait=N`, else 202."""
    at = _commander(request, await at_site(request, asking, site_id=site_id))
    if not switchboard(request).hub.link_up:
        raise Problem(503, "link_down", "The server cannot reach the broker", "Nothing was sent. Try again in a moment.")
    done = await _carry_out(request, at, wait_s(prefer))
    under_way = any(command.is_under_way for _, command in done.sent)
    return Response(to_json(_told(done)), 202 if under_way else 200, media_type="application/json")


@router.get("/sites/{slug}/all-off", include_in_schema=False)
async def question(request: Request, asking: Asking, slug: Slug) -> Response:
    """What would be switched off, what cannot be, and the button that does it."""
    at = _commander(request, await at_site(request, asking, slug=slug))
    return pages_of(request).render(request, "all_off.html", viewer=asking, at=at, todo=_plan(request, at), tab="home")


@router.post("/sites/{slug}/all-off", include_in_schema=False)
async def all_off_by_form(request: Request, asking: Asking, slug: Slug) -> Response:
    """Do it, and tell what became of it."""
    at = _commander(request, await at_site(request, asking, slug=slug))
    done = await _carry_out(request, at, PAGE_WAITS_S)
    return pages_of(request).render(request, "all_off_done.html", viewer=asking, at=at, done=done, tab="home")


def _commander(request: Request, at: At) -> At:
    note(request, site=at.site.id)
    if not at.who.may_command(at.site.id):
        raise Problem(403, "may_only_look", "You may only look", "Ask an owner of this place to make you an operator.")
    return at


def _plan(request: Request, at: At) -> Plan:
    board = switchboard(request)
    return plan((device for device in board.registry if device.site_id == at.site.id), link_up=board.hub.link_up)


async def _carry_out(request: Request, at: At, within_s: float) -> Done:
    todo = _plan(request, at)
    limits_of(request).command(at.who.actor, guest=False, count=max(1, len(todo.targets)))
    done = await carry_out(switchboard(request).desk, Actor(at.who.actor, at.who.known_as), todo, within_s)
    note(request, commands=len(done.sent), off=len(done.off), left=len(done.left))
    return done


def _told(done: Done) -> dict[str, Any]:
    return {
        "commands": [command_view(command) for _, command in done.sent],
        "left": [{"device": it.target.device.id, "channel": it.target.channel.about.id, "reason": it.reason} for it in done.left],
    }
