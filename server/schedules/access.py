"""Which schedules exist for somebody, and which channels can have one."""

from typing import cast

from fastapi import Request

from protocol.messages import ChannelKind
from server.accounts import Principal
from server.devices.state import DeviceNow, DevicePresence
from server.errors import Problem
from server.schedules.schedules import ScheduleNow, Schedules, only_looking, unknown_schedule


def schedules_of(request: Request) -> Schedules:
    """The schedules of the application that this request came to."""
    return cast("Schedules", request.app.state.schedules)


async def visible_schedule(request: Request, who: Principal, schedule_id: str) -> ScheduleNow:
    """The schedule, for a member of its site. Raises Problem 404."""
    found = await schedules_of(request).find(schedule_id)
    if found is None or not who.may_see(found.site_id):
        raise unknown_schedule()
    return found


async def schedule_to_change(request: Request, who: Principal, schedule_id: str) -> ScheduleNow:
    """The same for one who may change it. Raises Problem 404, or 403 for one who may only look."""
    found = await visible_schedule(request, who, schedule_id)
    must_operate(who, found.site_id)
    return found


def must_operate(who: Principal, site_id: str) -> None:
    """Raises Problem 403 for who may not switch things there: they make no schedules either."""
    if not who.may_command(site_id):
        raise only_looking()


def must_be_switchable(device: DeviceNow, channel: str) -> None:
    """Raises Problem 409 for a revoked device, 422 for a channel that can not be switched from afar."""
    if device.presence is DevicePresence.REVOKED:
        raise Problem(409, "device_revoked", "The device was revoked", "It cannot come back: add a new one.")
    if channel not in switchable(device):
        raise Problem(422, "not_switchable", "There is nothing to switch", f"{device.slug} has no output of that name.")


def switchable(device: DeviceNow) -> list[str]:
    """The ids of the channels that a schedule can be for: outputs that are not locked."""
    return [
        it.about.id for it in device.channels.values() if it.about.kind is ChannelKind.OUTPUT and not it.about.locked
    ]  # fmt: skip
