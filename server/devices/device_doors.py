"""From a device's page: other hardware for it, a new secret, and its end. For owners who proved who they are a short while ago."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts import Proven
from server.devices.access import device_to_manage
from server.devices.device_page import DeviceId, device_page
from server.devices.management import management
from server.devices.pages import enroll_command
from server.errors import Problem
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)


@router.post("/devices/{device_id}/replace")
async def replace(request: Request, asking: Proven, device_id: DeviceId) -> Response:
    """Get a code for new hardware of a device. The page that answers shows it, this once."""
    made = await management(request).offer_again(asking, device_id)
    device = device_to_manage(switchboard(request).registry, asking, device_id)
    fresh = {"offer": made, "command": enroll_command(request, made.code) + " --again"}
    return await device_page(request, asking, device, fresh=fresh, status_code=201)


@router.post("/devices/{device_id}/renew")
async def renew(request: Request, asking: Proven, device_id: DeviceId) -> Response:
    """Have a device make a new secret."""
    renewed = await management(request).renew(asking, device_id)
    device = device_to_manage(switchboard(request).registry, asking, device_id)
    return await device_page(request, asking, device, fresh={"renewed" if renewed.broker_told else "broker_not_told": True})


@router.post("/devices/{device_id}/revoke")
async def revoke(request: Request, asking: Proven, device_id: DeviceId, sure: Annotated[bool, Form()] = False) -> Response:
    """End a device, for ever, where that was asked for twice."""
    device = device_to_manage(switchboard(request).registry, asking, device_id)
    if not sure:
        raise Problem(422, "not_sure", "Say that you mean it", "A revoked device cannot come back. Tick the box, then try again.")
    revoked = await management(request).revoke(asking, device_id)
    if not revoked.broker_told:
        return await device_page(request, asking, device, fresh={"broker_not_told": True})
    return RedirectResponse(f"/devices/{device_id}", 303)
