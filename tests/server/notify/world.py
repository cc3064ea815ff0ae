"""The small world with a switchboard, a push service and a mail server: Lan and Minh have phones, and what they hear is written down."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import Session, User
from server.notify.keys import push_key, seal
from server.notify.messengers import Messengers
from server.notify.notices import Notices
from server.notify.push import Push
from server.notify.store import Store
from server.sites.models import Member
from tests.server.board import SITE, Puppet, Stage, TestClock, stage
from tests.server.notify.services import LOOPBACK, PushService, push_service
from tests.waiting import until

PEOPLE = ("lan", "minh")


@dataclass
class Told:
    """A server that tells people. `away_s`, `back_s` as in the settings."""

    stage: Stage
    service: PushService
    notices: Notices
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def clock(self) -> TestClock:
        return self.stage.clock

    async def phone(self, who: str, language: str = "vi") -> None:
        """That person's phone hears of things."""
        await self.notices.store.subscribe(
            who, f"session-{who}", self.service.browser(who), language=language, name="Chrome, Android"
        )

    async def leaves(self, who: str) -> None:
        """That person is a member of the place no more."""

        async def remove(session: AsyncSession) -> None:
            await session.exec(delete(Member).where(col(Member.site_id) == SITE, col(Member.user_id) == who))

        await self.stage.database.writer.run(remove)

    async def later(self, seconds: float) -> None:
        """So much later, all that is due is decided and sent."""
        self.clock.ms += round(seconds * 1000)
        await self.look()

    async def look(self) -> None:
        await self.stage.settle()
        await self.notices.look()
        await until(lambda: self.notices.delivery.idle)

    def heard(self, who: str) -> list[str]:
        """The titles that this person's phone has shown."""
        return [pushed.said["title"] for pushed in self.service.pushed if pushed.path == f"/send/{who}"]

    async def device(self) -> Puppet:
        return await self.stage.device()


@asynccontextmanager
async def told(
    folder: Path, *, clock: TestClock | None = None, fresh: bool = True, again_s: Sequence[float] = (0.001,)
) -> AsyncIterator[Told]:
    async with push_service() as service, stage(folder, clock=clock, fresh=fresh) as on:
        if fresh:
            await on.database.writer.run(_settle_in)
        notices = Notices(
            on.board,
            Store(on.database, on.clock),
            Push(push_key(folder), LOOPBACK, "https://congtac.example.org"),
            Messengers(LOOPBACK),
            seal(folder),
            on.clock,
            away_s=120,
            back_s=60,
        )
        notices.delivery._again_s = tuple(again_s)
        await notices.open()
        sending = asyncio.create_task(notices.delivery.run(), name="delivery")
        try:
            yield Told(on, service, notices)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending


async def _settle_in(session: AsyncSession) -> None:
    session.add_all(User(id=who, name=who.title(), created_ms=1) for who in (*PEOPLE, "stranger"))
    await session.flush()
    session.add_all(Member(site_id=SITE, user_id=who, role="operator", since_ms=1) for who in PEOPLE)
    session.add_all(
        Session(
            token_hash=who, id=f"session-{who}", user_id=who, created_ms=1, seen_ms=1, proved_ms=1, ends_ms=2**52, browser="", roles_mark=""
        )
        for who in (*PEOPLE, "stranger")
    )  # fmt: skip
