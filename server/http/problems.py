"""Errors as answers: application/problem+json for programs (RFC 9457), a page for people."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from server.db import StorageError, WriterBusy
from server.errors import Problem
from server.http.rendering import pages_of, wants_page

LONGEST_ECHO: Final = 200
MOST_FAULTS: Final = 10

_WORD: Final = {"type": "string"}
PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "What went wrong (RFC 9457)",
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status", "code"],
                    "properties": {
                        **dict.fromkeys(("type", "title", "code", "detail", "request_id"), _WORD),
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "faults": {"type": "array", "items": {"type": "object", "properties": {"where": _WORD, "what": _WORD}}},
                    },
                }
            }
        },
    }
}
"""What every route may answer besides its own, for the API's description."""

log = logging.getLogger(__name__)


def install_problems(app: FastAPI) -> None:
    """Have the application answer every error that it knows as a problem. What it does not know, `around.Boundary` answers."""

    async def answer(request: Request, error: Exception) -> Response:
        return respond(request, as_problem(error))

    for kind in (Problem, HTTPException, RequestValidationError, WriterBusy, StorageError):
        app.add_exception_handler(kind, answer)


def as_problem(error: Exception) -> Problem:
    """The problem that an error is to the caller. What is not known is a 500 that tells nothing of the inside."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _not_valid(error.errors())
        case HTTPException():
            return _plain(error)
        case WriterBusy():
            return Problem(
                503, "busy", detail="The server has more to write than it can. Try again.", headers={"Retry-After": "1"}
            )
        case StorageError():
            log.error("storage: %s", error)
            return Problem(503, "storage", detail="The server cannot reach its database now.", headers={"Retry-After": "5"})
        case _:
            return Problem(500, "internal", detail="Something went wrong inside the server. Its log has the details.")


def respond(request: Request, problem: Problem) -> Response:
    """The problem as a page or as a document. Its word is left where the audit trail looks for it."""
    request.scope.setdefault("state", {})["problem"] = problem.code
    if wants_page(request) and problem.page is not None:
        return RedirectResponse(problem.page, 303)
    if wants_page(request):
        after = problem.headers.get("Retry-After", "")
        after_s = int(after) if after.isdecimal() else None
        page = pages_of(request).render_error(request, problem.status, problem.code, after_s=after_s)
        page.headers.update(problem.headers)
        return page
    document = problem.document()
    if request_id := request.scope.get("state", {}).get("request_id"):
        document["request_id"] = request_id
    body = json.dumps(document, ensure_ascii=False)
    return Response(body, problem.status, problem.headers, media_type="application/problem+json")


def with_page(request: Request, problem: Problem, page: Response) -> Response:
    """The page that a route has made itself for a problem, with the problem's headers, and noted as `respond` does."""
    request.scope.setdefault("state", {})["problem"] = problem.code
    page.headers.update(problem.headers)
    return page


def _plain(error: HTTPException) -> Problem:
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail and error.detail != title else None
    headers = cast("dict[str, str] | None", error.headers)
    return Problem(error.status_code, title.lower().replace(" ", "_").replace("'", ""), title, detail, headers=headers)


def _not_valid(errors: Sequence[Any]) -> Problem:
    """Names each field and its fault in words; of what was sent, nothing comes back."""
    if errors and errors[0]["type"] == "json_invalid":
        return Problem(
            422, "not_json", "The request is not valid", f"The body is not JSON, from its character {errors[0]['loc'][-1]} on."
        )
    faults = [{"where": _where(error["loc"]), "what": _what(error)[:LONGEST_ECHO]} for error in errors[:MOST_FAULTS]]
    detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
    return Problem(422, "not_valid", "The request is not valid", detail, extra={"faults": faults})


def _what(error: Any) -> str:
    if error["type"] == "union_tag_invalid":  # its own words would repeat what was sent
        return f"{error['ctx']['discriminator']} must be one of {error['ctx']['expected_tags']}"
    return str(error["msg"])


def _where(loc: Sequence[str | int]) -> str:
    inside = [str(part)[:40] for part in loc[1:]]
    return ".".join(inside)[:LONGEST_ECHO] if inside else f"the {loc[0]}" if loc else "the request"
