"""A person's own data over HTTP, for the person alone, who has just proved who they are."""

import unicodedata
from typing import Annotated, Any, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from server.accounts import Principal, Proven
from server.accounts.asking import ACCOUNT, drop_session
from server.audit import note
from server.clock import now_ms
from server.db import Database
from server.errors import Problem
from server.http import pages_of
from server.personal.erasure import Erasure
from server.personal.export import export

router = APIRouter()

FILE_NAME = "congtac-my-data.json"
Typed = Annotated[str, Field(max_length=500)]


class EraseIn(BaseModel):
    """`name`: the person's own, typed once more."""

    name: Typed


@router.get(
    "/api/v1/account/export",
    tags=["account"],
    summary="Everything that is kept about you",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}, "description": "One JSON file"}},
)
async def export_all(request: Request, person: Proven) -> StreamingResponse:
    """A file to keep. No secret and no hash is in it."""
    return _file(request, person)


@router.post("/api/v1/account/erase", tags=["account"], status_code=204, summary="Erase yourself")
async def erase(request: Request, person: Proven, sure: EraseIn) -> None:
    """For good: all sign-ins, passkeys, tokens and memberships end. What you switched stays in the history, without your name."""
    await _erase(request, person, sure.name)


@router.get(f"{ACCOUNT}/data", include_in_schema=False)
async def page(request: Request, person: Proven) -> Response:
    """The same for people: the file, and what goes and what stays."""
    return await _page(request, person)


@router.get(f"{ACCOUNT}/data/export", include_in_schema=False)
async def export_from_page(request: Request, person: Proven) -> StreamingResponse:
    """The file."""
    return _file(request, person)


@router.post(f"{ACCOUNT}/erase", include_in_schema=False)
async def erase_from_page(request: Request, person: Proven, name: Annotated[Typed, Form()] = "") -> Response:
    """Asks again while the name that was typed is another one."""
    if not _same(name, person.name):
        return await _page(request, person, status_code=422, wrong=True)
    await _erase(request, person, name)
    response = pages_of(request).render(request, "account_erased.html")
    drop_session(request, response)
    return response


async def _page(request: Request, person: Principal, **told: Any) -> Response:
    sites = await _erasure(request).last_owner_of(person.user_id)
    return pages_of(request).render(request, "account_data_page.html", viewer=person, sites=sites, **{"wrong": False, **told})


async def _erase(request: Request, person: Principal, typed: str) -> None:
    if not _same(typed, person.name):
        raise Problem(422, "not_your_name", "This is not your name", "Type your own name, as the page shows it.")
    await _erasure(request).erase(person.user_id)
    note(request, what="erased a person")


def _same(typed: str, name: str) -> bool:
    plain = [" ".join(unicodedata.normalize("NFC", text).casefold().split()) for text in (typed, name)]
    return plain[0] == plain[1]


def _file(request: Request, person: Principal) -> StreamingResponse:
    pieces = export(cast("Database", request.app.state.database), person.user_id, now_ms())
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    return StreamingResponse(pieces, headers=headers, media_type="application/json")


def _erasure(request: Request) -> Erasure:
    return cast("Erasure", request.app.state.erasure)
