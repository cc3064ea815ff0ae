"""Who is asking, as routes see it: from the session's cookie to a Principal."""

from typing import Annotated, Final, Protocol, cast
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response

from server.accounts.accounts import Accounts
from server.accounts.principal import Principal
from server.audit import note
from server.db import StorageError, WriterBusy
from server.errors import Problem
from server.http import own_path
from server.http.bearer import bearer_of
from server.settings import Settings

PLAIN_COOKIE: Final = "congtac"
HTTPS_COOKIE: Final = "__Host-congtac"
SIGN_IN: Final = "/sign-in"
PROVE: Final = "/prove"
ACCOUNT: Final = "/account"
GUEST_MARK: Final = "guest-"
"""What a guest's session token begins with, and a person's does not."""


class Guests(Protocol):
    """The application puts one at `app.state.guests`."""

    async def principal(self, token: str) -> Principal | None:
        """Whose guest session it is, None for none."""

    async def close(self, token: str) -> None:
        """End a guest's session, if it is one."""


def accounts_of(request: Request) -> Accounts:
    """The accounts of the application that this request came to."""
    return cast("Accounts", request.app.state.accounts)


def session_token(request: Request) -> str | None:
    """The session's token that came with the request; none counts beside an API token."""
    if bearer_of(request.scope) is not None:
        return None
    return request.cookies.get(HTTPS_COOKIE if _secure(request) else PLAIN_COOKIE) or None


async def find_principal(request: Request) -> Principal | None:
    """Which person is asking; None for somebody who is not signed in, and for a guest.

    A session whose token is to change gets its new one with the answer. Raises Problem 401 for an API token that is good for
    nothing: a program must not go on as somebody else, or as nobody.
    """
    shown = bearer_of(request.scope)
    if shown is not None:
        return await _by_api_token(request, shown)
    token = session_token(request)
    if token is None or token.startswith(GUEST_MARK):
        return None
    principal = _known(request, await accounts_of(request).principal(token))
    if principal is not None and principal.session is not None and principal.session.renew:
        await _renew(request, token)
    return principal


async def find_visitor(request: Request) -> Principal | None:
    """The person or the guest who is asking; None for anybody else."""
    token = session_token(request)
    if token is None or not token.startswith(GUEST_MARK):
        return await find_principal(request)
    return _known(request, await cast("Guests", request.app.state.guests).principal(token))


def _known(request: Request, principal: Principal | None) -> Principal | None:
    """Leaves who it is where the audit trail looks for it."""
    if principal is not None:
        request.state.actor = principal.actor
    return principal


async def still_asking(request: Request, principal: Principal) -> Principal | None:
    """For answers that go on and on: the same principal as it is now, None when it may no longer listen. It is no use of a session."""
    if principal.session is None:
        shown = bearer_of(request.scope)
        return await (find_visitor(request) if shown is None else accounts_of(request).token_principal(shown))
    return await accounts_of(request).still(principal)


async def _by_api_token(request: Request, token: str) -> Principal:
    principal = await accounts_of(request).token_principal(token)
    if principal is None:
        raise Problem(
            401,
            "bad_token",
            "This token is good for nothing",
            "It was revoked, has ended or never was. Make a new one on the account page.",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    note(request, token_id=principal.token_id)
    _known(request, principal)
    return principal


async def _renew(request: Request, token: str) -> None:
    try:
        renewed = await accounts_of(request).renew(token)
    except (WriterBusy, StorageError):
        return  # whoever is signed in is served also while nothing can be written; the next request tries again
    if renewed is not None:
        cookie = Response()
        set_session(request, cookie, renewed)
        request.scope["late_cookie"] = cookie.headers["set-cookie"]


async def require_principal(request: Request) -> Principal:
    """Who is asking. Others get a 401, or with a browser the way to sign in."""
    principal = await find_principal(request)
    if principal is None:
        raise _not_signed_in()
    return principal


async def require_visitor(request: Request) -> Principal:
    """The same for a person or a guest."""
    principal = await find_visitor(request)
    if principal is None:
        raise _not_signed_in()
    return principal


def _not_signed_in() -> Problem:
    return Problem(401, "not_signed_in", "Not signed in", "Sign in through a link from the owner, then try again.", page=SIGN_IN)


Asking = Annotated[Principal, Depends(require_principal)]
Visiting = Annotated[Principal, Depends(require_visitor)]
"""Only for routes that show a guest nothing but what the link grants."""


async def require_in_person(principal: Asking) -> Principal:
    """Who is asking, with a session of their own. A program with their token gets a 403: it is not them."""
    if principal.token_id is not None:
        raise Problem(
            403,
            "not_with_a_token",
            "A token cannot do this",
            "It is for the person alone: sign in and do it on the account page.",
        )
    return principal


InPerson = Annotated[Principal, Depends(require_in_person)]


async def require_proven(request: Request, principal: InPerson) -> Principal:
    """Who is asking in person, if they proved who they are a short while ago. Others get a 403, or with a browser the way to prove it."""
    if not accounts_of(request).has_proved(principal):
        raise Problem(
            403,
            "prove_yourself",
            "Say again who you are",
            "This needs a sign-in that is fresh. Open /prove on this server, or sign in again, then try again.",
            page=f"{PROVE}?{urlencode({'then': _way_back(request)})}",
        )
    return principal


Proven = Annotated[Principal, Depends(require_proven)]


def _way_back(request: Request) -> str:
    """The page to go on with: the one that was asked for, or the one whose form was sent."""
    if request.method in ("GET", "HEAD"):
        return own_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    return own_path(urlsplit(request.headers.get("referer", "")).path or ACCOUNT)


async def end_session(request: Request) -> None:
    """End the session that the request came with, a person's or a guest's."""
    token = session_token(request)
    if token is not None and token.startswith(GUEST_MARK):
        await cast("Guests", request.app.state.guests).close(token)
    elif token is not None:
        await accounts_of(request).sign_out(token)


def set_session(request: Request, response: Response, token: str, lasts_s: int | None = None) -> None:
    """Have the browser keep the session's token, where scripts and other sites cannot use it."""
    secure = _secure(request)
    response.set_cookie(
        HTTPS_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=lasts_s or accounts_of(request).session_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Have the browser forget it, and all that the page kept on the phone (Clear-Site-Data; heard over HTTPS and on localhost)."""
    response.headers["Clear-Site-Data"] = '"storage"'
    secure = _secure(request)
    response.delete_cookie(HTTPS_COOKIE if secure else PLAIN_COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def _secure(request: Request) -> bool:
    settings = cast("Settings", request.app.state.settings)
    return request.scope["scheme"] == "https" or settings.public_url.startswith("https://")
