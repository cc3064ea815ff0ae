"""Switching without scripts: a form, answered with the page that it stands on."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from protocol.messages import LONGEST_LEASE_S
from server.accounts import Principal, Visiting
from server.audit import note
from server.commands.issuing import issue
from server.commands.minutes import LONGEST_TYPED, WrongMinutes, longest_s, read_minutes
from server.commands.wish import Wish
from server.devices.access import device_to_command
from server.devices.state import DeviceNow
from server.errors import Problem
from server.history.pages import Typed, channel_page
from server.http import own_path, pages_of, wants_page, with_page
from server.limits import limits_of
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)

FORM_WAITS_S: Final = 2.0


@router.post("/devices/{device_id}/channels/{channel}")
async def issue_by_form(
    device_id: str,
    channel: str,
    on: Annotated[bool, Form()],
    principal: Visiting,
    request: Request,
    for_s: Annotated[int | None, Form(ge=1, le=LONGEST_LEASE_S)] = None,
    typed: Annotated[bool, Form()] = False,
    minutes: Annotated[str, Form()] = "",
    back: Annotated[str, Form(max_length=500)] = "/",
    sure: Annotated[bool, Form()] = False,
) -> Response:
    """Switch, wait a moment, then show `back` again. `for_s`: for so long; `typed`: for so long as `minutes` says.

    Minutes that cannot be are answered with the channel's page, which says so beside what was typed; ON for what is to ask first with
    the question, unless it was answered: `sure`.
    """
    board = switchboard(request)
    device = device_to_command(board.registry, principal, device_id, channel)
    if typed and on:
        asked = read_minutes(minutes, _longest_s(principal, device, channel))
        if isinstance(asked, WrongMinutes):
            return await _wrong(request, principal, device, channel, Typed(minutes[:LONGEST_TYPED], asked))
        for_s = asked
    known = device.channels.get(channel)
    if on and not sure and known is not None and known.chosen.ask_first:
        shown = {"device": device, "channel": known, "for_s": for_s}
        return pages_of(request).render(request, "ask_first.html", viewer=principal, back=own_path(back), shown=shown, tab="home")
    limits_of(request).command(principal.actor, guest=principal.guest is not None)
    command = await issue(board, principal, Wish(device_id=device_id, channel=channel, on=on, for_s=for_s if on else None))
    note(request, command=command.id, on=command.on)
    await board.desk.settled(command, FORM_WAITS_S)
    return RedirectResponse(own_path(back), status_code=303)


def _longest_s(principal: Principal, device: DeviceNow, channel: str) -> int:
    known = device.channels.get(channel)
    return longest_s(known.about.max_on_s if known else None, principal.guest.longest_on_s if principal.guest else None)


async def _wrong(request: Request, principal: Principal, device: DeviceNow, channel: str, typed: Typed) -> Response:
    problem = Problem(422, "not_valid", "Not valid", f"minutes: {typed.wrong}")
    if channel not in device.channels or not wants_page(request):
        raise problem
    return with_page(request, problem, await channel_page(request, principal, device, channel, typed=typed, status_code=422))
