"""What nobody caught ends here: logged with its traceback, answered without it."""

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.problems import as_problem, respond

log = logging.getLogger(__name__)


class Boundary:
    """Answers 500 where no answer was begun. Inside the middlewares for headers and log, so that it has both."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            log.exception("request %s failed", scope.get("state", {}).get("request_id"))
            if begun:
                raise
            await respond(Request(scope), as_problem(error))(scope, receive, send)
