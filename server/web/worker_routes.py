"""Where a phone finds the page's worker, and the page that the worker keeps for when there is no network."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from server.web.i18n import language_of
from server.web.worker import worker

router = APIRouter(include_in_schema=False)


@router.get("/sw.js")
async def script(request: Request) -> Response:
    """Asked for again at each visit, and sent only where it changed."""
    known = worker()
    headers = {"Cache-Control": "no-cache", "ETag": f'"{known.version}"', "Service-Worker-Allowed": "/"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(known.script, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/offline")
async def offline(request: Request, lang: Annotated[Literal["vi", "en"] | None, Query()] = None) -> Response:
    """The same for everybody: what was last known is on the phone alone."""
    language = lang or language_of(request)
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Cookie, Accept-Language"}
    return HTMLResponse(worker().pages[language], headers=headers)
