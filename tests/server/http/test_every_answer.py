"""What protects a reader stands on every answer there is: the whole route table, errors, files, streams, and what is no HTTP."""

import asyncio
from pathlib import Path

import httpx
import pytest

from server.http.headers import HEADERS, OVER_HTTPS
from server.web.assets import assets
from tests.server.route_table import every_route
from tests.server.test_app import Anything, running
from tests.server.test_serving import served, thawed

__all__ = ["thawed"]

POLICY = HEADERS["content-security-policy"]


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline():
    """Checklist 13."""
    sources = {source for rule in POLICY.split("; ") for source in rule.split()[1:]}
    assert sources == {"'none'", "'self'"}
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "default-src 'none'"} <= set(POLICY.split("; "))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("signed_in", [False, True])
async def test_every_route_s_answers_protect_their_reader(tmp_path: Path, scheme: str, signed_in: bool):
    """Checklist 13."""
    wanted = HEADERS | (OVER_HTTPS if scheme == "https" else {})
    async with running(tmp_path) as (app, http):
        http.base_url = httpx.URL(f"{scheme}://congtac.test")
        http.headers["sec-fetch-site"] = "same-origin"
        if signed_in:
            await http.post(f"/sign-in/{app.state.first_link}")
        last = ("/sign-out", "/api/v1/live")  # they end the session, and never end
        routes = [route for route in every_route(app) if not route[1].endswith(last)]
        asked = [(method, path.replace(":path}", "}").format_map(Anything())) for method, path in routes]
        asked += [("GET", assets().url("base.css")), ("GET", "/nowhere"), ("PUT", "/"), ("POST", "/sign-out"), ("BREW", "/")]
        unprotected = {}
        for method, path in asked:
            for accept in ("text/html", "application/json"):
                answer = await http.request(method, path, headers={"Accept": accept})
                if not answer.headers.items() >= wanted.items():
                    unprotected[method, path, accept] = answer.headers
    assert unprotected == {}


async def test_a_stream_s_beginning_protects_its_reader(tmp_path: Path):
    """Checklist 13."""
    async with served(tmp_path) as (app, http, _):
        await http.post(f"/sign-in/{app.state.first_link}")
        async with http.stream("GET", "/api/v1/live") as stream:
            assert stream.status_code == 200
            assert stream.headers.items() >= HEADERS.items()


@pytest.mark.parametrize(
    "said",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"no words of HTTP\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n"],
)
async def test_what_is_no_http_is_answered_with_a_problem_and_protected_too(tmp_path: Path, said: bytes):
    """Checklist 25."""
    async with served(tmp_path) as (_, http, _task):
        reader, writer = await asyncio.open_connection("127.0.0.1", http.base_url.port)
        writer.write(said)
        async with asyncio.timeout(10):
            answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 Bad Request\r\n")
    assert {f"{name}: {value}" for name, value in HEADERS.items()} <= set(head.split("\r\n"))
    assert '"code": "not_http"' in body


async def test_json_deeper_than_any_is_refused_and_the_server_lives(tmp_path: Path):
    """Checklist 25."""
    async with running(tmp_path) as (app, http):
        await http.post(f"/sign-in/{app.state.first_link}", headers={"Sec-Fetch-Site": "same-origin"})
        told = {}
        for body in ("[" * 30_000, '{"on":' * 10_000, '{"on": NaN}', '{"on": 1e999}', "\x00", '{"on": "\ud800"}'):
            answer = await http.post(
                f"/api/v1/devices/{'a' * 16}/channels/x/commands",
                content=body.encode("utf-8", "surrogatepass"),
                headers={"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"},
            )
            told[body[:12]] = (answer.status_code, answer.headers["content-type"])
        assert (await http.get("/healthz")).status_code == 200
    assert {told[body] for body in told} <= {(400, "application/problem+json"), (422, "application/problem+json")}, told
