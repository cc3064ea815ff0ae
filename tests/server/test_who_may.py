"""What each route answers to everybody: a table by hand, walked against the routes that the application really has."""

import re
from pathlib import Path
from typing import Any, Final

from server.clock import now_ms
from server.schedules.form import Typed, read, typed_of
from server.schedules.pages import digest
from tests.server.route_table import every_route
from tests.server.who_world import DEVICE, OTHER_DEVICE, WHO, WhoWorld, who_world

TABLE: Final = """
200 200 200 200 200 200 200 200  GET /openapi.json
200 200 200 200 200 200 200 200  HEAD /openapi.json
401 404 202 403 202 202 403 202  POST /api/v1/devices/{device_id}/channels/{channel}/commands
401 404 503 403 503 503 403 503  POST /devices/{device_id}/channels/{channel}
401 404 404 200 200 200 200 200  GET /api/v1/commands/{command_id}
401 404 404 403 200 200 403 200  POST /api/v1/commands/{command_id}/cancel
401 200 200 200 200 200 200 200  GET /api/v1/commands
401 404 401 403 503 503 403 503  POST /api/v1/sites/{site_id}/all-off
401 404 401 403 200 200 403 200  GET /sites/{slug}/all-off
401 404 401 403 200 200 403 200  POST /sites/{slug}/all-off
401 404 401 303 303 303 403 403  POST /devices/{device_id}/channels/{channel}/favourite
200 200 200 200 200 200 200 200  GET /healthz
503 503 503 503 503 503 503 503  GET /readyz
200 200 200 200 200 200 200 200  GET /docs
200 200 200 200 200 200 200 200  GET /sign-in
422 422 422 422 422 422 422 422  POST /sign-in
200 200 200 200 200 200 200 200  GET /sign-in/{token}
303 303 303 303 303 303 303 303  POST /sign-in/{token}
303 303 303 303 303 303 303 303  POST /sign-out
401 200 401 200 200 200 403 403  GET /account
401 422 401 422 422 422 403 403  POST /account/password
401 303 401 303 303 303 403 403  POST /account/password/remove
401 200 401 200 200 200 403 403  POST /account/passkeys/options
401 422 401 422 422 422 403 403  POST /account/passkeys
401 404 401 404 404 404 403 403  POST /account/passkeys/{passkey_id}/rename
401 404 401 404 404 404 403 403  POST /account/passkeys/{passkey_id}/remove
200 200 200 200 200 200 200 200  POST /passkeys/sign-in/options
422 422 422 422 422 422 422 422  POST /passkeys/sign-in
401 409 401 409 409 409 403 403  POST /prove/passkey/options
401 422 401 422 422 422 403 403  POST /prove/passkey
401 200 401 200 200 200 403 403  GET /api/v1/sessions
401 404 401 404 404 404 403 403  DELETE /api/v1/sessions/{session_id}
401 404 401 404 404 404 403 403  POST /account/sessions/{session_id}/end
401 303 401 303 303 303 403 403  POST /account/sessions/end-others
401 200 401 200 200 200 403 403  GET /prove
401 403 401 403 403 403 403 403  POST /prove
401 200 401 200 200 200 403 403  GET /api/v1/tokens
401 201 401 201 201 201 403 403  POST /api/v1/tokens
401 404 401 404 404 404 403 403  DELETE /api/v1/tokens/{token_id}
401 200 401 200 200 200 403 403  GET /account/tokens
401 422 401 422 422 422 403 403  POST /account/tokens
401 404 401 404 404 404 403 403  POST /account/tokens/{token_id}/revoke
401 200 401 200 200 200 200 200  GET /api/v1/sites
401 201 401 403 403 201 403 403  POST /api/v1/sites
401 404 401 403 403 200 403 403  PATCH /api/v1/sites/{site_id}
401 404 401 200 200 200 200 200  GET /api/v1/sites/{site_id}/members
401 404 401 403 403 204 403 403  PATCH /api/v1/sites/{site_id}/members/{user_id}
401 404 401 403 403 204 403 403  DELETE /api/v1/sites/{site_id}/members/{user_id}
401 404 401 204 204 409 403 403  POST /api/v1/sites/{site_id}/leave
401 404 401 403 403 200 403 200  GET /api/v1/sites/{site_id}/invitations
401 404 401 403 403 201 403 403  POST /api/v1/sites/{site_id}/invitations
401 404 401 403 403 204 403 403  DELETE /api/v1/sites/{site_id}/invitations/{invitation_id}
401 404 401 403 403 200 403 200  GET /api/v1/sites/{site_id}/guest-links
401 404 401 403 403 201 403 403  POST /api/v1/sites/{site_id}/guest-links
401 404 401 403 403 204 403 403  DELETE /api/v1/sites/{site_id}/guest-links/{link_id}
401 200 401 200 200 200 200 200  GET /sites
401 303 401 403 403 303 403 403  POST /sites
401 404 401 200 200 200 200 200  GET /sites/{slug}
401 404 401 403 403 303 403 403  POST /sites/{slug}
401 404 401 403 403 303 403 403  POST /sites/{slug}/members/{user_id}
401 404 401 303 303 409 403 403  POST /sites/{slug}/leave
401 404 401 403 403 201 403 403  POST /sites/{slug}/invitations
401 404 401 403 403 303 403 403  POST /sites/{slug}/invitations/{invitation_id}/revoke
401 404 401 403 403 201 403 403  POST /sites/{slug}/guest-links
401 404 401 403 403 303 403 403  POST /sites/{slug}/guest-links/{link_id}/revoke
200 200 200 200 200 200 200 200  GET /invitations/{token}
303 303 303 303 303 303 403 403  POST /invitations/{token}
200 200 200 200 200 200 200 200  GET /guest/{token}
303 303 303 303 303 303 303 303  POST /guest/{token}
401 404 200 200 200 200 200 200  GET /api/v1/devices/{device_id}/channels/{channel}/timeline
401 404 200 200 200 200 200 200  GET /api/v1/devices/{device_id}/channels/{channel}/usage
401 404 200 200 200 200 200 200  GET /devices/{device_id}/channels/{channel}
401 404 200 200 200 200 200 200  GET /devices/{device_id}/channels/{channel}/history.csv
401 404 200 200 200 200 200 200  GET /api/v1/devices/{device_id}/history
401 404 409 409 409 409 409 409  GET /api/v1/devices/{device_id}/channels/{channel}/readings
401 200 401 200 200 200 200 200  GET /api/v1/audit
401 200 401 200 200 200 200 200  GET /activity
401 200 401 200 200 200 403 403  GET /api/v1/account/export
401 422 401 422 422 422 403 403  POST /api/v1/account/erase
401 200 401 200 200 200 403 403  GET /account/data
401 200 401 200 200 200 403 403  GET /account/data/export
401 422 401 422 422 422 403 403  POST /account/erase
401 404 401 403 403 503 403 403  POST /api/v1/sites/{site_id}/enrolments
401 404 401 403 403 503 403 403  POST /api/v1/devices/{device_id}/enrolments
401 404 401 403 403 503 403 403  POST /api/v1/devices/{device_id}/revoke
401 404 401 403 403 503 403 403  POST /api/v1/devices/{device_id}/renew
401 404 401 403 403 200 403 200  PATCH /api/v1/devices/{device_id}
401 404 401 403 403 200 403 200  PATCH /api/v1/devices/{device_id}/channels/{channel}
401 404 401 403 403 503 403 403  POST /sites/{slug}/devices
401 404 401 403 403 200 403 403  GET /sites/{slug}/devices/new
401 404 401 403 403 200 403 200  GET /sites/{slug}/devices/{device_id}/arrival
401 404 401 200 200 200 200 200  GET /devices/{device_id}
401 404 401 403 403 303 403 303  POST /devices/{device_id}/rename
401 404 401 403 403 303 403 303  POST /devices/{device_id}/channels/{channel}/settings
401 404 401 403 403 303 403 303  POST /devices/{device_id}/channels/{channel}/move
401 404 401 403 403 503 403 403  POST /devices/{device_id}/replace
401 404 401 403 403 503 403 403  POST /devices/{device_id}/renew
401 404 401 403 403 503 403 403  POST /devices/{device_id}/revoke
503 503 503 503 503 503 503 503  POST /api/v1/enrol
401 404 401 200 200 200 200 200  GET /api/v1/devices/{device_id}/schedules
401 404 401 403 201 201 403 201  POST /api/v1/devices/{device_id}/schedules
401 404 401 200 200 200 200 200  POST /api/v1/devices/{device_id}/schedules/preview
401 404 401 200 200 200 200 200  GET /api/v1/schedules/{schedule_id}
401 404 401 403 200 200 403 200  PUT /api/v1/schedules/{schedule_id}
401 404 401 403 200 200 403 200  PATCH /api/v1/schedules/{schedule_id}
401 404 401 403 204 204 403 204  DELETE /api/v1/schedules/{schedule_id}
401 200 401 200 200 200 200 200  GET /schedules
401 404 401 200 200 200 200 200  GET /sites/{slug}/schedules
401 404 401 403 200 200 403 200  GET /sites/{slug}/schedules/new
401 404 401 403 303 303 403 303  POST /sites/{slug}/schedules
401 404 401 403 200 200 403 200  GET /sites/{slug}/schedules/{schedule_id}
401 404 401 403 303 303 403 303  POST /sites/{slug}/schedules/{schedule_id}
401 404 401 403 303 303 403 303  POST /sites/{slug}/schedules/{schedule_id}/enabled
401 404 401 403 303 303 403 303  POST /sites/{slug}/schedules/{schedule_id}/delete
401 200 200 200 200 200 200 200  GET /api/v1/snapshot
401 200 200 200 200 200 200 200  GET /api/v1/live
303 200 200 200 200 200 200 200  GET /
303 303 303 303 303 303 303 303  POST /language
303 303 303 303 303 303 303 303  POST /theme
200 200 200 200 200 200 200 200  GET /manifest.webmanifest
200 200 200 200 200 200 200 200  GET /sw.js
200 200 200 200 200 200 200 200  GET /offline
401 303 401 303 303 303 403 403  POST /account/notifications/choices
401 201 401 201 201 201 403 403  POST /account/notifications/push
401 204 401 204 204 204 403 403  POST /account/notifications/push/off
401 200 401 200 200 200 403 403  GET /account/notifications/address
401 422 401 422 422 422 403 403  POST /account/notifications/address
401 404 401 404 404 404 403 403  POST /account/notifications/ways/{way_id}/remove
401 404 401 404 404 404 403 403  POST /account/notifications/ways/{way_id}/test
200 200 200 200 200 200 200 200  GET /static/{digest}/{name:path}
200 200 200 200 200 200 200 200  HEAD /static/{digest}/{name:path}
"""
"""Columns as in WHO: nobody, stranger, guest, viewer, operator, owner, reader, manager. A new route needs a line."""

