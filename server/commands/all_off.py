"""Switching off all that may be on at a place: what can be sent, what cannot, and what became of it. A report, never a promise."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from protocol.messages import ChannelKind
from server.commands.desk import Desk
from server.commands.record import CommandRecord, Fate
from server.commands.wish import Actor, Wish
from server.db import StorageError, WriterBusy
from server.devices.state import ChannelNow, DeviceNow, DevicePresence
from server.errors import Problem


@dataclass(frozen=True, slots=True)
class Target:
    """An output that may be on."""

    device: DeviceNow
    channel: ChannelNow


@dataclass(frozen=True, slots=True)
class Left:
    """An output that may be on and gets no command. `reason`: why, in the words of the API's problems."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do. `left`: what cannot be switched off from here, and may go on."""

    targets: list[Target]
    left: list[Left]

    @property
    def left_by_device(self) -> list[tuple[DeviceNow, str, list[ChannelNow]]]:
        """What is left, the channels of a device together where they have the same reason."""
        return _by_device(self.left)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it: each command as it stands, with what it was for; and what got none."""

    sent: list[tuple[Target, CommandRecord]]
    left: list[Left]

    @property
    def left_by_device(self) -> list[tuple[DeviceNow, str, list[ChannelNow]]]:
        """As in the plan."""
        return _by_device(self.left)

    @property
    def off(self) -> list[Target]:
        """What its device says is off."""
        return [target for target, command in self.sent if command.fate is Fate.APPLIED]

    @property
    def not_off(self) -> list[tuple[Target, CommandRecord]]:
        """What was refused, or did not answer in time."""
        return [(target, command) for target, command in self.sent if command.fate is not Fate.APPLIED]


def plan(devices: Iterable[DeviceNow], *, link_up: bool) -> Plan:
    """What to send to these devices of a place, and what is out of reach. Pure.

    An output that its device says is off needs nothing. Of a device that cannot be heard nobody knows that, so all its outputs are
    named; of one that was revoked only those that were last told otherwise than off.
    """
    targets: list[Target] = []
    left: list[Left] = []
    for device in devices:
        for channel in device.channels.values():
            if channel.about.kind is not ChannelKind.OUTPUT:
                continue
            target, reason = Target(device, channel), _out_of_reach(device, channel, link_up=link_up)
            needed = may_be_on(channel) or (reason in ("device_offline", "link_down"))
            if needed and reason:
                left.append(Left(target, reason))
            elif needed:
                targets.append(target)
    return Plan(targets, left)


def _by_device(left: Iterable[Left]) -> list[tuple[DeviceNow, str, list[ChannelNow]]]:
    groups = [list(group) for _, group in groupby(left, key=lambda it: (it.target.device.id, it.reason))]
    return [(its[0].target.device, its[0].reason, [it.target.channel for it in its]) for its in groups]


def may_be_on(channel: ChannelNow) -> bool:
    """Whether it is on, or unknown, or about to be switched on by a command whose end is not known."""
    command = channel.command
    pending_on = command is not None and command.on and (command.is_under_way or channel.in_doubt)
    return channel.on is not False or pending_on


def _out_of_reach(device: DeviceNow, channel: ChannelNow, *, link_up: bool) -> str | None:
    if device.presence is DevicePresence.REVOKED:
        return "device_revoked"
    if not link_up:
        return "link_down"
    if device.presence is not DevicePresence.ONLINE:
        return "device_offline"
    return "locked" if channel.about.locked else None


async def carry_out(desk: Desk, actor: Actor, todo: Plan, wait_s: float) -> Done:
    """Send one OFF for each, all at once, and wait so long for what the devices say."""
    ended = await asyncio.gather(*(_switch_off(desk, actor, target, wait_s) for target in todo.targets))
    sent = [(it, end) for it, end in zip(todo.targets, ended, strict=True) if isinstance(end, CommandRecord)]
    refused = [Left(it, end) for it, end in zip(todo.targets, ended, strict=True) if isinstance(end, str)]
    return Done(sent, [*todo.left, *refused])


async def _switch_off(desk: Desk, actor: Actor, target: Target, wait_s: float) -> CommandRecord | str:
    """The command, or why there is none."""
    try:
        command = await desk.issue(actor, Wish(target.device.id, target.channel.about.id, on=False))
    except Problem as problem:
        return problem.code
    except WriterBusy:
        return "busy"
    except StorageError:
        return "storage"
    return await desk.settled(command, wait_s)
