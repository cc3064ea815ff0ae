"""Adding, replacing and revoking devices, for programs; and the one route that an agent without an identity may ask."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from server.accounts.asking import Proven
from server.audit import note
from server.devices.management import management
from server.names import Name

router = APIRouter(prefix="/api/v1", tags=["devices"])


class NewDevice(BaseModel):
    """What people will call the device."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class OfferOut(BaseModel):
    """A code for `congtac-agent enroll`: shown here once, good for one device until `expires_ms`."""

    code: str
    device: str
    name: str
    expires_ms: int


class Redemption(BaseModel):
    """A code, and a random key that the agent keeps until it has its identity: with both it may ask again."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=40)]
    key: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{43}$")]


class IdentityOut(BaseModel):
    """What the agent's identity file holds: see `congtac-agent`."""

    device_id: str
    secret: str
    broker_host: str
    broker_port: int
    broker_transport: str
    broker_path: str
    broker_tls: bool
    broker_ca: str | None
    server_keys: list[str]
    keys_version: int


class RedeemedOut(BaseModel):
    """One identity for each way to the broker, best first. They differ in nothing else."""

    name: str
    topic_base: str
    identities: list[IdentityOut]


class RevokedOut(BaseModel):
    """`broker_told` false: the broker must be restarted by its operator before the device is surely out."""

    id: str
    revoked_ms: int
    broker_told: bool


class RenewedOut(BaseModel):
    """`broker_told` false: the old secret holds until the broker's operator restarts it."""

    id: str
    broker_told: bool


@router.post("/sites/{site_id}/enrolments", status_code=201, summary="Get a code for a new device")
async def offer(request: Request, principal: Proven, site_id: str, wish: NewDevice) -> OfferOut:
    """For owners. The code works once, for 15 minutes."""
    made = await management(request).offer(principal, site_id, wish.name)
    note(request, site=site_id, device_id=made.device_id)
    return OfferOut(code=made.code, device=made.device_id, name=made.name, expires_ms=made.expires_ms)


@router.post("/devices/{device_id}/enrolments", status_code=201, summary="Get a code for new hardware of a device")
async def offer_again(request: Request, principal: Proven, device_id: str) -> OfferOut:
    """For owners. Id, name and history stay; the old hardware is out as soon as the code is redeemed."""
    made = await management(request).offer_again(principal, device_id)
    return OfferOut(code=made.code, device=made.device_id, name=made.name, expires_ms=made.expires_ms)


@router.post("/devices/{device_id}/revoke", summary="Revoke a device, for ever")
async def revoke(request: Request, principal: Proven, device_id: str) -> RevokedOut:
    """For owners. Its session at the broker ends at once; its history stays."""
    revoked = await management(request).revoke(principal, device_id)
    return RevokedOut(id=revoked.id, revoked_ms=revoked.revoked_ms, broker_told=revoked.broker_told)


@router.post("/devices/{device_id}/renew", summary="Renew a device's secret")
async def renew(request: Request, principal: Proven, device_id: str) -> RenewedOut:
    """For owners. The device makes a new secret, which nobody else learns; it keeps its outputs as they are, and is back in a moment."""
    renewed = await management(request).renew(principal, device_id)
    return RenewedOut(id=renewed.id, broker_told=renewed.broker_told)


@router.post("/enrol", summary="Redeem an enrolment code, as a device's agent does")
async def redeem(request: Request, redemption: Redemption) -> RedeemedOut:
    """For agents, which have no account yet. Tries are counted."""
    client = request.client.host if request.client else ""
    device, papers = await management(request).redeem(client, redemption.code, redemption.key)
    note(request, site=device.site_id, device_id=device.id)
    return RedeemedOut.model_validate(papers)
