"""The live stream: a whole snapshot first, then what changes, and a sign of life in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from server.accounts import Asking, find_principal
from server.live.hub import Change
from server.switchboard import switchboard

router = APIRouter(tags=["live"])

TICK_S: Final = 10.0
CHECK_S: Final = 2.5


@router.get("/api/v1/snapshot")
async def snapshot(principal: Asking, request: Request) -> dict[str, Any]:
    """Every site and device of the caller, as they stand."""
    return switchboard(request).hub.snapshot(principal.roles)


@router.get("/api/v1/live", response_class=EventSourceResponse)
async def live(principal: Asking, request: Request) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `snapshot` (whole), then `device`, `channel`, `link` as they change, and `tick` every 10 s.

    The stream ends when the session ends or the server stops.
    """
    loop = asyncio.get_running_loop()
    stopping: asyncio.Event = request.app.state.stopping
    hub = switchboard(request).hub
    with hub.stream(principal.roles) as stream:
        yield _event(stream.snapshot())
        ticked, checked = loop.time(), loop.time()
        while not stopping.is_set():
            for change in await stream.next(CHECK_S):
                yield _event(change)
            if loop.time() - checked >= CHECK_S:
                checked = loop.time()
                now = await find_principal(request)
                if now is None:
                    return
                stream.roles = now.roles
            if loop.time() - ticked >= TICK_S:
                ticked = loop.time()
                yield _event(hub.tick())


def _event(change: Change) -> ServerSentEvent:
    return ServerSentEvent(event=change.event, raw_data=change.data)
