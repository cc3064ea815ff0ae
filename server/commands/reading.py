"""What a person or program asks for, read from its request.

FastAPI would do this from a signature, and takes half of the request's whole time for it. So the one request that has to be fast
reads itself, with the same models and the same errors, and says in `DOCUMENTED` what FastAPI would have said of it.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import StringConstraints, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from server.commands.schemas import WishIn, wait_s

KEY_PATTERN: Final = r"^[\x21-\x7e]{1,80}$"

_KEY: Final = TypeAdapter(Annotated[str, StringConstraints(pattern=KEY_PATTERN)])


def _parameter(name: str, where: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string", **schema}, "description": text}


DOCUMENTED: Final[dict[str, Any]] = {
    "parameters": [
        _parameter("device_id", "path", {}, "The device."),
        _parameter("channel", "path", {}, "One of its outputs."),
        _parameter("Prefer", "header", {"example": "wait=5"}, "Wait so many seconds for the command to be settled (RFC 7240)."),
        _parameter(
            "Idempotency-Key", "header", {"pattern": KEY_PATTERN}, "The same key again is answered with the first command."
        ),
    ],
    "requestBody": {"required": True, "content": {"application/json": {"schema": WishIn.model_json_schema()}}},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The body, how long the caller wants to wait in s, and the key that makes a retry harmless."""

    wish: WishIn
    wait_s: int
    idempotency_key: str | None


async def read_request(request: Request) -> Asked:
    """What is asked for. Raises RequestValidationError, which names the fault, or HTTPException 400 for no text."""
    headers = request.headers
    if not _is_json(headers.get("content-type", "")):
        raise RequestValidationError([{"type": "content_type", "loc": ("body",), "msg": "Must be told to be application/json"}])
    key = headers.get("idempotency-key")
    try:
        _KEY.validate_python(key) if key is not None else None
    except ValidationError as error:
        raise _not_valid(error, "header", "Idempotency-Key") from None
    document = _parsed(await request.body())
    try:
        wish = WishIn.model_validate(document)
    except ValidationError as error:
        raise _not_valid(error, "body") from None
    return Asked(wish, wait_s(headers.get("prefer")), key)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _not_valid(error: ValidationError, *where: str) -> RequestValidationError:
    return RequestValidationError([{**fault, "loc": (*where, *fault["loc"])} for fault in error.errors(include_url=False)])


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body", error.pos), "msg": error.msg}]) from None
    except (ValueError, RecursionError):  # no text, too deep, a number too long: as FastAPI answers it
        raise HTTPException(400, "There was an error parsing the body") from None
