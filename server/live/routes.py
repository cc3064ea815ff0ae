"""The live stream: a whole snapshot first, then what changes, and a sign of life in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from server.accounts import Principal, Visiting, still_asking
from server.limits import limits_of
from server.switchboard import switchboard

router = APIRouter(tags=["live"])

TICK_S: Final = 10.0
CHECK_S: Final = 2.5
CROWD: Final = 4
PAUSE_S: Final = 0.003
HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # a proxy passes on each chunk at once


class EventStream(StreamingResponse):
    """Server-sent events, framed already.

    FastAPI's own way of them takes each event through two queues, a timer and a model, which costs more than all else that is done
    for an event. Here whatever changed since the last write goes out as one chunk.
    """

    media_type = "text/event-stream"


@router.get("/api/v1/snapshot")
async def snapshot(principal: Visiting, request: Request) -> dict[str, Any]:
    """Every site and device of the caller, as they stand."""
    return switchboard(request).hub.snapshot(principal)


@router.get("/api/v1/live", response_class=EventStream)
async def live(principal: Visiting, request: Request) -> EventStream:
    """Server-sent events: `snapshot` (whole), then `device`, `channel`, `link` as they change, and `tick` every 10 s.

    The stream ends when the session ends or the server stops.
    """
    limits_of(request).streams(guest=principal.guest is not None).check(principal.actor)
    return EventStream(_frames(principal, request), headers=HEADERS)


async def _frames(principal: Principal, request: Request) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    stopping: asyncio.Event = request.app.state.stopping
    hub = switchboard(request).hub
    places = limits_of(request).streams(guest=principal.guest is not None)
    with places.taken(principal.actor), hub.stream(principal) as stream:
        yield stream.snapshot().frame
        ticked, checked = loop.time(), loop.time()
        while not stopping.is_set():
            changes = await stream.next(max(0.0, checked + CHECK_S - loop.time()))
            if changes:
                yield b"".join(change.frame for change in changes)
            if len(changes) >= CROWD:
                await asyncio.sleep(PAUSE_S)  # where so much changes at once, what comes next goes out together
            if loop.time() - checked >= CHECK_S:
                checked = loop.time()
                now = await still_asking(request, principal)
                if now is None:
                    return
                stream.see_as(now)
            if loop.time() - ticked >= TICK_S:
                ticked = loop.time()
                yield hub.tick().frame
