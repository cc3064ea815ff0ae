"""The page of a person's own things: a list of sections, each a template of its own and what it shows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from server.accounts.asking import ACCOUNT, InPerson, accounts_of
from server.accounts.passkeys import routes as passkeys
from server.accounts.principal import Principal
from server.accounts.routes import passwords_of
from server.accounts.strength import LONGEST, SHORTEST
from server.accounts.tokens import routes as tokens
from server.http import pages_of

router = APIRouter(include_in_schema=False)

Shows = Callable[[Request, Principal], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its anchor, and what its template `account_{anchor}.html` gets as `shown`."""

    anchor: str
    shows: Shows


async def _who(_request: Request, principal: Principal) -> dict[str, Any]:
    return {"name": principal.name}


async def _password(request: Request, principal: Principal) -> dict[str, Any]:
    login = await passwords_of(request).login_name(principal.user_id)
    return {"login": login, "shortest": SHORTEST, "longest": LONGEST, "refused": None, "typed": login or ""}


async def _sessions(request: Request, principal: Principal) -> dict[str, Any]:
    own = principal.session.id if principal.session is not None else None
    return {"sessions": await accounts_of(request).sessions_of(principal.user_id), "own": own}


async def _notifications(request: Request, principal: Principal) -> dict[str, Any]:
    """What the application put at `notices_shown`: that domain knows people, so they cannot know it."""
    shows: Shows = request.app.state.notices_shown
    return await shows(request, principal)


async def _nothing(_request: Request, _principal: Principal) -> dict[str, Any]:
    return {}


SECTIONS: Final = (
    Section("who", _who),
    Section("appearance", _nothing),
    Section("notifications", _notifications),
    Section("passkeys", passkeys.shown),
    Section("password", _password),
    Section("sessions", _sessions),
    Section("tokens", tokens.shown),
    Section("activity", _nothing),
    Section("data", _nothing),
)


@router.get(ACCOUNT)
async def account(request: Request, principal: InPerson, done: Annotated[str, Query(max_length=40)] = "") -> Response:
    """All sections, in their order. `done`: what the person has just done here, as `back_to` says it."""
    return await account_page(request, principal, done=done)


async def account_page(
    request: Request,
    principal: Principal,
    *,
    status_code: int = 200,
    done: str = "",
    told: Mapping[str, Mapping[str, Any]] | None = None,
) -> Response:
    """The whole page. `told`: by anchor, what a section is told besides, as what was wrong with its form."""
    sections = [
        {
            "anchor": section.anchor,
            "template": f"account_{section.anchor}.html",
            "shown": {**await section.shows(request, principal), **(told or {}).get(section.anchor, {})},
        }
        for section in SECTIONS
    ]
    return pages_of(request).render(
        request, "account.html", status_code=status_code, viewer=principal, sections=sections, done=done
    )


def back_to(anchor: str, done: str) -> Response:
    """To that section again, which says that this was done."""
    return RedirectResponse(f"{ACCOUNT}?done={done}#{anchor}", 303)
