"""Whether the trail in the database is what was written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlmodel import col, select

from server.audit.chain import START, Fault, Link, Row, faults, seal
from server.audit.models import AuditRow
from server.audit.table import find_cut
from server.db import Database

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults`: what is wrong, empty when all fits. `rows` were read, after `cut` (rows up to it went with age), up to `end`."""

    faults: list[Fault]
    rows: int
    cut: Link
    end: Link


async def verify(database: Database, key: bytes, known: Iterable[Link]) -> Verdict:
    """Read the whole chain. `known`: links that were noted elsewhere, at least that of `audit.head`. Raises StorageError."""
    rows: list[AuditRow] = []
    async with database.read() as session:
        cut, sealed = await find_cut(session)
        while True:
            last = rows[-1].seq if rows else 0
            wanted = select(AuditRow).where(AuditRow.seq > last).order_by(col(AuditRow.seq)).limit(AT_ONCE)
            more = list(await session.exec(wanted))
            rows += more
            if len(more) < AT_ONCE:
                break
    found = list(_all_faults(key, cut, sealed, rows, known))
    end = Link(rows[-1].seq, rows[-1].hash) if rows else cut
    return Verdict(found, len(rows), cut, end)


def _all_faults(key: bytes, cut: Link, sealed: str, rows: Iterable[Row], known: Iterable[Link]) -> Iterator[Fault]:
    if cut != START and sealed != seal(key, cut):
        yield Fault(1, cut.seq, "removed, and not by this server")
    yield from faults(key, cut, rows, known)
