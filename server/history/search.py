"""Finds events that were, in the database."""

from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.history.models import EventRow


@dataclass(frozen=True, slots=True)
class Before:
    """A place in the history, newest first: the event at this time with this number has been seen."""

    at_ms: int
    seq: int


async def find_events(
    session: AsyncSession,
    device_id: str,
    most: int,
    *,
    channel: str | None = None,
    since_ms: int = 0,
    before: Before | None = None,
) -> list[EventRow]:
    """The newest so many events of a device, newest first."""
    query = select(EventRow).where(EventRow.device_id == device_id, EventRow.at_ms >= since_ms)
    if channel is not None:
        query = query.where(EventRow.channel == channel)
    if before is not None:
        at_ms, seq = col(EventRow.at_ms), col(EventRow.seq)
        query = query.where(or_(at_ms < before.at_ms, and_(at_ms == before.at_ms, seq < before.seq)))
    query = query.order_by(col(EventRow.at_ms).desc(), col(EventRow.seq).desc()).limit(most)
    return list(await session.exec(query))
