"""The sites that a person is a member of."""

from typing import cast

from fastapi import APIRouter, Request
from pydantic import BaseModel

from server.accounts.asking import Asking
from server.sites.models import Role
from server.sites.sites import Sites

router = APIRouter(prefix="/api/v1/sites", tags=["sites"])


class SiteOut(BaseModel):
    """A site, and what the person who asks may do there."""

    id: str
    slug: str
    name: str
    timezone: str
    role: Role


@router.get("", summary="The sites that you are a member of")
async def my_sites(request: Request, asking: Asking) -> list[SiteOut]:
    """By name. Sites of others do not exist here."""
    found = await cast("Sites", request.app.state.sites).find(asking.roles)
    return [SiteOut(**site.model_dump(), role=asking.roles[site.id]) for site in found]
