"""Wrong input on every edge of the API gets an answer that names the fault, and afterwards everything works as before."""

import asyncio
import json

import pytest
import pytest_asyncio

from tests.processes import SimulatedDevice, System

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def device(shared: System) -> SimulatedDevice:
    device = await shared.add_device("Trạm bơm")
    await shared.on_air(device)
    return device


@pytest_asyncio.fixture(loop_scope="module")
async def client(shared: System):
    async with shared.visitor() as client:
        yield client


@pytest.fixture
def path(device: SimulatedDevice) -> str:
    return f"/api/v1/devices/{device.id}/channels/den/commands"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def all_works_as_before(shared, device, client, path):
    """After each test no relay has moved and the server lives; then one command goes all the way."""
    before = device.history("den")
    yield
    assert device.history("den") == before
    shared.server.check_alive()
    device.program.check_alive()
    on = not (before and before[-1])
    answer = await client.post(path, json={"on": on}, headers={"Prefer": "wait=5"})
    assert (answer.status_code, answer.json()["fate"]) == (200, "applied")
    assert device.history("den") == [*before, on]
    assert "Traceback" not in shared.server.said()


def problem(answer, status: int, *words: str) -> None:
    """The answer is a problem document that names the fault, and tells nothing of the inside."""
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    assert {"type", "title", "code"} <= document.keys()
    told = json.dumps(document, ensure_ascii=False)
    assert [word for word in words if word not in told] == [], told
    assert len(told) < 3000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", ("body",)),
        ("{", ("not JSON",)),
        ('{"on": tru', ("not JSON",)),
        ("\x00", ("not JSON",)),
        ('{"on": true}}', ("not JSON",)),
        ("[]", ("body",)),
        ("null", ("body",)),
        ('"on"', ("body",)),
        ("{}", ("on", "required")),
        ('{"on": "true"}', ("on", "boolean")),
        ('{"on": 1}', ("on", "boolean")),
        ('{"on": null}', ("on", "boolean")),
        ('{"on": [true]}', ("on", "boolean")),
        ('{"on": true, "for_s": NaN}', ("for_s", "integer")),
        ('{"on": true, "for_s": Infinity}', ("for_s", "integer")),
        ('{"on": true, "for_s": 1.5}', ("for_s", "integer")),
        ('{"on": true, "for_s": "5"}', ("for_s", "integer")),
        ('{"on": true, "for_s": 0}', ("for_s", "greater")),
        ('{"on": true, "for_s": -1}', ("for_s", "greater")),
        (f'{{"on": true, "for_s": {10**30}}}', ("for_s",)),
        ('{"on": true, "expires_in_s": NaN}', ("expires_in_s",)),
        ('{"on": true, "expires_in_s": -Infinity}', ("expires_in_s",)),
        ('{"on": true, "expires_in_s": 1e400}', ("expires_in_s",)),
        ('{"on": true, "expires_in_s": 61}', ("expires_in_s",)),
        ('{"on": true, "deliver": "later"}', ("deliver", "when_online")),
        ('{"on": true, "toggle": true}', ("toggle", "not permitted")),
        ('{"on": true, "\\u0000": true}', ("not permitted",)),
        ('{"on": "\\ud800"}', ()),
    ],
)
async def test_a_wrong_body_is_named(client, path, body, words):
    problem(await client.post(path, content=body, headers=JSON), 422, *words)


@pytest.mark.parametrize("body", ['{"on": ' + "[" * 50_000, '{"on": true, "for_s": ' + "9" * 5_000 + "}"])
async def test_a_body_that_no_parser_takes_is_named(client, path, body):
    problem(await client.post(path, content=body, headers=JSON), 400, "parsing the body")


@pytest.mark.parametrize("body", [b"\xff\xfe{", b'{"on": "\xc3"}'])
async def test_a_body_that_is_no_text_is_named(client, path, body):
    answer = await client.post(path, content=body, headers=JSON)
    problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)


async def test_another_type_of_body_is_refused(client, path):
    problem(await client.post(path, data={"on": "true"}), 422)
    problem(await client.post(path, content='{"on": true}', headers={"Content-Type": "text/plain"}), 422)
    problem(await client.post(path, files={"on": b"true"}), 422)


async def test_a_body_of_a_megabyte_is_refused_told_or_untold(client, path):
    large = b'{"on": true, "x": "' + b"x" * 2**20 + b'"}'
    problem(await client.post(path, content=large, headers=JSON), 413, "65536 bytes")

    async def chunks():
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    problem(await client.post(path, content=chunks(), headers=JSON), 413, "65536 bytes")


