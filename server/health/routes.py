"""For whoever watches over the server: no sign-in, nothing private."""

from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from server.health.checks import OK, Checks

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> dict[str, str]:
    """Answers as long as the server can answer at all."""
    return {"status": OK}


@router.get(
    "/readyz", summary="Whether the server can do its work", responses={503: {"description": "It cannot; `checks` says why."}}
)
async def readyz(request: Request) -> Response:
    """Every check by name, with `ok` or what is wrong."""
    outcome = await cast("Checks", request.app.state.checks).outcome()
    ready = all(word == OK for word in outcome.values())
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": outcome}, 200 if ready else 503)
