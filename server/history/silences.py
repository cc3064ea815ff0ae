"""Finds in the database what `outages` is made from."""

from typing import Final

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.messages import Cause, ClockTrust, EventKind
from server.devices.models import PresenceChange
from server.history.models import LOST, EventRow
from server.history.outages import Heard, Outage, Told, outages

FIRST_SET_MS: Final = 1_735_689_600_000
"""2025: a time before it was told by a clock that was never set."""
MOST_CHANGES: Final = 2_000
MOST_RECORDS: Final = 2_000

_KINDS: Final = (EventKind.STARTED, LOST)
_CAUSES: Final = (Cause.BOOT, Cause.FAULT, Cause.LINK_LOSS)


async def find_outages(session: AsyncSession, device_id: str, since_ms: int, *, caught_up: bool) -> list[Outage]:
    """The silences of a device since then, the newest first; of a link that flaps without end, the newest of them."""
    heard = await _heard(session, device_id, since_ms)
    return outages(heard, await _told(session, device_id, since_ms), caught_up=caught_up)


async def _heard(session: AsyncSession, device_id: str, since_ms: int) -> list[Heard]:
    mine = select(PresenceChange).where(PresenceChange.device_id == device_id).order_by(col(PresenceChange.id).desc())
    within = list(await session.exec(mine.where(PresenceChange.at_ms >= since_ms).limit(MOST_CHANGES)))
    before = list(await session.exec(mine.where(PresenceChange.at_ms < since_ms).limit(1))) if len(within) < MOST_CHANGES else []
    return [Heard(change.at_ms, change.online) for change in reversed([*within, *before])]


async def _told(session: AsyncSession, device_id: str, since_ms: int) -> list[Told]:
    bears = or_(col(EventRow.kind).in_(_KINDS), col(EventRow.cause).in_(_CAUSES))
    never_set = and_(col(EventRow.at_ms) < FIRST_SET_MS, col(EventRow.received_ms) >= since_ms)
    rows = select(EventRow).where(EventRow.device_id == device_id, bears, or_(col(EventRow.at_ms) >= since_ms, never_set))
    found = await session.exec(rows.order_by(col(EventRow.received_ms).desc()).limit(MOST_RECORDS))
    return [
        Told(
            row.journal,
            row.seq,
            row.at_ms,
            row.received_ms,
            row.clock == ClockTrust.SERVER,
            row.kind,
            row.cause,
            row.channel,
            row.on,
        )
        for row in found
    ]
