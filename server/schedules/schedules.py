"""Keeping schedules. Who may change one is decided inside the write transaction: owners and operators of its site."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.schedules.rules import MOST_RULES, Deed, Place, Rule
from server.clock import Clock, now_ms
from server.db import Database
from server.errors import Problem
from server.ids import new_id
from server.schedules.models import Schedule
from server.sites.membership import unknown_site
from server.sites.models import Member, Role, Site


@dataclass(frozen=True, slots=True)
class Where:
    """What local times and the sun depend on: a site's zone and place."""

    timezone: str
    place: Place

    @property
    def zone(self) -> ZoneInfo:
        """The zone."""
        return ZoneInfo(self.timezone)

    @classmethod
    def of(cls, site: Site) -> "Where":
        """Of a site."""
        return cls(site.timezone, Place(latitude=site.latitude, longitude=site.longitude))


@dataclass(frozen=True, slots=True)
class ScheduleNow:
    """A schedule as it is kept."""

    id: str
    site_id: str
    device_id: str
    name: str
    rule: Rule
    enabled: bool
    created_ms: int
    changed_ms: int


def unknown_schedule() -> Problem:
    """The answer where there is no such schedule, and to who is no member of its site."""
    return Problem(404, "unknown_schedule", "There is no such schedule", "It may have been deleted. Load the list again.")


class Schedules:
    """At `app.state.schedules`."""

    def __init__(self, database: Database, *, clock: Clock = now_ms, make_id: Callable[[], str] = new_id) -> None:
        self._database = database
        self._clock = clock
        self._make_id = make_id

    async def find(self, schedule_id: str) -> ScheduleNow | None:
        """The schedule with that id."""
        async with self._database.read() as session:
            row = await session.get(Schedule, schedule_id)
        return None if row is None else _read(row)

    async def of_device(self, device_id: str) -> list[ScheduleNow]:
        """Those of one device, by channel, the oldest first."""
        return await self._listed(col(Schedule.device_id) == device_id)

    async def of_sites(self, site_ids: Iterable[str]) -> list[ScheduleNow]:
        """Those of some sites, by channel, the oldest first."""
        return await self._listed(col(Schedule.site_id).in_(list(site_ids)))

    async def of_channel(self, device_id: str, channel: str) -> tuple[list[ScheduleNow], Where | None]:
        """Those of one channel, and where they hold; None for a device that is not there."""
        found = await self._listed(col(Schedule.device_id) == device_id, col(Schedule.channel) == channel)
        return found, await self.where(found[0].site_id) if found else None

    async def where(self, site_id: str) -> Where:
        """The zone and the place of a site that is there."""
        async with self._database.read() as session:
            return Where.of((await session.exec(select(Site).where(Site.id == site_id))).one())

    async def add(self, site_id: str, device_id: str, deed: Deed, *, name: str, enabled: bool, by: str) -> ScheduleNow:
        """A new one for a channel of a device of that site. Raises Problem 403, 404, or 409 where the device has very many."""

        async def keep(session: AsyncSession) -> Schedule:
            await _must_command(session, site_id, by)
            count = select(func.count()).select_from(Schedule).where(col(Schedule.device_id) == device_id)
            if (await session.exec(count)).one() >= MOST_RULES:
                raise Problem(409, "too_many_schedules", "This device has very many schedules", f"At most {MOST_RULES}.")
            made_ms, made_id = self._clock(), self._make_id()
            row = Schedule(
                id=made_id, site_id=site_id, device_id=device_id, channel=deed.channel, name=name, rule=_written(made_id, deed),
                enabled=enabled, made_by=by, created_ms=made_ms, changed_ms=made_ms,
            )  # fmt: skip
            session.add(row)
            return row

        return _read(await self._database.writer.run(keep))

    async def replace(self, schedule_id: str, deed: Deed, *, name: str, enabled: bool, by: str) -> ScheduleNow:
        """Another rule in its place, for a channel of the same device. Raises Problem 403 or 404."""

        def change(row: Schedule) -> None:
            row.channel, row.rule, row.name, row.enabled = deed.channel, _written(row.id, deed), name, enabled

        return await self._change(schedule_id, by, change)

    async def enable(self, schedule_id: str, *, enabled: bool, by: str) -> ScheduleNow:
        """Have it hold from now on, or not. Raises Problem 403 or 404."""

        def change(row: Schedule) -> None:
            row.enabled = enabled

        return await self._change(schedule_id, by, change)

    async def delete(self, schedule_id: str, *, by: str) -> None:
        """Gone, for good. Raises Problem 403 or 404."""

        async def drop(session: AsyncSession) -> None:
            await session.delete(await _changeable(session, schedule_id, by))

        await self._database.writer.run(drop)

    async def _change(self, schedule_id: str, by: str, change: Callable[[Schedule], None]) -> ScheduleNow:
        async def keep(session: AsyncSession) -> Schedule:
            row = await _changeable(session, schedule_id, by)
            change(row)
            row.changed_ms = self._clock()
            session.add(row)
            return row

        return _read(await self._database.writer.run(keep))

    async def _listed(self, *which: object) -> list[ScheduleNow]:
        wanted = select(Schedule).where(*which).order_by(col(Schedule.channel), col(Schedule.created_ms), col(Schedule.id))  # type: ignore[arg-type]
        async with self._database.read() as session:
            return [_read(row) for row in await session.exec(wanted)]


async def _changeable(session: AsyncSession, schedule_id: str, by: str) -> Schedule:
    row = await session.get(Schedule, schedule_id)
    if row is None:
        raise unknown_schedule()
    await _must_command(session, row.site_id, by)
    return row


async def _must_command(session: AsyncSession, site_id: str, user_id: str) -> None:
    """Hold the site, and make sure that this person may still switch things there."""
    await session.exec(select(Site.id).where(Site.id == site_id).with_for_update())
    member = await session.get(Member, (site_id, user_id))
    if member is None:
        raise unknown_site()
    if not Role(member.role).may_command:
        raise only_looking()


def only_looking() -> Problem:
    """The answer to a member who may not switch things, and so makes no schedules either."""
    return Problem(403, "may_only_look", "You may only look", "Ask an owner of this place to make you an operator.")


def _written(schedule_id: str, deed: Deed) -> str:
    return Rule(id=schedule_id, **deed.model_dump(exclude={"id"})).model_dump_json(exclude_none=True)


def _read(row: Schedule) -> ScheduleNow:
    rule = Rule.model_validate_json(row.rule)
    return ScheduleNow(
        row.id, row.site_id, row.device_id, row.name, rule, row.enabled, row.created_ms, row.changed_ms
    )  # fmt: skip