@pytest.mark.parametrize(
    "channel",
    ["bom", "DEN", "den%00", "den%0aX-Evil:%201", "..", "%2e%2e%2fden", "đèn", "x" * 5000, "<script>", "den%2f..%2fden"],
)
async def test_an_unknown_channel_is_not_found(client, device, channel):
    answer = await client.post(f"/api/v1/devices/{device.id}/channels/{channel}/commands", json={"on": True})
    problem(answer, 404)
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("device_id", ["0" * 16, "0", "-1", "' OR 1=1 --", "%00", "f" * 3000, "x%0d%0aSet-Cookie:%20a=b"])
async def test_an_unknown_device_is_not_found(client, device_id):
    answer = await client.post(f"/api/v1/devices/{device_id}/channels/den/commands", json={"on": True})
    problem(answer, 404)
    assert "set-cookie" not in answer.headers
    problem(await client.get(f"/api/v1/devices/{device_id}/history"), 404)


@pytest.mark.parametrize("command_id", ["0" * 32, "0", "%00", "x" * 3000, "; DROP TABLE command"])
async def test_an_unknown_command_is_not_found(client, command_id):
    problem(await client.get(f"/api/v1/commands/{command_id}"), 404)
    problem(await client.post(f"/api/v1/commands/{command_id}/cancel"), 404)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        (f"limit={'9' * 400}", "limit"),
        ("since_ms=-1", "since_ms"),
        (f"since_ms={2**63}", "since_ms"),
        ("until_ms=NaN", "until_ms"),
        ("fate=maybe", "fate"),
        ("before=%27", "before"),
        (f"channel={'x' * 33}", "channel"),
        (f"device={'x' * 17}", "device"),
    ],
)
async def test_a_wrong_question_is_named(client, query, word):
    problem(await client.get(f"/api/v1/commands?{query}"), 422, word)


@pytest.mark.parametrize(
    ("query", "word"),
    [("limit=0", "limit"), (f"since_ms={2**70}", "since_ms"), ("before=1", "before"), (f"before={'9' * 16}.1", "before")],
)
async def test_a_wrong_question_about_the_past_is_named(client, device, query, word):
    problem(await client.get(f"/api/v1/devices/{device.id}/history?{query}"), 422, word)


@pytest.mark.parametrize("key", ["", "a b", "é".encode(), "k" * 81])
async def test_a_key_that_is_none_is_named(client, path, key):
    problem(await client.post(path, json={"on": True}, headers={"Idempotency-Key": key}), 422, "Idempotency-Key")


async def test_a_key_used_for_something_else_is_refused(client, path, device):
    before = device.history("den")
    same = bool(before and before[-1])  # what it is already: no relay moves
    headers = {"Idempotency-Key": "one", "Prefer": "wait=5"}
    first = await client.post(path, json={"on": same}, headers=headers)
    again = await client.post(path, json={"on": same}, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    problem(await client.post(path, json={"on": not same}, headers=headers), 422, "key_reused")


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=x", "wait=-1", "wait=99999999999", "wait=1e9", "x" * 5000, b"\xff"])
async def test_a_preference_that_is_none_is_no_preference(client, path, device, prefer):
    before = device.history("den")
    answer = await client.post(path, json={"on": bool(before and before[-1])}, headers={"Prefer": prefer})
    assert answer.status_code in (200, 202)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET", "TRACE"])
async def test_another_method_is_refused(client, path, method):
    problem(await client.request(method, path), 405)


@pytest.mark.parametrize("cookie", ["congtac=", "congtac=x", "congtac=" + "x" * 4000, "congtac==;;;", ";"])
async def test_a_cookie_that_is_none_lets_nobody_in(shared, cookie):
    async with shared.anybody() as client:
        problem(await client.get("/api/v1/snapshot", headers={"Cookie": cookie}), 401)


@pytest.mark.parametrize(
    "head",
    [
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: \x01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: congtac=\x7f\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http_is_refused_at_the_door(shared, head):
    reader, writer = await asyncio.open_connection("127.0.0.1", shared.settings.port)
    writer.write(head)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"


async def test_another_site_cannot_post(client, path):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        problem(await client.post(path, json={"on": True}, headers=headers), 403, "cross_site")


@pytest.mark.parametrize(
    "data", [{}, {"on": "maybe"}, {"on": "true" * 1000}, {"off": "true"}, {"on": "\x00"}, {"on": ["true", "perhaps"]}]
)
async def test_a_wrong_form_is_refused_with_a_page(client, device, data):
    answer = await client.post(f"/devices/{device.id}/channels/den", data=data, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("token", ["x", "%00", "..%2f..", "<script>", "x" * 5000])
async def test_a_link_that_is_none_lets_nobody_in(shared, token):
    async with shared.anybody() as client:
        for answer in (await client.get(f"/sign-in/{token}"), await client.post(f"/sign-in/{token}")):
            assert answer.status_code in (404, 410), answer.text
            assert "set-cookie" not in answer.headers
            assert "<script>" not in answer.text