OBJECTS: Final = {
    "site_id",
    "slug",
    "device_id",
    "channel",
    "command_id",
    "user_id",
    "invitation_id",
    "link_id",
    "session_id",
    "token_id",
    "passkey_id",
    "schedule_id",
    "way_id",
}
FOR_GUESTS: Final = {
    "POST /api/v1/devices/{device_id}/channels/{channel}/commands",
    "POST /devices/{device_id}/channels/{channel}",
    "GET /api/v1/commands/{command_id}",
    "POST /api/v1/commands/{command_id}/cancel",
    "GET /api/v1/commands",
    "GET /api/v1/devices/{device_id}/channels/{channel}/timeline",
    "GET /api/v1/devices/{device_id}/channels/{channel}/usage",
    "GET /devices/{device_id}/channels/{channel}",
    "GET /devices/{device_id}/channels/{channel}/history.csv",
    "GET /api/v1/devices/{device_id}/history",
    "GET /api/v1/devices/{device_id}/channels/{channel}/readings",
    "GET /api/v1/snapshot",
    "GET /api/v1/live",
    "GET /",
}
"""Where a guest is answered otherwise than somebody who is not signed in at all."""

RULE: Final = {"channel": "den", "when": {"kind": "weekly", "at": "06:00"}, "on": True}
FORM: Final = {"thing": f"{DEVICE}/den", "days": "1", "at": "05:00", "do": "on", "name": "Sớm", "seen": ""}
FORM["seen"] = digest(read(typed_of({name: [text] for name, text in FORM.items()}, Typed(), sent=True)))

