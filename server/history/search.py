"""Finds events that were, in the database."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, or_, tuple_
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.messages import EventKind
from server.devices.models import PresenceChange
from server.history.models import LOST, EventRow
from server.history.timeline import Heard, Segment, Told, Walk, Was

Reader = Callable[[], AbstractAsyncContextManager[AsyncSession]]
Why = dict[int, tuple[str | None, str | None]]

STEP_MS: Final = 24 * 3600 * 1000
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
    """What a timeline is made from: what the channel was at first, what was told since, and when the device could be heard.

    `why`: by the time at which the channel was told to be so, the cause and the actor.
    """

    first: Was
    told: list[Told]
    heard: list[Heard]
    why: Why


async def find_segments(
    read: Reader, device_id: str, channel: str, since_ms: int, until_ms: int
) -> AsyncIterator[tuple[list[Segment], Why]]:
    """What the channel was between two times, in pieces: the segments that are certain by then, and why they began, as told since the
    piece before. `read` gives a session for a moment: whoever takes the pieces slowly holds none.

    A day's events at most are in memory at once, and only those of this channel.
    """
    walk: Walk | None = None
    for begin_ms in range(since_ms, until_ms, STEP_MS):
        end_ms = min(begin_ms + STEP_MS, until_ms)
        async with read() as session:
            found = await find_evidence(session, device_id, channel, begin_ms, end_ms)
        walk = walk or Walk(since_ms, found.first)
        walk.go_on(found.told, found.heard, end_ms)
        if end_ms == until_ms:
            walk.end(until_ms)
        yield walk.take(whole=end_ms == until_ms), found.why


async def find_evidence(session: AsyncSession, device_id: str, channel: str, since_ms: int, until_ms: int) -> Evidence:
    """Everything that bears on one channel between two times. Of other channels only what shows that the device lived is read."""
    mine = await _mine(session, device_id, channel, since_ms, until_ms)
    gaps = await _gaps(session, device_id, since_ms, until_ms)
    started = await _started(session, device_id, since_ms, until_ms)
    last_ms = await _last_sign_of_life(session, device_id, since_ms, until_ms)
    told = [
        *(Told(at_ms, EventKind.STARTED, mine=False) for at_ms, _ in started),
        *(Told(at_ms, EventKind.LINK_LOST, mine=False, gap=True) for _, _, at_ms, _ in gaps),
        *(Told(row.at_ms, EventKind(row.kind), mine=True, on=row.on) for row in mine),
        # after what came at the same moment: an event is no sign of life for the time before itself
        *_alive([*(at_ms for _, at_ms in started), *(at_ms for _, _, _, at_ms in gaps), last_ms]),
    ]
    return Evidence(
        first=await _first(session, device_id, channel, since_ms),
        told=told,
        heard=await _heard(session, device_id, since_ms, until_ms),
        why={row.at_ms: (row.cause, row.actor) for row in mine},
    )


def _alive(times_ms: Iterable[int | None]) -> Iterator[Told]:
    """Signs of life alone, which say nothing of the channel."""
    return (Told(at_ms, EventKind.LINK_LOST, mine=False) for at_ms in times_ms if at_ms is not None)


async def _first(session: AsyncSession, device_id: str, channel: str, before_ms: int) -> Was:
    query = select(EventRow.on).where(EventRow.device_id == device_id, EventRow.channel == channel, EventRow.at_ms < before_ms)
    query = query.where(col(EventRow.kind).in_(_SAY_IT_ALL)).order_by(col(EventRow.at_ms).desc(), col(EventRow.seq).desc())
    on = (await session.exec(query.limit(1))).first()
    return Was.UNKNOWN if on is None else Was.ON if on else Was.OFF


async def _mine(session: AsyncSession, device_id: str, channel: str, since_ms: int, until_ms: int) -> list[Any]:
    """What was told of the channel itself, in order."""
    row = EventRow
    query: Any = columns(col(row.at_ms), col(row.kind), col(row.on), col(row.cause), col(row.actor)).where(
        col(row.device_id) == device_id, col(row.channel) == channel, col(row.at_ms) >= since_ms, col(row.at_ms) < until_ms
    )
    query = query.where(col(EventRow.kind).in_(_SAY_IT_ALL))
    return list(await session.exec(query.order_by(col(EventRow.at_ms), col(EventRow.journal), col(EventRow.seq))))


def _sign_of_life(event: Any) -> Any:
    """The time of the last thing that the device told before an event."""
    other = aliased(EventRow)
    query: Any = select(other.at_ms).where(other.device_id == event.device_id, other.at_ms < event.at_ms)
    return query.where(col(other.kind) != LOST).order_by(col(other.at_ms).desc()).limit(1).scalar_subquery()


async def _started(session: AsyncSession, device_id: str, since_ms: int, until_ms: int) -> list[tuple[int, int | None]]:
    """When the device started, each with its last sign of life before that."""
    query: Any = select(col(EventRow.at_ms), _sign_of_life(EventRow)).where(
        EventRow.device_id == device_id,
        col(EventRow.channel).is_(None),
        EventRow.at_ms >= since_ms,
        EventRow.at_ms < until_ms,
        EventRow.kind == EventKind.STARTED,
    )
    return [tuple(row) for row in await session.exec(query.order_by(col(EventRow.at_ms)))]


async def _gaps(session: AsyncSession, device_id: str, since_ms: int, until_ms: int) -> list[tuple[str, int, int, int | None]]:
    """The first events after records that were lost: journal, number, time, and the last sign of life before. That a record is lost is
    noticed after it was to come, so that losses of later count too.
    """
    after = aliased(EventRow)
    following: Any = select(func.min(after.seq)).where(
        after.device_id == EventRow.device_id, after.journal == EventRow.journal, col(after.seq) > EventRow.seq
    )
    lost: Any = select(col(EventRow.journal), following.scalar_subquery()).where(
        EventRow.device_id == device_id, col(EventRow.channel).is_(None), EventRow.at_ms >= since_ms, EventRow.kind == LOST
    )
    places = [tuple(row) for row in await session.exec(lost) if row[1] is not None]
    if not places:
        return []
    query: Any = select(col(EventRow.journal), col(EventRow.seq), col(EventRow.at_ms), _sign_of_life(EventRow)).where(
        EventRow.device_id == device_id, tuple_(col(EventRow.journal), col(EventRow.seq)).in_(places)
    )
    query = query.where(EventRow.kind != LOST, EventRow.at_ms >= since_ms, EventRow.at_ms < until_ms)
    return [tuple(row) for row in await session.exec(query)]


async def _last_sign_of_life(session: AsyncSession, device_id: str, since_ms: int, until_ms: int) -> int | None:
    query = select(EventRow.at_ms).where(EventRow.device_id == device_id, EventRow.at_ms >= since_ms, EventRow.at_ms < until_ms)
    query = query.where(EventRow.kind != LOST).order_by(col(EventRow.at_ms).desc()).limit(1)
    return (await session.exec(query)).first()


async def _heard(session: AsyncSession, device_id: str, since_ms: int, until_ms: int) -> list[Heard]:
    mine = select(PresenceChange).where(PresenceChange.device_id == device_id)
    newest = mine.where(PresenceChange.at_ms < since_ms).order_by(col(PresenceChange.id).desc()).limit(1)
    within = mine.where(PresenceChange.at_ms >= since_ms, PresenceChange.at_ms < until_ms).order_by(col(PresenceChange.id))
    changes = [*await session.exec(newest), *await session.exec(within)]
    return [Heard(change.at_ms, change.online is True, change.heard_ms) for change in changes]
