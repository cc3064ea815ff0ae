"""What is kept of telling: choices, ways, and each message by each way before it is sent."""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from server.clock import Clock
from server.db import Database
from server.devices.models import Device
from server.errors import Problem
from server.ids import new_id
from server.notify.kinds import Kind, Message, What
from server.notify.models import ADDRESS, PUSH, Notice, NoticeAddress, NoticeMute, PushSubscription, ToldOutage
from server.notify.outcome import Result
from server.notify.push import Browser
from server.sites.models import Member

TEST: Final = "test"
MOST_WAYS: Final = 10
KEPT_MS: Final = 30 * 86_400_000
FRESH_MS: Final = 3_600_000
SHOWN: Final = 8


Way = PushSubscription | NoticeAddress


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for one person by one way. `way`: as in the row's key."""

    message_id: str
    user_id: str
    way: str
    what: str
    device_id: str | None
    facts: dict[str, Any]
    at_ms: int

    @classmethod
    def of(cls, row: Notice) -> "Letter":
        """The letter that a row holds."""
        return cls(row.message_id, row.user_id, row.way, row.what, row.device_id, json.loads(row.facts), row.at_ms)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a letter goes, and in which language: a browser, or a sealed address."""

    language: str
    browser: Browser | None = None
    sealed: str | None = None


def way_of(row: Way) -> str:
    """How a letter names it."""
    return f"{PUSH if isinstance(row, PushSubscription) else ADDRESS}/{row.id}"


class Store:
    """The tables of telling."""

    def __init__(self, database: Database, clock: Clock, new_key: Callable[[], str] = new_id) -> None:
        self._database = database
        self._clock = clock
        self._new_key = new_key

    # ---- what is to be told, to whom

    async def plan(self, message: Message, site_id: str) -> list[Letter]:
        """Write down who is told of it by which way, each once for ever; those that are new are returned, to be sent."""
        now = self._clock()

        async def write(session: AsyncSession) -> list[Letter]:
            await session.exec(delete(Notice).where(col(Notice.made_ms) < now - KEPT_MS))
            if message.what is What.AWAY:
                await session.merge(ToldOutage(device_id=message.device_id, since_ms=message.facts["since_ms"]))
            elif message.what is What.BACK:
                await session.exec(delete(ToldOutage).where(col(ToldOutage.device_id) == message.device_id))
            known = select(Notice.user_id, Notice.way).where(Notice.message_id == message.id)
            told = {(user_id, way) for user_id, way in (await session.exec(known)).all()}
            ways = await _ways_to(session, site_id, message.what.kind, message.but)
            rows = [_row(message, user_id, way, now) for user_id, way in ways if (user_id, way) not in told]
            session.add_all(rows)
            return [Letter.of(row) for row in rows]

        return await self._database.writer.run(write)

    async def plan_test(self, user_id: str, way_id: str) -> Letter:
        """A letter by that way of the person's own, only to try it. Raises Problem 404."""
        now, key = self._clock(), self._new_key()

        async def write(session: AsyncSession) -> Letter:
            way = await _own_way(session, user_id, way_id)
            row = Notice(
                message_id=f"{TEST}/{key}", user_id=user_id, way=way_of(way), what=TEST, facts="{}", at_ms=now, made_ms=now,
                result=Result.QUEUED,
            )  # fmt: skip
            session.add(row)
            return Letter.of(row)

        return await self._database.writer.run(write)

    async def mark(self, letter: Letter, result: Result) -> None:
        """Write down how far a letter is."""
        told = self._clock() if result in (Result.SENT, Result.FAILED, Result.UNSURE) else None
        row = update(Notice).where(
            col(Notice.message_id) == letter.message_id, col(Notice.user_id) == letter.user_id, col(Notice.way) == letter.way
        )

        async def write(session: AsyncSession) -> None:
            await session.exec(row.values(result=result, told_ms=told))

        await self._database.writer.run(write)

    async def target(self, letter: Letter) -> Target | None:
        """Where it goes; None where that way is no more, or where its person may not see by now what it is about."""
        kind, _, way_id = letter.way.partition("/")
        seen = _devices_seen_by(letter.user_id).where(Device.id == letter.device_id)
        async with self._database.read() as session:
            if letter.device_id is not None and (await session.exec(seen)).first() is None:
                return None
            if kind == PUSH:
                found = await session.get(PushSubscription, way_id)
                if found is None or found.user_id != letter.user_id:
                    return None
                return Target(found.language, browser=Browser(found.endpoint, found.p256dh, found.auth))
            address = await session.get(NoticeAddress, way_id)
            return None if address is None else Target(address.language, sealed=address.sealed)

    async def drop(self, letter: Letter) -> None:
        """The push service says that this subscription is no more."""
        way_id = letter.way.partition("/")[2]

        async def write(session: AsyncSession) -> None:
            await session.exec(delete(PushSubscription).where(col(PushSubscription.id) == way_id))

        await self._database.writer.run(write)

    # ---- after a restart

    async def take_up(self) -> list[Letter]:
        """The letters that an earlier run left unsent and that are still news. What had been begun is left: nobody is told twice."""
        now = self._clock()
        old = update(Notice).where(col(Notice.result) == Result.QUEUED, col(Notice.made_ms) <= now - FRESH_MS)

        async def write(session: AsyncSession) -> list[Letter]:
            await session.exec(
                update(Notice).where(col(Notice.result) == Result.TRYING).values(result=Result.UNSURE, told_ms=now)
            )
            await session.exec(old.values(result=Result.FAILED, told_ms=now))
            rows = (await session.exec(select(Notice).where(Notice.result == Result.QUEUED).order_by(col(Notice.made_ms)))).all()
            return [Letter.of(row) for row in rows]

        return await self._database.writer.run(write)

    async def told_outages(self) -> dict[str, int]:
        """By device, since when it is away, where that was told and its end was not."""
        async with self._database.read() as session:
            return {row.device_id: row.since_ms for row in await session.exec(select(ToldOutage))}

    # ---- what a person chooses

    async def mutes(self, user_id: str) -> set[tuple[str, str]]:
        """What that person does not want: pairs of a site's id and a kind."""
        async with self._database.read() as session:
            rows = await session.exec(select(NoticeMute.site_id, NoticeMute.kind).where(NoticeMute.user_id == user_id))
            return {(site_id, kind) for site_id, kind in rows.all()}

    async def choose(self, user_id: str, sites: Collection[str], wanted: Collection[tuple[str, Kind]], language: str) -> None:
        """Of these sites the person wants this and nothing else, in that language."""

        async def write(session: AsyncSession) -> None:
            gone = col(NoticeMute.user_id) == user_id, col(NoticeMute.site_id).in_(sites)
            await session.exec(delete(NoticeMute).where(*gone))
            unwanted = [(site_id, kind) for site_id in sites for kind in Kind if (site_id, kind) not in wanted]
            session.add_all(NoticeMute(user_id=user_id, site_id=site_id, kind=kind) for site_id, kind in unwanted)
            for table in (NoticeAddress, PushSubscription):
                await session.exec(update(table).where(col(table.user_id) == user_id).values(language=language))

        await self._database.writer.run(write)

    async def subscribe(self, user_id: str, session_id: str, browser: Browser, *, language: str, name: str) -> PushSubscription:
        """Keep a browser's subscription; whoever had that browser before has it no more. Raises Problem 409."""
        row = PushSubscription(
            id=self._new_key(),
            user_id=user_id,
            session_id=session_id,
            endpoint=browser.endpoint,
            p256dh=browser.p256dh,
            auth=browser.auth,
            language=language,
            browser=name,
            created_ms=self._clock(),
        )

        async def write(session: AsyncSession) -> PushSubscription:
            known = (await session.exec(select(PushSubscription).where(PushSubscription.endpoint == browser.endpoint))).first()
            if known is not None and known.user_id == user_id:
                row.id, row.created_ms = known.id, known.created_ms
            elif known is not None:
                await session.delete(known)
                await session.flush()
            await _must_have_room(session, user_id, row.id)
            return await session.merge(row)

        return await self._database.writer.run(write)

    async def unsubscribe(self, user_id: str, endpoint: str) -> None:
        """Forget a browser of that person's, if it is one."""
        own = delete(PushSubscription).where(col(PushSubscription.user_id) == user_id, col(PushSubscription.endpoint) == endpoint)

        async def write(session: AsyncSession) -> None:
            await session.exec(own)

        await self._database.writer.run(write)

    async def add_address(self, user_id: str, sealed: str, shown: str, language: str) -> NoticeAddress:
        """Keep an address. Raises Problem 409 where there are too many."""
        row = NoticeAddress(
            id=self._new_key(), user_id=user_id, sealed=sealed, shown=shown, language=language, created_ms=self._clock()
        )

        async def write(session: AsyncSession) -> NoticeAddress:
            await _must_have_room(session, user_id, row.id)
            session.add(row)
            return row

        return await self._database.writer.run(write)

    async def check_way(self, user_id: str, way_id: str) -> None:
        """Whether that way is there and the person's own. Raises Problem 404."""
        async with self._database.read() as session:
            await _own_way(session, user_id, way_id)

    async def remove(self, user_id: str, way_id: str) -> None:
        """Forget a way of the person's own. Raises Problem 404."""

        async def write(session: AsyncSession) -> None:
            await session.delete(await _own_way(session, user_id, way_id))

        await self._database.writer.run(write)

    async def ways(self, user_id: str) -> list[Way]:
        """All ways of a person, the oldest first."""
        async with self._database.read() as session:
            found = await _ways(session, [user_id])
        return sorted(found, key=lambda row: (row.created_ms, row.id))

    async def last_told(self, user_id: str) -> list[Notice]:
        """What was sent to that person lately of what they may see now, the newest first."""
        seen = or_(col(Notice.device_id).is_(None), col(Notice.device_id).in_(_devices_seen_by(user_id)))
        wanted = select(Notice).where(Notice.user_id == user_id, seen)
        async with self._database.read() as session:
            newest = wanted.order_by(col(Notice.made_ms).desc(), col(Notice.message_id), col(Notice.way)).limit(SHOWN)
            return list((await session.exec(newest)).all())


