"""`congtac admin audit`: verify and list; and what every other `congtac admin` leaves in the trail."""

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from server.audit.chain import Entry, Link
from server.audit.key import Head, audit_key
from server.audit.models import AuditRow
from server.audit.notes import ADMIN, entry
from server.audit.search import find_rows
from server.audit.table import find_end, put_after
from server.audit.verify import Verdict, verify
from server.clock import now_ms
from server.db import Database, StorageError, WriterBusy
from server.devices.models import Device
from server.opening import StartError
from server.settings import Settings

log = logging.getLogger("congtac.audit")

DEFAULT_ROWS: Final = 50


def add_audit_arguments(task: argparse.ArgumentParser) -> None:
    """The arguments of `congtac admin audit`."""
    task.add_argument("do", choices=("verify", "list"), help="verify: find rows that were removed or altered; list: print rows")
    task.add_argument("--rows", type=int, default=DEFAULT_ROWS, help=f"list: how many of the newest (default {DEFAULT_ROWS})")
    task.add_argument("--head", action="append", default=[], metavar="N:HASH", help="verify: an end that was noted elsewhere")


async def record_admin(
    database: Database, settings: Settings, task: str, facts: Mapping[str, Any], refusal: str | None = None
) -> None:
    """Put what an operator did with `congtac admin` into the trail. A trail that cannot be written stops no operator, but is told."""
    status = 200 if refusal is None else 422
    told = entry(now_ms(), ADMIN, f"admin {task}", status=status, reason=refusal, facts=facts)
    key, head = audit_key(settings.data_dir), Head(settings.data_dir)
    try:
        end = await database.writer.run(partial(_append, key=key, told=told, device_id=facts.get("device_id")))
        head.write(end)
    except (StorageError, WriterBusy, OSError) as error:
        log.error("the audit trail has a gap: %r could not be recorded: %s", told.what, error)


async def _append(session: AsyncSession, *, key: bytes, told: Entry, device_id: str | None) -> Link:
    device = await session.get(Device, device_id) if device_id else None
    told = replace(told, site_id=device.site_id if device else None)
    ops, end = put_after(key, await find_end(session), [told])
    for op in ops:
        session.add(AuditRow(**op.params))
    await session.flush()
    return end


async def verdict_on(database: Database, settings: Settings, noted: Sequence[str]) -> Verdict:
    """Verify the chain against `audit.head` and what was noted elsewhere. Raises StartError for a note that cannot be read."""
    known = [_link(text) for text in noted]
    try:
        head = Head(settings.data_dir).read()
    except ValueError:
        raise StartError(f"{settings.data_dir / 'audit.head'} holds something else than a number and a hash") from None
    return await verify(database, audit_key(settings.data_dir), [*known, *([head] if head else [])])


def _link(text: str) -> Link:
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise StartError(f"{text!r} is not N:HASH, as `congtac admin audit verify` and the log print it")
    return Link(int(number), digest)


def told_verdict(verdict: Verdict) -> str:
    """The verdict for a person."""
    if verdict.faults:
        return "\n".join(map(str, verdict.faults))
    since = f" Rows up to {verdict.cut.seq} went with their age, under this server's seal." if verdict.cut.seq else ""
    return (
        f"{verdict.rows} rows, all as they were written.{since}\nThe end, to note elsewhere: {verdict.end.seq}:{verdict.end.hash}"
    )


async def rows_to_list(database: Database, most: int) -> list[AuditRow]:
    """The newest rows, oldest first."""
    async with database.read() as session:
        return (await find_rows(session, most))[::-1]


def told_row(row: AuditRow) -> str:
    """A row as one line."""
    when = datetime.fromtimestamp(row.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    result = f"{row.status}" + (f" {row.reason}" if row.reason else "")
    return "  ".join((f"{row.seq:>6}", when, row.actor, row.address or "-", row.what, result, row.facts)).rstrip()


def row_document(row: AuditRow) -> dict[str, Any]:
    """A row as a document."""
    return {**row.model_dump(), "facts": json.loads(row.facts or "{}")}
