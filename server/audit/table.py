"""The trail in the database: where the chain ends, rows put after it, old rows taken from its beginning."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.audit.chain import START, Entry, Link, link_after, row_of, seal
from server.audit.models import AuditRow
from server.db import Hot, Op, insert
from server.db.facts import Fact

CUT: Final = "audit_cut"
KEEP: Final = Hot(insert(AuditRow), rank=95)


def put_after(key: bytes, head: Link, entries: Sequence[Entry]) -> tuple[list[Op], Link]:
    """What keeps these entries after that link, and the new end. A number that is taken by then is refused as a duplicate key."""
    ops = []
    for entry in entries:
        head = link_after(key, head, entry)
        ops.append(Op(KEEP, row_of(head, entry)))
    return ops, head


async def find_end(session: AsyncSession) -> Link:
    """Where the chain ends."""
    last = (await session.exec(select(AuditRow.seq, AuditRow.hash).order_by(col(AuditRow.seq).desc()).limit(1))).first()
    return Link(*last) if last is not None else (await find_cut(session))[0]


async def find_cut(session: AsyncSession) -> tuple[Link, str]:
    """Where the kept part of the chain begins, and the seal that vouches for it (empty: nothing was ever cut)."""
    kept = await session.get(Fact, CUT)
    if kept is None:
        return START, ""
    seq, digest, sealed = kept.value.split(":")
    return Link(int(seq), digest), sealed


async def trim(session: AsyncSession, key: bytes, before_ms: int, most: int) -> int:
    """Take away rows older than that from the beginning, at most so many, and seal the cut; how many went."""
    cut, _ = await find_cut(session)
    first_young = select(AuditRow.seq).where(AuditRow.at_ms >= before_ms).order_by(col(AuditRow.seq)).limit(1)
    until = (await session.exec(first_young)).first()
    old = select(AuditRow.seq, AuditRow.hash).where(AuditRow.seq <= cut.seq + most)
    if until is not None:
        old = old.where(AuditRow.seq < until)
    last = (await session.exec(old.order_by(col(AuditRow.seq).desc()).limit(1))).first()
    if last is None:
        return 0
    end = Link(*last)
    await session.exec(delete(AuditRow).where(col(AuditRow.seq) <= end.seq))
    await session.merge(Fact(key=CUT, value=f"{end.seq}:{end.hash}:{seal(key, end)}"))
    return end.seq - cut.seq
