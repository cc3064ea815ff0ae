"""Other sites cannot make a browser change anything here (Fetch Metadata, and RFC 6454's Origin for browsers without it)."""

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import Problem
from server.http.bearer import bearer_of
from server.http.problems import respond

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSiteGuard:
    """Refuses unsafe methods from elsewhere with 403. Programs that send neither header pass as long as they carry no cookie.

    What carries a bearer token passes too: no browser sends one by itself, and the cookie beside it counts for nothing.
    """

    def __init__(self, app: ASGIApp, address: str) -> None:
        self._app = app
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or self._from_here(scope) or bearer_of(scope) is not None:
            await self._app(scope, receive, send)
            return
        problem = Problem(403, "cross_site", detail="This came from another site. Open this server's own page and try there.")
        await respond(Request(scope), problem)(scope, receive, send)

    def _from_here(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site in ("same-origin", "none")
        if origin is not None:
            return origin in (self._address, f"{scope['scheme']}://{headers.get('host', '')}")
        return "cookie" not in headers
