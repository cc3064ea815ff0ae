"""The pages of sites: all of one's own, and each with its sections. Every form works without scripts."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts import Asking, InPerson, Proven
from server.http import pages_of
from server.names import Name
from server.sites.access import At, at_site, owner_at, sites_of
from server.sites.members import members_of
from server.sites.models import Role
from server.sites.routes import Latitude, Longitude, Tariff, UserId
from server.sites.sections import Section, site_page
from server.zones import ZoneName, zone_names

router = APIRouter(include_in_schema=False)

Slug = Annotated[str, Path(max_length=40)]


@router.get("/sites")
async def my_sites(request: Request, asking: Asking) -> Response:
    """One's places, and for owners the form for a further one."""
    found = await sites_of(request).find(asking.roles)
    sites = [(site, asking.roles[site.id]) for site in found]
    owner = Role.OWNER in asking.roles.values()
    return pages_of(request).render(request, "sites.html", viewer=asking, sites=sites, owner=owner, zones=zone_names())


@router.post("/sites")
async def add_site(
    request: Request, asking: Proven, name: Annotated[Name, Form()], timezone: Annotated[ZoneName, Form()]
) -> Response:
    """Make a further site."""
    site = await sites_of(request).add(name, timezone, asking.user_id)
    return RedirectResponse(f"/sites/{site.slug}", 303)


@router.get("/sites/{slug}")
async def show(request: Request, asking: Asking, slug: Slug) -> Response:
    """A site, for its members; owners see more."""
    return await site_page(request, await at_site(request, asking, slug=slug))


@router.post("/sites/{slug}")
async def change(
    request: Request,
    asking: Proven,
    slug: Slug,
    name: Annotated[Name, Form()],
    timezone: Annotated[ZoneName, Form()],
    tariff: Annotated[Tariff | None, Form()] = None,
    latitude: Annotated[Latitude | None, Form()] = None,
    longitude: Annotated[Longitude | None, Form()] = None,
) -> Response:
    """Rename it, move it to another time zone, say where the sun rises for it or what power costs there; left empty, nobody knows."""
    at = await owner_at(request, asking, slug=slug)
    place = {name: value for name, value in (("latitude", latitude), ("longitude", longitude)) if value is not None}
    await sites_of(request).change(at.site.id, asking.user_id, name=name, timezone=timezone, tariff_vnd_kwh=tariff, **place)
    return RedirectResponse(f"/sites/{slug}", 303)


@router.post("/sites/{slug}/members/{user_id}")
async def change_member(
    request: Request,
    asking: Proven,
    slug: Slug,
    user_id: UserId,
    role: Annotated[Literal["owner", "operator", "viewer", "none"], Form()],
) -> Response:
    """Give a member another role, or none."""
    at = await owner_at(request, asking, slug=slug)
    await sites_of(request).change_member(at.site.id, user_id, None if role == "none" else Role(role), asking.user_id)
    still = role != "none" or user_id != asking.user_id
    return RedirectResponse(f"/sites/{slug}" if still else "/", 303)


@router.post("/sites/{slug}/leave")
async def leave(request: Request, asking: InPerson, slug: Slug) -> Response:
    """Leave it."""
    at = await at_site(request, asking, slug=slug)
    await sites_of(request).leave(at.site.id, asking.user_id)
    return RedirectResponse("/", 303)


async def _members(request: Request, at: At) -> dict[str, Any]:
    return {"members": await members_of(request.app.state.database, at.site.id), "roles": list(Role)}


async def _settings(_request: Request, _at: At) -> dict[str, Any]:
    return {"zones": zone_names()}


async def _leave(_request: Request, _at: At) -> dict[str, Any]:
    return {}


MEMBERS: Final = Section("members", _members)
SETTINGS: Final = Section("settings", _settings, owners_only=True)
LEAVE: Final = Section("leave", _leave)
