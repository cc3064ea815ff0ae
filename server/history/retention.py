"""What is kept, and for how long: old history goes, a little at a time, so that the writer is never held up for long."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Session, SignInLink
from server.commands.models import Command
from server.commands.record import OPEN
from server.db import Database, StorageError, Table
from server.devices.models import PresenceChange
from server.guests.models import GuestLink
from server.history.models import EventRow
from server.invitations.models import Invitation
from server.readings.models import ReadingRow

log = logging.getLogger("congtac.retention")

EVERY_S: Final = 3600.0
AT_ONCE: Final = 1_000
DAY_MS: Final = 24 * 3600 * 1000


class Retention:
    """Deletes events, settled commands, comings and goings older than `days`, and sign-ins that are over since then; readings that
    are older than `readings_days`.

    The latest coming or going of each device stays. What is old is looked for by a reader; the writer only deletes by key.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int], days: int, readings_days: int = 62) -> None:
        self._database = database
        self._now_ms = now_ms
        self._days = days
        self._readings_days = readings_days

    async def run(self) -> None:
        """Look now and then."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                gone = await self.look()
            except StorageError as error:
                log.warning("old history could not be deleted: %s", error)
            else:
                log.info("old history: %d rows deleted", gone)

    async def look(self) -> int:
        """Delete all that is too old; how many rows that were."""
        now_ms = self._now_ms()
        readings = await self._clear(ReadingRow, col(ReadingRow.at_ms) < now_ms - self._readings_days * DAY_MS)
        return readings + sum([await self._clear(table, old) for table, old in _old(now_ms - self._days * DAY_MS)])

    async def _clear(self, table: type[Table], old: ColumnElement[bool]) -> int:
        keys = list(table.__table__.primary_key.columns)  # type: ignore[attr-defined]
        query: Any = select(*keys).where(old).limit(AT_ONCE)
        gone = 0
        while True:
            async with self._database.read() as session:
                rows = (await session.exec(query)).all()
            await self._database.writer.run(partial(_delete, table=table, keys=keys, rows=rows))
            gone += len(rows)
            if len(rows) < AT_ONCE:
                return gone


def _old(before_ms: int) -> list[tuple[type[Table], ColumnElement[bool]]]:
    """Each table, and which of its rows are too old. Devices' own times are not asked: a clock that was never set says 1970."""
    settled = col(Command.fate).not_in([str(fate) for fate in OPEN])
    latest = select(func.max(col(PresenceChange.id))).group_by(col(PresenceChange.device_id))
    return [
        (EventRow, col(EventRow.received_ms) < before_ms),
        (Command, settled & (col(Command.created_ms) < before_ms)),
        (PresenceChange, (col(PresenceChange.at_ms) < before_ms) & col(PresenceChange.id).not_in(latest)),
        (SignInLink, col(SignInLink.expires_ms) < before_ms),
        (Session, col(Session.ends_ms) < before_ms),
        (Invitation, (col(Invitation.expires_ms) < before_ms) | (col(Invitation.ended_ms) < before_ms)),
        (GuestLink, col(GuestLink.expires_ms) < before_ms),
    ]


async def _delete(session: AsyncSession, *, table: type[Table], keys: list[Any], rows: Sequence[Any]) -> None:
    if rows:
        await session.exec(delete(table).where(tuple_(*keys).in_([tuple(row) for row in rows])))
