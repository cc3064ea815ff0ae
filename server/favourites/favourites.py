"""Everybody's favourites, in memory as on disk: a page is made without asking the database for them."""

from collections.abc import Callable

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.db import Database
from server.favourites.models import Favourite

Place = tuple[str, str]
"""A device's id and a channel's."""


class Favourites:
    """By person, their favourites in the order in which they became it."""

    def __init__(self, database: Database, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._now_ms = now_ms
        self._of: dict[str, dict[Place, None]] = {}

    async def load(self) -> None:
        """Take up what earlier runs left."""
        oldest_first = select(Favourite).order_by(col(Favourite.since_ms), col(Favourite.device_id), col(Favourite.channel))
        async with self._database.read() as session:
            for row in await session.exec(oldest_first):
                self._of.setdefault(row.user_id, {})[(row.device_id, row.channel)] = None

    def of(self, user_id: str) -> list[Place]:
        """That person's, oldest first; some may be gone, or no longer theirs to see."""
        return list(self._of.get(user_id, ()))

    async def set(self, user_id: str, place: Place, *, favourite: bool) -> None:
        """Make a channel one of theirs, or none any more. Raises StorageError or WriterBusy; then nothing changed."""
        if (place in self._of.get(user_id, ())) is favourite:
            return
        device_id, channel = place
        row = Favourite(user_id=user_id, device_id=device_id, channel=channel, since_ms=self._now_ms())

        async def keep(session: AsyncSession) -> None:
            await session.merge(row)

        async def drop(session: AsyncSession) -> None:
            theirs = (col(Favourite.user_id) == user_id, col(Favourite.device_id) == device_id, col(Favourite.channel) == channel)
            await session.exec(delete(Favourite).where(*theirs))

        await self._database.writer.run(keep if favourite else drop)
        if favourite:
            self._of.setdefault(user_id, {})[place] = None
        else:
            self._of.get(user_id, {}).pop(place, None)

    def forget(self, user_id: str) -> None:
        """That person is gone, and the rows with them."""
        self._of.pop(user_id, None)
