"""A cookie that was decided on while a request was served, by whoever found out who asks, goes with whatever the answer is."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PLACE: Final = "late_cookie"


class LateCookie:
    """Adds `scope["late_cookie"]`, the text of a Set-Cookie, to an answer that does not set that cookie itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start" and PLACE in scope:
                cookie = scope[PLACE].encode("latin-1")
                name = cookie.partition(b"=")[0] + b"="
                if not any(key == b"set-cookie" and value.startswith(name) for key, value in message["headers"]):
                    message["headers"] = [*message["headers"], (b"set-cookie", cookie)]
            await send(message)

        await self._app(scope, receive, send_with)
