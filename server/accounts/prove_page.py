"""Where a person proves anew who they are, before what is dangerous."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts.asking import ACCOUNT, PROVE, InPerson
from server.accounts.passkeys.routes import has_passkey
from server.accounts.passwords import WrongPassword
from server.accounts.principal import Principal
from server.accounts.routes import Typed, passwords_of
from server.accounts.throttle import Throttled
from server.http import own_path, pages_of, with_page
from server.http.address import address_of

router = APIRouter(include_in_schema=False)


@router.get(PROVE)
async def how_to_prove(request: Request, principal: InPerson, then: Annotated[str, Query(max_length=500)] = ACCOUNT) -> Response:
    """The ways that this person has; with none, what to do."""
    return await _page(request, principal, then)


@router.post(PROVE)
async def prove_with_password(
    request: Request, principal: InPerson, password: Typed, then: Annotated[str, Form(max_length=500)] = ACCOUNT
) -> Response:
    """Go on to `then`, or show the form again with what was wrong, or with how long to wait."""
    try:
        await passwords_of(request).prove(principal, password, address_of(request))
    except WrongPassword as wrong:
        return with_page(request, wrong, await _page(request, principal, then, status_code=wrong.status, wrong=True))
    except Throttled as slowed:
        page = await _page(request, principal, then, status_code=slowed.status, wait_s=slowed.after_s)
        return with_page(request, slowed, page)
    return RedirectResponse(own_path(then), 303)


async def _page(request: Request, principal: Principal, then: str, *, status_code: int = 200, **told: Any) -> Response:
    ways = {
        "login": await passwords_of(request).login_name(principal.user_id),
        "passkeys": await has_passkey(request, principal.user_id),
    }
    return pages_of(request).render(
        request, "prove.html", status_code=status_code, viewer=principal, then=own_path(then), **ways, **told
    )
