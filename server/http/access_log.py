"""One line for each request: who could read the log must not be able to sign in with it, or to write lines into it."""

import logging
import re
import secrets
import time
from typing import Final
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_PATH: Final = 200
_SECRET_PATH: Final = re.compile(r"^(/(?:sign-in|invitations|guest)/).+")

log = logging.getLogger("congtac.access")


class AccessLog:
    """Gives the request an id (`request.state.request_id`, `X-Request-Id`) and logs method, path, status and time. No query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(6)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            if log.isEnabledFor(logging.INFO):
                took_ms = (time.perf_counter() - started) * 1000
                log.info(
                    "id=%s method=%s path=%s status=%d ms=%.1f",
                    request_id,
                    scope["method"],
                    shown(scope["path"]),
                    status,
                    took_ms,
                )


def shown(path: str) -> str:
    """The path as it may stand in a log: no sign-in token, no control characters, not longer than 200 characters."""
    return quote(_SECRET_PATH.sub(r"\1***", path), safe="/*:@~")[:LONGEST_PATH]
