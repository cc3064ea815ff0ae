"""Getting in and out: with a password, by a link that works once, and behind both a session's cookie."""

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts.asking import SIGN_IN, accounts_of, drop_session, end_session, find_visitor, set_session
from server.accounts.browsers import browser_of
from server.accounts.guessing import guarded
from server.accounts.passwords import Passwords, WrongPassword
from server.accounts.throttle import Throttled
from server.audit import note
from server.http import pages_of, with_page
from server.http.address import address_of

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form(max_length=1000)]


def passwords_of(request: Request) -> Passwords:
    """The passwords of the application that this request came to."""
    return cast("Passwords", request.app.state.passwords)


@router.get(SIGN_IN)
async def how_to_get_in(request: Request) -> Response:
    """The form for who has a password, and what to do without one."""
    return pages_of(request).render(request, "sign_in.html")


@router.post(SIGN_IN)
async def sign_in_with_password(request: Request, login: Typed, password: Typed) -> Response:
    """Open a session, or show the form again with what was wrong, or with how long to wait."""
    try:
        session = await passwords_of(request).sign_in(login, password, address_of(request), _browser(request))
    except WrongPassword as wrong:
        page = pages_of(request).render(request, "sign_in.html", status_code=wrong.status, wrong=True, login=login[:40])
        return with_page(request, wrong, page)
    except Throttled as slowed:
        return _slowed(request, slowed, login[:40])
    return await _entered(request, session)


@router.get(SIGN_IN + "/{token}")
async def link_page(request: Request, token: str) -> Response:
    """One button. Only looking, as previews in chat programs do, uses the link not up."""
    await guarded(request, lambda: accounts_of(request).check_link(token))
    return pages_of(request).render(request, "sign_in_link.html")


@router.post(SIGN_IN + "/{token}")
async def sign_in(request: Request, token: str) -> Response:
    """Use the link up; the browser's former session, if any, ends."""
    return await _entered(request, await guarded(request, lambda: accounts_of(request).sign_in(token, _browser(request))))


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here and in the browser."""
    await find_visitor(request)
    await end_session(request)
    response = RedirectResponse(SIGN_IN, 303)
    drop_session(request, response)
    return response


async def _entered(request: Request, session: str) -> Response:
    """Home, with the new session; the browser's former one, if any, ends."""
    person = await accounts_of(request).principal(session)
    note(request, actor=person.actor if person else None)
    await end_session(request)
    response = RedirectResponse("/", 303)
    set_session(request, response, session)
    return response


def _browser(request: Request) -> str:
    return browser_of(request.headers.get("user-agent", ""))


def _slowed(request: Request, slowed: Throttled, login: str) -> Response:
    page = pages_of(request).render(request, "sign_in.html", status_code=slowed.status, wait_s=slowed.after_s, login=login)
    return with_page(request, slowed, page)
