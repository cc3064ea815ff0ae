"""The page of a person's own things: a list of sections, each a template of its own and what it shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from server.accounts.asking import ACCOUNT, InPerson
from server.accounts.principal import Principal
from server.accounts.tokens import routes as tokens
from server.http import pages_of

router = APIRouter(include_in_schema=False)

Shows = Callable[[Request, Principal], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its anchor, and what its template `account_{anchor}.html` gets as `shown`."""

    anchor: str
    shows: Shows

    @property
    def template(self) -> str:
        """The template's name."""
        return f"account_{self.anchor}.html"


async def _who(_request: Request, principal: Principal) -> dict[str, Any]:
    return {"name": principal.name}


async def _nothing(_request: Request, _principal: Principal) -> dict[str, Any]:
    return {}


SECTIONS: Final = (Section("who", _who), Section("tokens", tokens.shown), Section("activity", _nothing))


@router.get(ACCOUNT)
async def account(request: Request, principal: InPerson) -> Response:
    """All sections, in their order."""
    sections = [
        {"anchor": section.anchor, "template": section.template, "shown": await section.shows(request, principal)}
        for section in SECTIONS
    ]
    return pages_of(request).render(request, "account.html", viewer=principal, sections=sections)
