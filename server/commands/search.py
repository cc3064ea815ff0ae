"""Finds commands that were, in the database."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.commands.models import Command
from server.commands.record import CommandRecord
from server.commands.statements import read


@dataclass(frozen=True, slots=True)
class Search:
    """Which commands: of these devices, and where given of one channel, fate, actor and time. `before`: a command's id."""

    devices: Collection[str]
    channel: str | None = None
    fate: str | None = None
    actor_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    before: str | None = None


async def find_command(session: AsyncSession, command_id: str) -> CommandRecord | None:
    """One command by its id."""
    row = await session.get(Command, command_id)
    return None if row is None else read(row)


async def find_by_key(session: AsyncSession, actor_id: str, key: str) -> CommandRecord | None:
    """The command that this actor's idempotency key made."""
    rows = await session.exec(select(Command).where(Command.actor_id == actor_id, Command.idempotency_key == key))
    row = rows.first()
    return None if row is None else read(row)


async def find_commands(session: AsyncSession, search: Search, most: int) -> list[CommandRecord]:
    """The newest so many that match, newest first."""
    query = select(Command).where(col(Command.device_id).in_(search.devices)).order_by(col(Command.id).desc()).limit(most)
    conditions = (
        (search.channel, Command.channel == search.channel),
        (search.fate, Command.fate == search.fate),
        (search.actor_id, Command.actor_id == search.actor_id),
        (search.since_ms, Command.created_ms >= (search.since_ms or 0)),
        (search.until_ms, Command.created_ms < (search.until_ms or 0)),
        (search.before, Command.id < (search.before or "")),
    )
    for given, condition in conditions:
        if given is not None:
            query = query.where(condition)
    return [read(row) for row in await session.exec(query)]
