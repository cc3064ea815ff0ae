"""Headers, limits and cross-site protection, on every answer and every request."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.server.http.small_app import ADDRESS, LIMIT, client, small_app

HERE = "http://congtac.test"


@pytest.mark.parametrize("path", ["/large", "/stream", "/cached", "/none", "/api/fail/bug", "/api/fail/teapot"])
async def test_every_answer_protects_its_reader(path: str) -> None:
    async with client(small_app()) as http:
        headers = (await http.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


async def test_https_is_asked_for_only_over_https() -> None:
    async with client(small_app(), "https://congtac.test") as http:
        assert "max-age" in (await http.get("/large")).headers["strict-transport-security"]


async def test_answers_are_not_kept_unless_they_say_so() -> None:
    async with client(small_app()) as http:
        kept = [(await http.get(path)).headers["cache-control"] for path in ("/large", "/cached")]
    assert kept == ["no-store", "max-age=60"]


async def test_pages_are_packed_and_event_streams_are_not() -> None:
    async with client(small_app()) as http:
        large, stream = await http.get("/large"), await http.get("/stream")
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in stream.headers


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
async def test_a_body_that_tells_its_length_is_refused_by_it(size: int, status: int) -> None:
    async with client(small_app()) as http:
        assert (await http.post("/api/length", content=b"x" * size)).status_code == status


class Endless(httpx.AsyncByteStream):
    """A body without end or length. `sent` counts its bytes."""

    def __init__(self) -> None:
        self.sent = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self.sent += 1000
        return b" " * 1000


@pytest.mark.parametrize("path", ["/api/length", "/api/switch"])
async def test_a_body_that_does_not_tell_its_length_is_read_no_further_than_the_limit(path: str) -> None:
    body = Endless()
    async with client(small_app()) as http:
        answer = await http.send(httpx.Request("POST", HERE + path, headers={"Content-Type": "application/json"}, stream=body))
    assert (answer.status_code, body.sent) == (413, 3000)
    assert "at most 2048 bytes" in answer.json()["detail"]


async def test_a_length_that_is_no_number_is_refused() -> None:
    async with client(small_app()) as http:
        answer = await http.post("/api/length", content=b"", headers={"Content-Length": "-1"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Cookie": "a=b"}, True),
        ({"Sec-Fetch-Site": "none", "Cookie": "a=b"}, True),
        ({"Sec-Fetch-Site": "same-site", "Cookie": "a=b"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HERE}, False),
        ({"Origin": HERE, "Cookie": "a=b"}, True),
        ({"Origin": ADDRESS, "Cookie": "a=b"}, True),
        ({"Origin": "https://congtac.test", "Cookie": "a=b"}, False),
        ({"Origin": "http://evil.test"}, False),
        ({"Origin": "null"}, False),
        ({"Cookie": "a=b"}, False),
        ({}, True),
    ],
)
async def test_a_change_is_taken_only_from_this_site(headers: dict[str, str], allowed: bool) -> None:
    async with client(small_app()) as http:
        answer = await http.post("/api/switch", json={"on": True}, headers=headers)
    assert answer.status_code == (200 if allowed else 403)


async def test_reading_is_allowed_from_everywhere() -> None:
    async with client(small_app()) as http:
        answer = await http.get("/large", headers={"Sec-Fetch-Site": "cross-site", "Cookie": "a=b"})
    assert answer.status_code == 200
