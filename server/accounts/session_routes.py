"""A person sees where they are signed in, and ends it there."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from server.accounts.account_page import back_to
from server.accounts.asking import ACCOUNT, SIGN_IN, InPerson, accounts_of, drop_session
from server.accounts.principal import Principal
from server.errors import Problem

router = APIRouter()


class SessionOut(BaseModel):
    """A session. `browser`: a plain word, or nothing; `this`: it is the one that asks."""

    id: str
    browser: str
    created_ms: int
    seen_ms: int
    ends_ms: int
    this: bool


@router.get("/api/v1/sessions", tags=["sessions"], summary="Where you are signed in")
async def my_sessions(request: Request, principal: InPerson) -> list[SessionOut]:
    """Your own, the one that was used last first. `seen_ms` is right to five minutes."""
    found = await accounts_of(request).sessions_of(principal.user_id)
    return [SessionOut(**row.model_dump(include=set(SessionOut.model_fields)), this=_is_own(row.id, principal)) for row in found]


@router.delete("/api/v1/sessions/{session_id}", tags=["sessions"], status_code=204, summary="End one of your sessions")
async def end_session(request: Request, principal: InPerson, session_id: str) -> None:
    """It lets nobody in any more, and its open streams end within 5 s."""
    await _end(request, principal, session_id)


@router.post(ACCOUNT + "/sessions/{session_id}/end", include_in_schema=False)
async def end_session_by_form(request: Request, principal: InPerson, session_id: str) -> Response:
    """The same for a browser."""
    await _end(request, principal, session_id)
    if not _is_own(session_id, principal):
        return back_to("sessions", "session_ended")
    response = RedirectResponse(SIGN_IN, 303)
    drop_session(request, response)
    return response


@router.post(ACCOUNT + "/sessions/end-others", include_in_schema=False)
async def end_others(request: Request, principal: InPerson) -> Response:
    """End all but the one that asks."""
    await accounts_of(request).end_others(principal)
    return back_to("sessions", "sessions_ended")


async def _end(request: Request, principal: Principal, session_id: str) -> None:
    if not await accounts_of(request).end_session(principal.user_id, session_id):
        raise Problem(404, "unknown_session", detail="There is no such session of yours.")


def _is_own(session_id: str, principal: Principal) -> bool:
    return principal.session is not None and principal.session.id == session_id
