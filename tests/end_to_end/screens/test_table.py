"""The tables of screens: no name twice, no page and no error without a line, and forms that are read as they are written."""

import re
from typing import Final

from starlette.routing import compile_path

from server.app import create_app
from server.settings import Settings
from tests.end_to_end.screens.table import once, screens
from tests.end_to_end.screens.wording import catalogue
from tests.server.route_table import every_route

NO_SCREEN: Final = {
    "are for programs": ["GET /docs", "GET /openapi.json", "HEAD /openapi.json", "GET /healthz", "GET /readyz"],
    "are files": [
        "GET /manifest.webmanifest", "GET /sw.js", "GET /static/{digest}/{name:path}", "HEAD /static/{digest}/{name:path}",
        "GET /account/data/export", "GET /devices/{device_id}/channels/{channel}/history.csv",
    ],
    "answer scripts": [
        "POST /account/passkeys", "POST /account/passkeys/options", "POST /passkeys/sign-in", "POST /passkeys/sign-in/options",
        "POST /prove/passkey", "POST /prove/passkey/options", "POST /account/notifications/push",
        "POST /account/notifications/push/off",
    ],
    "lead on to a screen that has a line": [
        "POST /language", "POST /theme", "POST /sign-out", "POST /sign-in/{token}", "POST /guest/{token}",
        "POST /invitations/{token}", "POST /account/password/remove", "POST /account/passkeys/{passkey_id}/rename",
        "POST /account/passkeys/{passkey_id}/remove", "POST /account/sessions/{session_id}/end",
        "POST /account/sessions/end-others", "POST /account/tokens/{token_id}/revoke", "POST /account/notifications/choices",
        "POST /account/notifications/ways/{way_id}/remove", "POST /account/notifications/ways/{way_id}/test", "POST /sites",
        "POST /sites/{slug}/members/{user_id}", "POST /sites/{slug}/invitations/{invitation_id}/revoke",
        "POST /sites/{slug}/guest-links/{link_id}/revoke", "POST /devices/{device_id}/rename",
        "POST /devices/{device_id}/channels/{channel}/settings", "POST /devices/{device_id}/channels/{channel}/move",
        "POST /devices/{device_id}/channels/{channel}/favourite", "POST /sites/{slug}/schedules/{schedule_id}",
        "POST /sites/{slug}/schedules/{schedule_id}/enabled", "POST /sites/{slug}/schedules/{schedule_id}/delete",
    ],
}  # fmt: skip
"""What is no screen by itself. A new route needs a line in one of the tables, or a place here."""


def test_every_screen_is_named_once():
    names = [screen.name for screen in (*screens(), *once())]
    assert sorted(set(names)) == sorted(names)


def test_every_route_for_people_is_on_a_screen_or_known_to_be_none():
    routes = [route for route in every_route(create_app(Settings())) if not route[1].startswith("/api/")]
    asked = [(screen.method, re.sub(r"{(\w+)}", r"\1", screen.address.partition("?")[0])) for screen in (*screens(), *once())]
    seen = {" ".join(next((route for route in routes if fits(route, line)), ("GET", "nowhere"))) for line in asked}
    known = {line for lines in NO_SCREEN.values() for line in lines}
    assert {" ".join(route) for route in routes} - seen - known == set()
    assert (known & seen, known - {" ".join(route) for route in routes}) == (set(), set())


def fits(route: tuple[str, str], line: tuple[str, str]) -> bool:
    return route[0] == line[0] and compile_path(route[1])[0].fullmatch(line[1]) is not None


def test_every_error_that_has_words_is_on_a_screen():
    titles = {key for key in catalogue("en") if re.fullmatch(r"error\.\w+\.title", key)}
    assert titles - {screen.heading for screen in (*screens(), *once())} == set()


def test_a_form_holds_what_its_line_says_with_the_world_s_places_in_it():
    line = next(screen for screen in once() if screen.name == "schedule-unseen")
    fields = line.fields({"device": "d1"})
    assert (line.method, fields[0], ("name", "") in fields) == ("POST", ("thing", "d1/den"), True)
