"""No request body is read beyond a limit, whether it tells its length or not."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import Problem
from server.http.problems import respond


class BodyLimit:
    """Answers 413 by Content-Length before anything is read, else as soon as more than `limit_bytes` have come."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isascii() or not told.isdigit() or int(told) > self._limit:
            await respond(Request(scope), self._problem())(scope, receive, send)
            return
        seen = 0

        async def receive_limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise HTTPException(413, self._problem().detail)
            return message

        await self._app(scope, receive_limited, send)

    def _problem(self) -> Problem:
        return Problem(413, "content_too_large", detail=f"A request may carry at most {self._limit} bytes.")
