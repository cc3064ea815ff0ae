"""Finds events that were, in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.messages import EventKind
from server.devices.models import PresenceChange
from server.history.models import LOST, EventRow
from server.history.timeline import Heard, Told, Was

_SAY_IT_ALL: Final = (EventKind.SWITCHED, EventKind.LEASED)


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
    channels: Collection[str] | None = None,
    since_ms: int = 0,
    before: Before | None = None,
) -> list[EventRow]:
    """The newest so many events of a device, newest first; of these channels only, where they are given."""
    query = select(EventRow).where(EventRow.device_id == device_id, EventRow.at_ms >= since_ms)
    if channels is not None:
        query = query.where(col(EventRow.channel).in_(channels))
    if before is not None:
        at_ms, seq = col(EventRow.at_ms), col(EventRow.seq)
        query = query.where(or_(at_ms < before.at_ms, and_(at_ms == before.at_ms, seq < before.seq)))
    query = query.order_by(col(EventRow.at_ms).desc(), col(EventRow.seq).desc()).limit(most)
    return list(await session.exec(query))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a timeline is made from: what the channel was at first, what was told since, and when the device could be heard."""

    first: Was
    told: list[Told]
    heard: list[Heard]


async def find_evidence(session: AsyncSession, device_id: str, channel: str, since_ms: int, until_ms: int) -> Evidence:
    """Everything that bears on one channel between two times."""
    mine = select(EventRow).where(EventRow.device_id == device_id, EventRow.channel == channel, EventRow.at_ms < since_ms)
    mine = mine.where(col(EventRow.kind).in_(_SAY_IT_ALL)).order_by(col(EventRow.at_ms).desc(), col(EventRow.seq).desc())
    before = (await session.exec(mine.limit(1))).first()
    rows = select(EventRow).where(EventRow.device_id == device_id, EventRow.at_ms >= since_ms, EventRow.at_ms < until_ms)
    rows = rows.order_by(col(EventRow.at_ms), col(EventRow.journal), col(EventRow.seq))
    return Evidence(
        first=Was.UNKNOWN if before is None or before.on is None else Was.ON if before.on else Was.OFF,
        told=_told(list(await session.exec(rows)), channel),
        heard=await _heard(session, device_id, since_ms, until_ms),
    )


def _told(rows: list[EventRow], channel: str) -> list[Told]:
    lost = [(row.journal, row.seq) for row in rows if row.kind == LOST]
    told = []
    for row in rows:
        if row.kind != LOST:
            gap = (row.journal, row.seq - 1) in lost
            told.append(Told(row.at_ms, EventKind(row.kind), row.channel == channel, row.on, gap=gap))
    return told


async def _heard(session: AsyncSession, device_id: str, since_ms: int, until_ms: int) -> list[Heard]:
    mine = select(PresenceChange).where(PresenceChange.device_id == device_id)
    newest = mine.where(PresenceChange.at_ms < since_ms).order_by(col(PresenceChange.id).desc()).limit(1)
    within = mine.where(PresenceChange.at_ms >= since_ms, PresenceChange.at_ms < until_ms).order_by(col(PresenceChange.id))
    changes = [*await session.exec(newest), *await session.exec(within)]
    return [Heard(change.at_ms, change.online is True) for change in changes]