SENT: Final[dict[str, dict[str, Any]]] = {
    "POST /api/v1/devices/{device_id}/channels/{channel}/commands": {"json": {"on": True, "deliver": "when_online"}},
    "POST /devices/{device_id}/channels/{channel}": {"data": {"on": "true"}},
    "POST /devices/{device_id}/channels/{channel}/favourite": {"data": {"favourite": "true"}},
    "POST /account/passkeys/{passkey_id}/rename": {"data": {"name": "x"}},
    "POST /account/notifications/push": {
        "json": {"endpoint": "https://fcm.googleapis.com/fcm/send/x", "keys": {"p256dh": "A" * 87, "auth": "A" * 22}}
    },
    "POST /account/notifications/push/off": {"json": {"endpoint": "https://fcm.googleapis.com/fcm/send/x"}},
    "POST /account/notifications/address": {"data": {"address": "json://localhost"}},
    "POST /prove": {"data": {"password": "wrong"}},
    "POST /api/v1/tokens": {"json": {"name": "x", "scopes": ["read"]}},
    "POST /api/v1/sites": {"json": {"name": "Trại cá"}},
    "PATCH /api/v1/sites/{site_id}": {"json": {"name": "Vườn mới"}},
    "PATCH /api/v1/sites/{site_id}/members/{user_id}": {"json": {"role": "operator"}},
    "POST /api/v1/sites/{site_id}/invitations": {"json": {"role": "viewer"}},
    "POST /api/v1/sites/{site_id}/guest-links": {
        "json": {"name": "Tư", "channels": [{"device": DEVICE, "channel": "den"}], "expires_ms": now_ms() + 86_400_000}
    },
    "POST /api/v1/sites/{site_id}/enrolments": {"json": {"name": "Máy bơm"}},
    "POST /api/v1/enrol": {"json": {"code": "22222-22222", "key": "k" * 43}},
    "PATCH /api/v1/devices/{device_id}": {"json": {"name": "Trạm bơm"}},
    "PATCH /api/v1/devices/{device_id}/channels/{channel}": {"json": {"power_w": 60}},
    "POST /devices/{device_id}/rename": {"data": {"name": "Trạm bơm"}},
    "POST /devices/{device_id}/channels/{channel}/settings": {"data": {"label": "Đèn ao"}},
    "POST /devices/{device_id}/channels/{channel}/move": {"data": {"to": "down"}},
    "POST /devices/{device_id}/revoke": {"data": {"sure": "true"}},
    "POST /sites/{slug}/devices": {"data": {"name": "Máy bơm"}},
    "POST /sites": {"data": {"name": "Trại cá", "timezone": "UTC"}},
    "POST /sites/{slug}": {"data": {"name": "Vườn mới", "timezone": "UTC"}},
    "POST /sites/{slug}/members/{user_id}": {"data": {"role": "operator"}},
    "POST /sites/{slug}/invitations": {"data": {"role": "viewer", "uses": "once", "days": "1"}},
    "POST /sites/{slug}/guest-links": {"data": {"name": "Tư", "days": "1", "minutes": "1", "channels": f"{DEVICE}/den"}},
    "POST /invitations/{token}": {"data": {"name": "Sáu"}},
    "POST /language": {"data": {"lang": "en"}},
    "POST /theme": {"data": {"theme": "dark"}},
    "POST /api/v1/devices/{device_id}/schedules": {"json": {"rule": RULE}},
    "POST /api/v1/devices/{device_id}/schedules/preview": {"json": {"rule": RULE}},
    "PUT /api/v1/schedules/{schedule_id}": {"json": {"rule": RULE}},
    "PATCH /api/v1/schedules/{schedule_id}": {"json": {"enabled": False}},
    "POST /sites/{slug}/schedules": {"data": FORM},
    "POST /sites/{slug}/schedules/{schedule_id}": {"data": FORM},
}


