"""The one request that reads itself: what it takes, what it refuses, and what the documentation says of it."""

import json

import pytest
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from server.app import create_app
from server.commands.reading import read_request
from server.commands.schemas import WishIn
from server.http.problems import as_problem
from server.settings import Settings

JSON = {"content-type": "application/json"}
PATH = "/api/v1/devices/{device_id}/channels/{channel}/commands"


def request_of(body: bytes, headers: dict[str, str]) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


async def refusal(body: bytes, headers: dict[str, str]) -> tuple[str, str]:
    """The code and the words of the problem that such a request is."""
    with pytest.raises(RequestValidationError) as raised:
        await read_request(request_of(body, headers))
    problem = as_problem(raised.value)
    assert problem.status == 422
    return problem.code, problem.detail or ""


async def test_a_request_is_read_with_its_patience_and_its_key():
    headers = {**JSON, "prefer": "wait=5", "idempotency-key": "tap-1"}
    asked = await read_request(request_of(b'{"on": true, "for_s": 60}', headers))
    assert asked.wish == WishIn(on=True, for_s=60)
    assert (asked.wait_s, asked.idempotency_key) == (5, "tap-1")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"])
async def test_json_by_any_of_its_names_is_read(kind: str):
    assert (await read_request(request_of(b'{"on": false}', {"content-type": kind}))).wish == WishIn(on=False)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_what_a_form_of_another_site_could_send_is_not_read(kind: str):
    assert await refusal(b'{"on": true}', {"content-type": kind}) == (
        "not_valid",
        "the body: Must be told to be application/json",
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [(b"", 0), (b'{"on": yes}', 7), (b'{"on": true', 11)],
)
async def test_what_is_not_json_is_refused_with_its_place(body: bytes, place: int):
    code, words = await refusal(body, JSON)
    assert code == "not_json"
    assert f"from its character {place} on" in words


@pytest.mark.parametrize("body", [b"\xff", b"[" * 60_000, b"9" * 5_000])
async def test_what_no_parser_takes_is_refused(body: bytes):
    with pytest.raises(HTTPException) as raised:
        await read_request(request_of(body, JSON))
    assert raised.value.status_code == 400


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{}", "on"),
        (b"[]", "the body"),
        (b'{"on": 1}', "on"),
        (b'{"on": "true"}', "on"),
        (b'{"on": true, "for_s": 0}', "for_s"),
        (b'{"on": true, "for_s": 1.5}', "for_s"),
        (b'{"on": true, "expires_in_s": NaN}', "expires_in_s"),
        (b'{"on": true, "deliver": "later"}', "deliver"),
        (b'{"on": true, "off": true}', "off"),
    ],
)
async def test_a_wrong_field_is_named(body: bytes, where: str):
    code, words = await refusal(body, JSON)
    assert code == "not_valid"
    assert words.startswith(f"{where}: ")


@pytest.mark.parametrize("key", ["", "has space", "x" * 81, "ключ".encode().decode("latin-1")])
async def test_a_key_that_is_none_is_refused(key: str):
    code, words = await refusal(b'{"on": true}', {**JSON, "idempotency-key": key})
    assert code == "not_valid"
    assert words.startswith("Idempotency-Key: ")


def documented(app: FastAPI) -> dict[str, object]:
    operation: dict[str, object] = app.openapi()["paths"][PATH]["post"]
    return operation


def test_the_documentation_tells_what_is_read_although_no_signature_does():
    operation = documented(create_app(Settings()))
    told = json.dumps(operation)
    assert all(f'"name": "{name}"' in told for name in ("device_id", "channel", "Prefer", "Idempotency-Key"))
    assert all(f'"{field}": {{' in told for field in WishIn.model_fields)
    assert all(f'"{status}": {{"description"' in told for status in (200, 202))
    assert told.count("#/components/schemas/CommandOut") == 2
