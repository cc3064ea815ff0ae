"""The star on a channel: a form, for members in person."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts import InPerson
from server.audit import note
from server.devices.access import visible_channel
from server.errors import Problem
from server.http import own_path
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)


@router.post("/devices/{device_id}/channels/{channel}/favourite")
async def star(
    request: Request,
    asking: InPerson,
    device_id: Annotated[str, Path(max_length=16)],
    channel: Annotated[str, Path(max_length=32)],
    favourite: Annotated[bool, Form()],
    back: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Have a channel on top of one's home page, or no longer; then back to where they were."""
    board = switchboard(request)
    device = visible_channel(board.registry, asking, device_id, channel)
    note(request, site=device.site_id)
    if channel not in device.channels:
        raise Problem(404, "unknown_channel", "There is no such channel", f"{device.slug} has no such channel")
    await board.favourites.set(asking.user_id, (device_id, channel), favourite=favourite)
    board.hub.favourites_changed(asking.user_id)
    return RedirectResponse(own_path(back), 303)
