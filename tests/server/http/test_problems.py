"""How errors are told."""

import logging

import pytest

from tests.server.http.small_app import client, small_app

PAGE = {"Accept": "text/html,application/xhtml+xml"}


async def test_a_problem_is_a_document_with_status_code_title_and_detail() -> None:
    async with client(small_app()) as http:
        answer = await http.get("/api/fail/teapot", headers=PAGE)
    document = answer.json()
    assert document.pop("request_id") == answer.headers["x-request-id"]
    assert document == {
        "type": "/problems/teapot",
        "title": "I'm a Teapot",
        "status": 418,
        "code": "teapot",
        "detail": "Only tea.",
        "cups": 2,
    }
    assert (answer.status_code, answer.headers["content-type"], answer.headers["x-tea"]) == (
        418,
        "application/problem+json",
        "green",
    )


async def test_a_person_with_a_browser_gets_a_page() -> None:
    async with client(small_app()) as http:
        answer = await http.get("/fail/teapot", headers=PAGE)
    assert (answer.status_code, answer.text, answer.headers["x-tea"]) == (418, "<p>error 418</p>", "green")


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/api/none", 404, "not_found"), ("/api/switch", 405, "method_not_allowed")]
)
async def test_what_is_not_there_is_a_problem_too(path: str, status: int, code: str) -> None:
    async with client(small_app()) as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(("how", "code", "wait"), [("busy", "busy", "1"), ("storage", "storage", "5")])
async def test_a_database_that_cannot_is_a_503_that_says_when_to_come_back(how: str, code: str, wait: str) -> None:
    async with client(small_app()) as http:
        answer = await http.get(f"/api/fail/{how}")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, code, wait)
    assert "/var/lib" not in answer.text


@pytest.mark.parametrize("path", ["/api/fail/bug", "/fail/bug"])
async def test_a_bug_is_logged_whole_and_told_without_its_inside(path: str, caplog: pytest.LogCaptureFixture) -> None:
    async with client(small_app()) as http:
        answer = await http.get(path, headers=PAGE)
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert "secret inside" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"on": "perhaps"}', "on: Input should be a valid boolean"),
        ('{"for_s": 2}', "on: Field required"),
        ('{"on": true, "for_s": 0}', "for_s: Input should be greater than or equal to 1"),
        ('{"on": ', "The body is not JSON, from its character"),
    ],
)
async def test_wrong_input_names_the_field_in_words(body: str, told: str) -> None:
    async with client(small_app()) as http:
        answer = await http.post("/api/switch", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


async def test_a_body_nested_beyond_reason_is_refused() -> None:
    async with client(small_app()) as http:
        answer = await http.post("/api/switch", content="[" * 2000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_wrong_input_does_not_come_back() -> None:
    async with client(small_app()) as http:
        answer = await http.post("/api/switch", json={"on": "<script>" * 200})
    assert answer.status_code == 422
    assert "script" not in answer.text


async def test_the_log_has_no_query_no_token_and_no_line_breaks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "congtac.access")
    async with client(small_app()) as http:
        await http.get("/sign-in/very-secret-token?next=hidden")
        await http.get("/a%0Ab")
    lines = [record.getMessage() for record in caplog.records if record.name == "congtac.access"]
    assert [line.partition("id=")[2].split()[1:4] for line in lines] == [
        ["method=GET", "path=/sign-in/***", "status=404"],
        ["method=GET", "path=/a%0Ab", "status=404"],
    ]
