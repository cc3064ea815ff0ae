"""Finds readings in the database, in buckets: however many there are, a plot needs no more points than it has room for."""

from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.readings.models import ReadingNow, ReadingRow

MOST_BUCKETS: Final = 500
STEPS_MS: Final = tuple(1000 * s for s in (10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was measured from `from_ms` on, for as long as a bucket is: `n` values."""

    from_ms: int
    min: float
    avg: float
    max: float
    n: int


@dataclass(frozen=True, slots=True)
class Series:
    """Buckets of `bucket_ms`, in order; those in which nothing was measured are missing. `unit` None: nothing was."""

    unit: str | None
    bucket_ms: int
    buckets: list[Bucket]


def step_for(span_ms: int, most: int) -> int:
    """The shortest round step by which a span has at most so many buckets, one more at each end."""
    return next((step for step in STEPS_MS if span_ms / step <= most), -(-span_ms // most))


async def find_series(
    session: AsyncSession, device_id: str, channel: str, since_ms: int, until_ms: int, most: int = MOST_BUCKETS
) -> Series:
    """What was measured between two times, in the unit in which it was measured last."""
    step = step_for(until_ms - since_ms, most)
    row, at_ms, value = ReadingRow, col(ReadingRow.at_ms), col(ReadingRow.value)
    mine = (row.device_id == device_id, row.channel == channel, row.at_ms >= since_ms, row.at_ms < until_ms)
    last = (await session.exec(select(row).where(*mine).order_by(at_ms.desc()).limit(1))).first()
    if last is None:
        return Series(None, step, [])
    bucket = (at_ms // step).label("bucket")
    columns: Any = (bucket, func.min(value), func.avg(value), func.max(value), func.count())
    query = select(*columns).where(*mine, row.unit == last.unit)
    found = (await session.exec(query.group_by(bucket).order_by(bucket))).all()
    return Series(last.unit, step, [Bucket(int(at) * step, low, float(mean), high, n) for at, low, mean, high, n in found])


async def find_latest(session: AsyncSession) -> list[ReadingNow]:
    """The latest value of every sensor."""
    return list(await session.exec(select(ReadingNow)))
