"""Getting in and out: a link that works once, a session behind a cookie."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts.asking import SIGN_IN, accounts_of, drop_session, session_token, set_session
from server.audit import note
from server.http import pages_of

router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
async def how_to_get_in(request: Request) -> Response:
    """What to do without a link."""
    return pages_of(request).render(request, "sign_in.html")


@router.get(SIGN_IN + "/{token}")
async def link_page(request: Request, token: str) -> Response:
    """One button. Only looking, as previews in chat programs do, uses the link not up."""
    await accounts_of(request).check_link(token)
    return pages_of(request).render(request, "sign_in_link.html")


@router.post(SIGN_IN + "/{token}")
async def sign_in(request: Request, token: str) -> Response:
    """Use the link up; the browser's former session, if any, ends."""
    accounts = accounts_of(request)
    session = await accounts.sign_in(token)
    if (person := await accounts.principal(session)) is not None:
        note(request, actor=person.actor)
    if (former := session_token(request)) is not None:
        await accounts.sign_out(former)
    response = RedirectResponse("/", 303)
    set_session(request, response, session)
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here and in the browser."""
    accounts = accounts_of(request)
    if (token := session_token(request)) is not None:
        person = await accounts.principal(token)
        note(request, actor=person.actor if person else None)
        await accounts.sign_out(token)
    response = RedirectResponse(SIGN_IN, 303)
    drop_session(request, response)
    return response
