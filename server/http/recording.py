"""Every request that would change something is recorded with its outcome, whoever refuses or answers it."""

from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.audit import NOBODY, Trail, entry
from server.clock import now_ms
from server.http.cross_site import SAFE_METHODS

NO_ANSWER: Final = 499
_IDS: Final = ("channel", "slug")


class Recording:
    """Tells `app.state.trail` who asked what from where, and what became of it. The answer is the same with and without a trail.

    The address is told as its route's template, with the ids in it: what else stands in a path may be a way in.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        status = NO_ANSWER

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            _record(scope, status)


def _record(scope: Scope, status: int) -> None:
    trail: Trail | None = getattr(scope["app"].state, "trail", None) if "app" in scope else None
    if trail is None:
        return
    state: dict[str, Any] = scope.get("state", {})
    noted: dict[str, Any] = state.get("audit", {})
    route, client = scope.get("route"), scope.get("client")
    ids = {key: value for key, value in scope.get("path_params", {}).items() if key.endswith("_id") or key in _IDS}
    told = entry(
        now_ms(),
        noted.get("actor") or state.get("actor") or NOBODY,
        noted.get("what") or f"{scope['method']} {getattr(route, 'path', '(no such address)')}",
        address=client[0] if client else None,
        status=status,
        reason=state.get("problem"),
        site_id=noted.get("site") or _site_of(scope["app"].state, ids),
        facts={**ids, **noted.get("facts", {})},
    )
    trail.record(told, soon="command" not in noted.get("facts", ()))


def _site_of(state: Any, ids: dict[str, Any]) -> str | None:
    """The id of the site that a request was about, as far as its address tells."""
    board = getattr(state, "switchboard", None)
    if board is None:
        return None
    if "command_id" in ids and (command := board.desk.get(ids["command_id"])) is not None:
        ids = {**ids, "device_id": command.device_id}
    if "device_id" in ids:
        device = board.registry.get(ids["device_id"])
        return device.site_id if device else None
    known = (site["id"] for site in board.sites.values() if site["id"] == ids.get("site_id") or site["slug"] == ids.get("slug"))
    return next(known, None)
