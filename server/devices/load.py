"""Reads at the start what earlier runs left: devices, their last reports, how much of their journals is kept, open commands."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.codec import decode
from protocol.errors import ProtocolError
from protocol.messages import About, Cause
from server.commands.models import Command
from server.commands.record import OPEN, UNDER_WAY, CommandRecord, handed_over
from server.commands.statements import read
from server.db.facts import Fact
from server.devices.chosen import Chosen
from server.devices.models import ChannelReport, ChannelSetting, Device, JournalMark, PresenceChange
from server.devices.state import DeviceNow, DevicePresence, Registry

ALIVE: Final = "alive_ms"
RECENT_MS: Final = 24 * 3600 * 1000


async def load_devices(session: AsyncSession, registry: Registry) -> None:
    """Fill the registry with every device. Those that were revoked are there for their history."""
    for row in await session.exec(select(Device).order_by(col(Device.created_ms))):
        registry.add(device_of(row))
    await _load_chosen(session, registry)
    for mark in await session.exec(select(JournalMark).order_by(col(JournalMark.seen_ms))):
        device = registry.get(mark.device_id)
        if device is not None:
            device.marks[mark.journal] = mark.have_seq
            device.begin_journal(mark.journal, mark.have_seq)
            device.mark_is_sure = True
    for report in await session.exec(select(ChannelReport)):
        _report(registry, report)
    await _load_presence(session, registry)


async def _load_chosen(session: AsyncSession, registry: Registry) -> None:
    chosen: dict[str, dict[str, Chosen]] = {}
    for row in await session.exec(select(ChannelSetting)):
        chosen.setdefault(row.device_id, {})[row.channel] = chosen_of(row)
    for device_id, channels in chosen.items():
        device = registry.get(device_id)
        if device is not None:
            device.choose(channels)


def chosen_of(row: ChannelSetting) -> Chosen:
    """What a row keeps."""
    return Chosen(row.label, row.icon, row.power_w, row.ask_first, row.position)


def device_of(row: Device) -> DeviceNow:
    """A device as it stands before it has said anything in this run."""
    device = DeviceNow(row.id, row.site_id, row.slug, row.name, presence=DevicePresence.OFFLINE)
    if row.revoked_ms is not None:
        device.presence, device.presence_ms = DevicePresence.REVOKED, row.revoked_ms
    device.trusts = frozenset(row.trusts.split()) if row.trusts else None
    if row.about:
        try:
            device.hear_about(decode(About, row.about.encode()))
        except ProtocolError:
            # told in words that are no longer understood: the device will tell again
            device.about = None
    return device


def _report(registry: Registry, report: ChannelReport) -> None:
    device = registry.get(report.device_id)
    channel = device.channels.get(report.channel) if device else None
    if device is None or channel is None:
        return
    channel.on, channel.since_ms, channel.lease_until_ms = report.on, report.since_ms, report.lease_until_ms
    channel.cause = Cause(report.cause) if report.cause else None
    channel.actor, channel.told_ms = report.actor, report.told_ms
    channel.seq = device.have_seq  # every event up to the mark is part of what is kept


async def _load_presence(session: AsyncSession, registry: Registry) -> None:
    latest = select(func.max(col(PresenceChange.id))).group_by(col(PresenceChange.device_id))
    for change in await session.exec(select(PresenceChange).where(col(PresenceChange.id).in_(latest))):
        device = registry.get(change.device_id)
        if device is not None and device.presence is not DevicePresence.REVOKED:
            device.presence_ms = change.at_ms
            if change.online is not False:
                device.presence = DevicePresence.UNKNOWN


async def load_commands(session: AsyncSession, registry: Registry, now_ms: int) -> list[CommandRecord]:
    """The open commands, oldest first; and each channel is given its latest command of the last day.

    What was under way may have left the server in its last moment, so it counts as handed over: only the device can tell.
    """
    open_rows = await session.exec(
        select(Command).where(col(Command.fate).in_([str(fate) for fate in OPEN])).order_by(col(Command.id))
    )
    commands = [_maybe_sent(read(row)) for row in open_rows]
    newest = (
        select(func.max(col(Command.id)))
        .where(col(Command.created_ms) > now_ms - RECENT_MS)
        .group_by(col(Command.device_id), col(Command.channel))
    )
    recent = [read(row) for row in await session.exec(select(Command).where(col(Command.id).in_(newest)))]
    _give(registry, [*recent, *commands])
    return commands


async def load_newest_sent(session: AsyncSession) -> list[CommandRecord]:
    """For each channel with an open command: the newest of its commands that is known to have been sent."""
    is_open = select(Command.device_id).where(col(Command.fate).in_([str(fate) for fate in OPEN]))
    newest = (
        select(func.max(col(Command.id)))
        .where(
            col(Command.device_id).in_(is_open), col(Command.published_ms).is_not(None) | col(Command.answered_ms).is_not(None)
        )
        .group_by(col(Command.device_id), col(Command.channel))
    )
    return [read(row) for row in await session.exec(select(Command).where(col(Command.id).in_(newest)))]


async def load_last_id(session: AsyncSession) -> str | None:
    """The id of the newest command that there ever was, None: there was none."""
    return (await session.exec(select(func.max(col(Command.id))))).one_or_none()


def _maybe_sent(command: CommandRecord) -> CommandRecord:
    return handed_over(command) if command.fate in UNDER_WAY else command


def _give(registry: Registry, commands: Iterable[CommandRecord]) -> None:
    for command in commands:
        device = registry.get(command.device_id)
        channel = device.channels.get(command.channel) if device else None
        if channel is not None and (channel.command is None or channel.command.id <= command.id):
            channel.command = command


async def note_absence(session: AsyncSession, registry: Registry) -> None:
    """Write down since when nobody listened to the devices that were there when the server was last known to live."""
    alive = await session.get(Fact, ALIVE)
    if alive is None:
        return
    for device in registry:
        if device.presence is DevicePresence.UNKNOWN and (device.presence_ms or 0) < int(alive.value):
            session.add(PresenceChange(device_id=device.id, at_ms=int(alive.value), online=None))
