"""Who is asking, as routes see it: from the session's cookie to a Principal."""

from typing import Annotated, Final, cast

from fastapi import Depends, Request, Response

from server.accounts.accounts import Accounts
from server.accounts.principal import Principal
from server.errors import Problem
from server.settings import Settings

PLAIN_COOKIE: Final = "congtac"
HTTPS_COOKIE: Final = "__Host-congtac"
SIGN_IN: Final = "/sign-in"


def accounts_of(request: Request) -> Accounts:
    """The accounts of the application that this request came to."""
    return cast("Accounts", request.app.state.accounts)


def session_token(request: Request) -> str | None:
    """The session's token that came with the request."""
    return request.cookies.get(HTTPS_COOKIE if _secure(request) else PLAIN_COOKIE) or None


async def find_principal(request: Request) -> Principal | None:
    """Who is asking; None for somebody who is not signed in."""
    token = session_token(request)
    return None if token is None else await accounts_of(request).principal(token)


async def require_principal(request: Request) -> Principal:
    """Who is asking. Others get a 401, or with a browser the way to sign in."""
    principal = await find_principal(request)
    if principal is None:
        raise Problem(
            401, "not_signed_in", "Not signed in", "Sign in through a link from the owner, then try again.", page=SIGN_IN
        )
    return principal


Asking = Annotated[Principal, Depends(require_principal)]


def set_session(request: Request, response: Response, token: str) -> None:
    """Have the browser keep the session's token, where scripts and other sites cannot use it."""
    secure = _secure(request)
    response.set_cookie(
        HTTPS_COOKIE if secure else PLAIN_COOKIE,
        token,
        max_age=accounts_of(request).session_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop_session(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    secure = _secure(request)
    response.delete_cookie(HTTPS_COOKIE if secure else PLAIN_COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def _secure(request: Request) -> bool:
    settings = cast("Settings", request.app.state.settings)
    return request.url.scheme == "https" or settings.public_url.startswith("https://")
