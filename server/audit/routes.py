"""The trail for those whom it concerns: an owner sees what happened at the own sites, everybody what they did themselves."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import col, select

from server.accounts import Asking, Principal
from server.accounts.models import User
from server.audit.models import AuditRow
from server.audit.search import find_rows
from server.http import pages_of
from server.sites.models import Member
from server.switchboard import switchboard

router = APIRouter()

ELSEWHERE: Final = "elsewhere"
PAGE_ROWS: Final = 30

Before = Annotated[int | None, Query(ge=1, lt=2**53)]


class AuditOut(BaseModel):
    """What somebody did, or was not let do. `status` as in HTTP, `reason` the code of a refusal; `name` is null for who has left."""

    seq: int
    at_ms: int
    actor: str
    name: str | None
    address: str | None
    what: str
    status: int
    reason: str | None
    site_id: str | None
    facts: dict[str, Any]


class AuditPage(BaseModel):
    """Rows, newest first. `before`: give it back to get those that are older; null: there are none."""

    rows: list[AuditOut]
    before: int | None


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[AuditOut]
    before: int | None


@router.get("/api/v1/audit", response_model=AuditPage, tags=["audit"])
async def audit(
    request: Request, principal: Asking, before: Before = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Any:
    """What was changed, and what was refused: at the sites that you own, and by yourself anywhere; a token sees its sites alone."""
    found = await _find(request, principal, limit, before)
    return {"rows": found.rows, "before": found.before}


@router.get("/activity", include_in_schema=False)
async def activity(request: Request, principal: Asking, before: Before = None) -> Response:
    """The same as a page."""
    found = await _find(request, principal, PAGE_ROWS, before)
    board = switchboard(request)
    things = {device.id: device for device in board.registry if principal.may_see(device.site_id)}
    zones = {site_id: site["timezone"] for site_id, site in board.sites.items()}
    return pages_of(request).render(
        request, "audit.html", viewer=principal, rows=found.rows, before=found.before, things=things, zones=zones
    )


async def _find(request: Request, principal: Principal, most: int, before: int | None) -> _Found:
    """A page of rows. What was done a moment ago is in it, unless the trail cannot be written now."""
    state = request.app.state
    await state.trail.written()
    owned = [site_id for site_id in principal.roles if principal.may_manage(site_id)]
    actor = principal.actor if principal.token_id is None else None
    async with state.database.read() as session:
        rows = await find_rows(session, most + 1, actor=actor, site_ids=owned, before=before)
        members = select(User.id, User.name).join(Member, col(Member.user_id) == col(User.id))
        names = dict((await session.exec(members.where(col(Member.site_id).in_(owned)))).all())
    names[principal.user_id] = principal.name
    page = [_out(row, names, principal) for row in rows[:most]]
    return _Found(page, page[-1].seq if len(rows) > most else None)


def _out(row: AuditRow, names: dict[str, str], reader: Principal) -> AuditOut:
    """The row for this reader: people who are not of the reader's sites are not told apart, and other sites do not exist."""
    kind, _, person_id = row.actor.partition(":")
    known = kind != "user" or person_id in names
    return AuditOut(
        **row.model_dump(exclude={"actor", "facts", "hash", "site_id"}),
        actor=row.actor if known else ELSEWHERE,
        site_id=row.site_id if row.site_id is not None and reader.may_see(row.site_id) else None,
        name=names.get(person_id) if kind == "user" else None,
        facts=json.loads(row.facts or "{}"),
    )
