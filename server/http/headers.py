"""Headers that protect the reader, on every answer."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
OVER_HTTPS: Final = {"strict-transport-security": "max-age=31536000"}
BY_DEFAULT: Final = {"cache-control": "no-store"}


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class SecurityHeaders:
    """Sets HEADERS, whatever the application said; and `no-store` where it said nothing about caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._plain = _raw(HEADERS)
        self._https = _raw(HEADERS | OVER_HTTPS)
        self._set = {name for name, _ in self._https}
        self._default = _raw(BY_DEFAULT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        protective = self._https if scope.get("scheme") == "https" else self._plain

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = [header for header in message["headers"] if header[0].lower() not in self._set]
                names = {name.lower() for name, _ in said}
                message["headers"] = [*said, *protective, *(header for header in self._default if header[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_protected)