def table() -> dict[str, list[str]]:
    """By method and path, the statuses of everybody."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return {" ".join(row[-2:]): row[:-2] for row in rows}


def places(path: str) -> list[str]:
    return [name.partition(":")[0] for name in re.findall(r"{([^}]+)}", path)]


async def asked(world: WhoWorld, who: str, method: str, path: str) -> tuple[int, str]:
    """Status and text of the answer to one of them, for an object of the place that is there."""
    route = f"{method} {path}"
    filled = {name: await world.place(name, path, who) for name in places(path)}
    answer = await world.send(who, method, path.replace(":path}", "}").format_map(filled), **SENT.get(route, {}))
    return answer.status_code, answer.text


async def test_everybody_gets_from_every_route_what_the_table_says_and_a_route_without_a_line_is_refused(tmp_path: Path) -> None:
    """Checklist 14."""
    async with who_world(tmp_path) as world:
        world.app.state.stopping.set()  # so that a live stream ends with its first event
        routes = every_route(world.app)
        told = {
            f"{method} {path}": [str((await asked(world, who, method, path))[0]) for who in WHO]
            for method, path in routes
            if f"{method} {path}" in table()
        }
    assert {f"{method} {path}" for method, path in routes} == table().keys()
    assert told == table()


def test_a_stranger_gets_404_wherever_an_address_names_an_object() -> None:
    """Checklist 14. Without a session it is a 401, which tells as little."""
    named = {route: row for route, row in table().items() if OBJECTS.intersection(places(route))}
    assert len(named) > 25
    column = dict(zip(WHO, zip(*named.values(), strict=True), strict=True))
    assert set(column["stranger"]) == {"404"}
    assert set(column["nobody"]) == {"401"}


def test_a_guest_is_nobody_but_where_a_link_lets_in() -> None:
    otherwise = {route for route, row in table().items() if row[WHO.index("guest")] != row[WHO.index("nobody")]}
    assert otherwise == FOR_GUESTS


async def test_no_answer_tells_strangers_and_guests_what_is_not_theirs(tmp_path: Path) -> None:
    """Checklist 14. Everything that can be looked at without a secret in its address."""
    secrets = {
        "stranger": (DEVICE, "Vườn ươm", "Minh Thợ", "Hoa Xem"),
        "guest": (OTHER_DEVICE, "may-bom", "Minh Thợ", "Hoa Xem", "kiểu lạ", "Lan"),
    }
    leaks = []
    async with who_world(tmp_path) as world:
        await world.send(
            "owner", *("POST", f"/api/v1/devices/{DEVICE}/channels/den/commands"), json={"on": True, "deliver": "when_online"}
        )
        world.app.state.stopping.set()
        looks = [(method, path) for method, path in every_route(world.app) if method == "GET" and "{token}" not in path]
        for who, words in secrets.items():
            for method, path in looks:
                status, text = await asked(world, who, method, path)
                leaks += [
                    (who, path, word)
                    for word in words
                    if status < 400 and word in text and path not in ("/docs", "/openapi.json")
                ]
    assert leaks == []
