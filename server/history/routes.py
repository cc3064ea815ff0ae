"""History over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from server.accounts import Asking
from server.devices.access import visible_device
from server.history.search import Before, find_events
from server.switchboard import switchboard

router = APIRouter(tags=["history"])


class EventOut(BaseModel):
    """Something that happened on a device: `at_ms` by its clock, `clock` how far that is trusted, `cause` why, `actor` for whom."""

    journal: str
    seq: int
    at_ms: int
    clock: str
    kind: str
    channel: str | None
    on: bool | None
    cause: str | None
    actor: str | None
    command: str | None
    reason: str | None
    lease_until_ms: int | None
    received_ms: int


class EventPage(BaseModel):
    """Events, newest first. `before`: give it back to get those that are older; null: there are none."""

    events: list[EventOut]
    before: str | None


@router.get("/api/v1/devices/{device_id}/history", response_model=EventPage)
async def history(
    device_id: str,
    principal: Asking,
    request: Request,
    channel: Annotated[str | None, Query(max_length=32)] = None,
    since_ms: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    before: Annotated[str | None, Query(pattern=r"^\d{1,15}\.\d{1,15}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Any:
    """What happened on a device, newest first."""
    board = switchboard(request)
    device = visible_device(board.registry, principal, device_id)
    place = Before(*map(int, before.split("."))) if before else None
    async with board.database.read() as session:
        found = await find_events(session, device.id, limit + 1, channel=channel, since_ms=since_ms, before=place)
    page = found[:limit]
    return {
        "events": [event.model_dump() for event in page],
        "before": f"{page[-1].at_ms}.{page[-1].seq}" if len(found) > limit else None,
    }
