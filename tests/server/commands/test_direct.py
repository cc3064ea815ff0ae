"""A tap is found first and called with nothing in between, and is documented and refused as everything else is."""

import pytest
from starlette.routing import Match

from server.app import create_app
from server.commands.routes import ISSUE, router
from server.http.direct import DirectRoute
from server.routes import routes
from server.settings import Settings

PATH = "/api/v1/devices/dddddddddddddddd/channels/may-bom/commands"


def found(method: str, path: str = PATH) -> tuple[Match, dict[str, object]]:
    match, told = routes()[0].matches({"type": "http", "method": method, "path": path, "headers": []})
    return match, dict(told)


def test_it_is_found_first_and_told_as_what_it_is():
    match, told = found("POST")
    assert match is Match.FULL
    assert told["route"] is routes()[0]
    assert told["path_params"] == {"device_id": "d" * 16, "channel": "may-bom"}
    assert isinstance(routes()[0], DirectRoute)


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("HEAD", PATH), ("POST", PATH + "/"), ("POST", "/api/v1/commands")])
def test_everything_else_is_left_to_the_others(method: str, path: str):
    assert found(method, path)[0] is Match.NONE


def test_nothing_is_asked_of_all_requests_that_would_not_be_asked_of_it():
    app = create_app(Settings())
    assert app.router.dependencies == router.dependencies == []


def test_it_is_documented_once_as_before():
    documented = create_app(Settings()).openapi()["paths"][ISSUE]
    assert list(documented) == ["post"]
    assert {"200", "202"} <= set(documented["post"]["responses"])