def _row(message: Message, user_id: str, way: str, now: int) -> Notice:
    return Notice(
        message_id=message.id,
        user_id=user_id,
        way=way,
        what=message.what,
        device_id=message.device_id,
        facts=json.dumps(message.facts),
        at_ms=message.at_ms,
        made_ms=now,
        result=Result.QUEUED,
    )


def _devices_seen_by(user_id: str) -> SelectOfScalar[str]:
    """The ids of the devices at the sites of which that person is a member."""
    return select(Device.id).join(Member, col(Member.site_id) == col(Device.site_id)).where(Member.user_id == user_id)


async def _ways_to(session: AsyncSession, site_id: str, kind: Kind, but: str | None) -> Iterable[tuple[str, str]]:
    """By which ways the members of a site want to hear of such a thing."""
    muted = select(NoticeMute.user_id).where(NoticeMute.site_id == site_id, NoticeMute.kind == kind)
    members = select(Member.user_id).where(
        Member.site_id == site_id, col(Member.user_id).not_in(muted), col(Member.user_id) != (but or "")
    )
    return sorted((row.user_id, way_of(row)) for row in await _ways(session, members))


async def _ways(session: AsyncSession, users: Any) -> list[Way]:
    """All ways of those people: ids, or a select of them."""
    pushes = await session.exec(select(PushSubscription).where(col(PushSubscription.user_id).in_(users)))
    addresses = await session.exec(select(NoticeAddress).where(col(NoticeAddress.user_id).in_(users)))
    return [*pushes.all(), *addresses.all()]


async def _own_way(session: AsyncSession, user_id: str, way_id: str) -> Way:
    row: Way | None = await session.get(PushSubscription, way_id) or await session.get(NoticeAddress, way_id)
    if row is not None and row.user_id == user_id:
        return row
    raise Problem(404, "unknown_way", "There is no such way", "It may have been removed already.")


async def _must_have_room(session: AsyncSession, user_id: str, but_id: str) -> None:
    others = [row for row in await _ways(session, [user_id]) if row.id != but_id]
    if len(others) >= MOST_WAYS:
        raise Problem(409, "too_many_ways", "Too many ways", "Remove a phone or an address that nobody uses, then add this one.")
