"""Sites and their members over the API."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from server.accounts import Asking, InPerson, Proven
from server.names import Name
from server.sites.access import at_site, owner_at, sites_of
from server.sites.members import members_of
from server.sites.models import Role, Site
from server.zones import ZoneName

router = APIRouter(prefix="/api/v1/sites", tags=["sites"])

SiteId = Annotated[str, Path(max_length=32)]
UserId = Annotated[str, Path(max_length=32)]
Tariff = Annotated[int, Field(ge=1, le=1_000_000)]
"""What a kWh costs, in đồng."""
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class SiteOut(BaseModel):
    """A site, and what the person who asks may do there."""

    id: str
    slug: str
    name: str
    timezone: str
    tariff_vnd_kwh: int | None
    latitude: float
    longitude: float
    role: Role


class SiteIn(BaseModel):
    """A new site: its name, and its time zone's IANA name."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    timezone: ZoneName = "Asia/Ho_Chi_Minh"


class SiteChange(BaseModel):
    """What of a site is to change; what is left out stays, as does what is null. A tariff of null is forgotten."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    timezone: ZoneName | None = None
    tariff_vnd_kwh: Tariff | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    def fields(self) -> dict[str, Any]:
        """What is to change, by name."""
        said = self.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if value is not None or name == "tariff_vnd_kwh"}


class MemberOut(BaseModel):
    """A member of a site."""

    user: str
    name: str
    role: Role
    since_ms: int


class RoleIn(BaseModel):
    """A member's new role."""

    model_config = ConfigDict(extra="forbid")

    role: Role


def _out(site: Site, role: Role) -> SiteOut:
    return SiteOut(**site.model_dump(), role=role)


@router.get("", summary="The sites that you are a member of")
async def my_sites(request: Request, asking: Asking) -> list[SiteOut]:
    """By name. Sites of others do not exist here."""
    found = await sites_of(request).find(asking.roles)
    return [_out(site, asking.roles[site.id]) for site in found]


@router.post("", status_code=201)
async def add_site(request: Request, asking: Proven, wanted: SiteIn) -> SiteOut:
    """Make a further site and own it. For those who own one already."""
    return _out(await sites_of(request).add(wanted.name, wanted.timezone, asking.user_id), Role.OWNER)


@router.patch("/{site_id}")
async def change_site(request: Request, asking: Proven, site_id: SiteId, wanted: SiteChange) -> SiteOut:
    """Rename a site, move it to another zone, say what power costs or where the sun rises. For owners. Its short name stays."""
    at = await owner_at(request, asking, site_id=site_id)
    return _out(await sites_of(request).change(at.site.id, asking.user_id, **wanted.fields()), at.role)


@router.get("/{site_id}/members")
async def members(request: Request, asking: Asking, site_id: SiteId) -> list[MemberOut]:
    """Who is a member: owners first, each by name."""
    at = await at_site(request, asking, site_id=site_id)
    found = await members_of(request.app.state.database, at.site.id)
    return [MemberOut(user=it.user_id, name=it.name, role=it.role, since_ms=it.since_ms) for it in found]


@router.patch("/{site_id}/members/{user_id}", status_code=204)
async def change_member(request: Request, asking: Proven, site_id: SiteId, user_id: UserId, wanted: RoleIn) -> None:
    """Give a member another role. For owners; the last owner stays one."""
    at = await owner_at(request, asking, site_id=site_id)
    await sites_of(request).change_member(at.site.id, user_id, wanted.role, asking.user_id)


@router.delete("/{site_id}/members/{user_id}", status_code=204)
async def remove_member(request: Request, asking: Proven, site_id: SiteId, user_id: UserId) -> None:
    """Remove a member. For owners; the last owner stays."""
    at = await owner_at(request, asking, site_id=site_id)
    await sites_of(request).change_member(at.site.id, user_id, None, asking.user_id)


@router.post("/{site_id}/leave", status_code=204)
async def leave(request: Request, asking: InPerson, site_id: SiteId) -> None:
    """Leave a site. The last owner cannot."""
    at = await at_site(request, asking, site_id=site_id)
    await sites_of(request).leave(at.site.id, asking.user_id)
