"""The middlewares in their order: the outermost first. All are plain ASGI, so that streams stay streams."""

from collections.abc import Iterable

from fastapi import FastAPI
from starlette.middleware import Middleware

from server.http.access_log import AccessLog
from server.http.body_limit import BodyLimit
from server.http.boundary import Boundary
from server.http.compression import GZipWhatIsRead
from server.http.cross_site import CrossSiteGuard
from server.http.headers import SecurityHeaders
from server.http.host_guard import HostGuard
from server.http.late_cookie import LateCookie
from server.http.recording import Recording


def surround(app: FastAPI, *, address: str, body_limit_bytes: int, other_hosts: Iterable[str] = ()) -> None:
    """Put everything around the application that each request goes through."""
    app.user_middleware[:] = [
        Middleware(SecurityHeaders),
        Middleware(AccessLog),
        Middleware(LateCookie),
        Middleware(Recording),
        Middleware(Boundary),
        Middleware(HostGuard, address=address, others=other_hosts),
        Middleware(CrossSiteGuard, address=address),
        Middleware(BodyLimit, limit_bytes=body_limit_bytes),
        Middleware(GZipWhatIsRead, minimum_size=1000, compresslevel=6),
    ]
