"""The trail for programs of those whom it concerns."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from server.accounts import Asking
from server.audit.reading import AuditOut, Reader
from server.audit.search import find_rows

router = APIRouter()

Before = Annotated[int | None, Query(ge=1, lt=2**53)]


class AuditPage(BaseModel):
    """Rows, newest first. `before`: give it back to get those that are older; null: there are none."""

    rows: list[AuditOut]
    before: int | None


@router.get("/api/v1/audit", response_model=AuditPage, tags=["audit"])
async def audit(
    request: Request, principal: Asking, before: Before = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Any:
    """What was changed, and what was refused: at the sites that you own, and by yourself anywhere; a token sees its sites alone."""
    state = request.app.state
    await state.trail.written()  # what was done a moment ago is in it, unless the trail cannot be written now
    async with state.database.read() as session:
        reader = await Reader.of(session, principal)
        rows = await find_rows(session, limit + 1, actor=reader.actor, site_ids=reader.owned, before=before)
    page = [reader.out(row) for row in rows[:limit]]
    return {"rows": page, "before": page[-1].seq if len(rows) > limit else None}
