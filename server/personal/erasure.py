"""Erasing a person. What they were is gone; what they did stays, done by somebody of whom nobody can tell any more who it was."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Accounts
from server.accounts.models import User
from server.commands.models import Command
from server.db import Database
from server.devices.models import ChannelReport, Device
from server.errors import Problem
from server.history.models import EventRow
from server.ids import new_id
from server.sites import Member, Role, Site, Sites
from server.switchboard import Switchboard

NOBODY_KNOWN: Final = ""
"""Stands where the name of an actor who was erased stood."""


@dataclass(frozen=True, slots=True)
class _Erased:
    names: frozenset[str]
    devices: frozenset[str]


class Erasure:
    """Erases people: their row, and with it all that is theirs alone, as sessions, keys, favourites; and their name everywhere."""

    def __init__(self, database: Database, accounts: Accounts, sites: Sites, board: Switchboard) -> None:
        self._database = database
        self._accounts = accounts
        self._sites = sites
        self._board = board

    async def last_owner_of(self, user_id: str) -> list[Site]:
        """The sites that would be left without an owner, by name."""
        owners = select(Member.site_id).where(Member.role == Role.OWNER).group_by(col(Member.site_id)).having(func.count() == 1)
        own = select(Member.site_id).where(Member.user_id == user_id, Member.role == Role.OWNER)
        wanted = select(Site).where(col(Site.id).in_(owners), col(Site.id).in_(own)).order_by(col(Site.name))
        async with self._database.read() as session:
            return list((await session.exec(wanted)).all())

    async def erase(self, user_id: str) -> None:
        """Erase that person, for good. Raises Problem 409 where a site would be left without an owner; then nothing was done."""
        orphans = await self.last_owner_of(user_id)
        if orphans:
            names = ", ".join(site.name for site in orphans)
            raise Problem(409, "last_owner", "A place needs an owner", f"Make somebody else an owner first, of: {names}.")
        actor_id, erased_id = f"user:{user_id}", f"erased:{new_id()}"
        name, site_ids = await self._name(user_id), await self._memberships(user_id)
        for site_id in site_ids:
            await self._sites.leave(site_id, user_id)  # what was handed out as an owner goes with the ownership
        await self._board.desk.bar(actor_id)
        await self._database.writer.run(lambda session: _drop(session, user_id))
        self._sites.told(user_id)
        self._accounts.forget(user_id)
        self._board.favourites.forget(user_id)
        # only now can nothing be asked in their name any more
        erased = await self._database.writer.run(lambda session: _rename(session, actor_id, erased_id, name, site_ids))
        self._board.desk.rename_actor(actor_id, erased_id, NOBODY_KNOWN)
        self._forget_what_was_told(erased)

    def _forget_what_was_told(self, erased: _Erased) -> None:
        for device_id in erased.devices:
            device = self._board.registry.get(device_id)
            for channel in device.channels.values() if device is not None else ():
                if device is not None and channel.actor in erased.names:
                    channel.actor = None
                    self._board.hub.channel_changed(device, channel)

    async def _name(self, user_id: str) -> str:
        async with self._database.read() as session:
            person = await session.get(User, user_id)
        return NOBODY_KNOWN if person is None else person.name

    async def _memberships(self, user_id: str) -> list[str]:
        async with self._database.read() as session:
            return list((await session.exec(select(Member.site_id).where(Member.user_id == user_id))).all())


async def _drop(session: AsyncSession, user_id: str) -> None:
    await session.exec(delete(User).where(col(User.id) == user_id))


async def _rename(session: AsyncSession, actor_id: str, erased_id: str, name: str, site_ids: Collection[str]) -> _Erased:
    """Replace the actor in commands, in the events that they caused, and in what channels last told.

    What commands caused can outlive them: a device tells later than it was asked, and a channel goes on telling who switched it last. So
    at the person's sites their name counts too, where no command tells whose it is.
    """
    theirs = col(Command.actor_id) == actor_id
    names = frozenset((await session.exec(select(Command.actor).where(theirs).distinct())).all())
    devices = frozenset((await session.exec(select(Command.device_id).where(theirs).distinct())).all())
    at_home = frozenset((await session.exec(select(Device.id).where(col(Device.site_id).in_(site_ids)))).all())
    orphaned = and_(
        col(EventRow.device_id).in_(at_home),
        _is_named(col(EventRow.actor), name),
        col(EventRow.command).not_in(select(Command.id)),
    )
    caused = col(EventRow.command).in_(select(Command.id).where(theirs))
    await session.exec(update(EventRow).where(or_(caused, orphaned)).values(actor=None))
    told = or_(
        and_(col(ChannelReport.device_id).in_(devices), col(ChannelReport.actor).in_(names)),
        and_(col(ChannelReport.device_id).in_(at_home), _is_named(col(ChannelReport.actor), name)),
    )
    names |= frozenset(it for it in (await session.exec(select(ChannelReport.actor).where(told).distinct())).all() if it)
    await session.exec(update(ChannelReport).where(told).values(actor=None))
    await session.exec(update(Command).where(theirs).values(actor_id=erased_id, actor=NOBODY_KNOWN))
    return _Erased(names | {name}, devices | at_home)


def _is_named(actor: Any, name: str) -> ColumnElement[bool]:
    """Whether it is that name, or the name of a program with it: `Lan (Home Assistant)`."""
    return or_(actor == name, actor.startswith(f"{name} (", autoescape=True))
