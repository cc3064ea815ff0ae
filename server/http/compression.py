"""Pages, scripts and lists are sent compressed. Answers to commands are shorter than what compressing saves, and must be quick."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from server.http.cross_site import SAFE_METHODS


class GZipWhatIsRead(GZipMiddleware):
    """Starlette's compression for what is read, but for event streams and encoded bodies, which it leaves alone by itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS:
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
