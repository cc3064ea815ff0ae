"""Finds rows of the trail, newest first."""

from collections.abc import Collection

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.audit.models import AuditRow


async def find_rows(
    session: AsyncSession,
    most: int,
    *,
    actor: str | None = None,
    site_ids: Collection[str] | None = None,
    before: int | None = None,
) -> list[AuditRow]:
    """The newest so many rows before that number: of these sites or by this actor; with neither, all rows."""
    wanted = select(AuditRow).order_by(col(AuditRow.seq).desc()).limit(most)
    if before is not None:
        wanted = wanted.where(AuditRow.seq < before)
    if actor is not None or site_ids is not None:
        wanted = wanted.where(or_(col(AuditRow.site_id).in_(list(site_ids or ())), col(AuditRow.actor) == actor))
    return list(await session.exec(wanted))
