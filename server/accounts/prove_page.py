"""Where a person proves anew who they are, before what is dangerous."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from server.accounts.asking import ACCOUNT, PROVE, InPerson
from server.http import own_path, pages_of

router = APIRouter(include_in_schema=False)


@router.get(PROVE)
async def how_to_prove(request: Request, principal: InPerson, then: Annotated[str, Query(max_length=500)] = ACCOUNT) -> Response:
    """The ways that this person has; with none, what to do."""
    return pages_of(request).render(request, "prove.html", viewer=principal, then=own_path(then))
