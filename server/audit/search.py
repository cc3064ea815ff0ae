"""Finds rows of the trail, newest first."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.audit.models import AuditRow

AT_ONCE: Final = 200
MOST_READ: Final = 4_000


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, newest first. `before`: the number before which to go on looking; None: there is nothing older."""

    rows: list[AuditRow]
    before: int | None


async def find_rows(
    session: AsyncSession,
    most: int,
    *,
    actor: str | None = None,
    site_ids: Collection[str] | None = None,
    before: int | None = None,
    clauses: Sequence[ColumnElement[bool]] = (),
) -> list[AuditRow]:
    """The newest so many rows before that number: of these sites or by this actor; with neither, all rows; and as `clauses` say."""
    wanted = select(AuditRow).where(*clauses).order_by(col(AuditRow.seq).desc()).limit(most)
    if before is not None:
        wanted = wanted.where(AuditRow.seq < before)
    if actor is not None or site_ids is not None:
        wanted = wanted.where(or_(col(AuditRow.site_id).in_(list(site_ids or ())), col(AuditRow.actor) == actor))
    return list(await session.exec(wanted))


async def sift_rows(
    session: AsyncSession,
    most: int,
    holds: Callable[[AuditRow], bool],
    *,
    actor: str | None,
    site_ids: Collection[str],
    before: int | None = None,
    clauses: Sequence[ColumnElement[bool]] = (),
) -> Found:
    """The newest so many of those rows that hold. It reads MOST_READ at most: a page may be short, even empty, and yet have a `before`."""
    kept: list[AuditRow] = []
    for _ in range(MOST_READ // AT_ONCE):
        rows = await find_rows(session, AT_ONCE, actor=actor, site_ids=site_ids, before=before, clauses=clauses)
        for row in filter(holds, rows):
            if len(kept) == most:
                return Found(kept, kept[-1].seq)
            kept.append(row)
        if len(rows) < AT_ONCE:
            return Found(kept, None)
        before = rows[-1].seq
    return Found(kept, before)
