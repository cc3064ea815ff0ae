"""The server answers to its own names, to addresses, and to names that nobody can own on the Internet; to no other."""

import httpx
import pytest

from tests.server.http.small_app import client, small_app

OURS = [
    "congtac.example.org", "CONGTAC.example.org.", "congtac.example.org:8443", "127.0.0.1", "127.0.0.1:8000", "192.168.1.7:8000",
    "[::1]:8000", "[fe80::1]", "localhost", "localhost:8000", "a.localhost", "pi.local:8000", "raspberrypi", "congtac.test",
]  # fmt: skip
OTHERS = [
    "evil.example", "congtac.example.org.evil.example", "evil-congtac.example.org", "127.0.0.1.evil.example", "local.evil.example",
    "congtac.example.org@evil.example", "evil.example:80:80", "congtac.example.org evil.example", "", "[::1", "1.2.3", "a.b.c,d",
    "evil.example/.local", "evil.example#.local", "x" * 300,
]  # fmt: skip


async def ask(host: str, method: str = "GET") -> httpx.Response:
    async with client(small_app()) as http:
        return await http.request(method, "/cached", headers={"Host": host})


@pytest.mark.parametrize("host", OURS)
async def test_a_name_that_is_ours_is_answered_to(host: str):
    assert (await ask(host)).status_code == 200


@pytest.mark.parametrize("host", OTHERS, ids=lambda host: host[:20] or "empty")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_that_points_its_own_name_here_is_refused(host: str, method: str):
    """Checklist 12."""
    answer = await ask(host, method)
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")
    assert "public_url" in answer.json()["detail"]


async def test_two_names_at_once_are_refused():
    async with client(small_app()) as http:
        request = http.build_request("GET", "/cached")
        request.headers = httpx.Headers([("host", "localhost"), ("host", "evil.example")])
        assert (await http.send(request)).status_code == 421


async def test_who_tells_no_name_is_no_browser_and_is_answered():
    async with client(small_app()) as http:
        request = http.build_request("GET", "/cached")
        del request.headers["host"]
        assert (await http.send(request)).status_code == 200
