"""Which sites exist for somebody, and what they may do there."""

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from server.accounts import Principal
from server.sites.membership import owners_only, unknown_site
from server.sites.models import Role, Site
from server.sites.sites import Sites


@dataclass(frozen=True, slots=True)
class At:
    """A person at a site that they are a member of."""

    site: Site
    who: Principal
    role: Role


def sites_of(request: Request) -> Sites:
    """The sites of the application that this request came to."""
    return cast("Sites", request.app.state.sites)


async def at_site(request: Request, who: Principal, *, site_id: str | None = None, slug: str | None = None) -> At:
    """The site with that id or short name, for a member. Raises Problem 404."""
    site = await sites_of(request).find_by(site_id=site_id, slug=slug)
    if site is None or not who.may_see(site.id):
        raise unknown_site()
    return At(site, who, who.roles[site.id])


async def owner_at(request: Request, who: Principal, *, site_id: str | None = None, slug: str | None = None) -> At:
    """The same for an owner. Raises Problem 404, or 403 for another member."""
    at = await at_site(request, who, site_id=site_id, slug=slug)
    if not at.role.may_manage:
        raise owners_only()
    return at
