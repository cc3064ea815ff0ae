"""Schedules over the API: members see them, owners and operators change them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from protocol.schedules.preview import Trouble
from protocol.schedules.rules import RULE_ID_PATTERN, Deed
from server.accounts import Asking
from server.audit import note
from server.clock import now_ms
from server.devices.access import visible_device
from server.devices.state import DeviceNow
from server.names import Note
from server.schedules.access import must_be_switchable, must_operate, schedule_to_change, schedules_of, visible_schedule
from server.schedules.planning import UNKEPT, planned
from server.schedules.schedules import ScheduleNow, Where
from server.schedules.what_next import next_of
from server.switchboard import switchboard

router = APIRouter(prefix="/api/v1", tags=["schedules"])

DeviceId = Annotated[str, Path(max_length=16)]
ScheduleId = Annotated[str, Path(max_length=16)]


class ScheduleIn(BaseModel):
    """A schedule as it is to be: one rule of one channel, with a name or without."""

    model_config = ConfigDict(extra="forbid")

    name: Note = ""
    enabled: StrictBool = True
    rule: Deed


class ScheduleOut(BaseModel):
    """A schedule. `timezone`: its local times are of that zone. `next_ms`: when it would act next; null: not any more, or not enabled."""

    id: str
    device: str
    name: str
    enabled: bool
    rule: Deed
    timezone: str
    next_ms: int | None
    created_ms: int
    changed_ms: int


class EnabledIn(BaseModel):
    """Whether the schedule is to hold."""

    model_config = ConfigDict(extra="forbid")

    enabled: StrictBool


class PreviewIn(BaseModel):
    """What to try: a rule that is not kept (none: what is kept alone), in place of a schedule that is or beside it, for so many days."""

    model_config = ConfigDict(extra="forbid")

    rule: Deed | None = None
    replaces: Annotated[str, Field(pattern=RULE_ID_PATTERN)] | None = None
    days: Annotated[StrictInt, Field(ge=1, le=14)] = 7


class RunOut(BaseModel):
    """A run. `schedule` null: of the rule that is not kept."""

    at_ms: int
    schedule: str | None
    channel: str
    on: bool
    for_s: int | None


class SpanOut(BaseModel):
    """A time for which a channel would be on."""

    channel: str
    schedule: str | None
    start_ms: int
    end_ms: int


class FindingOut(BaseModel):
    """A trouble, when it comes first, and how often."""

    trouble: Trouble
    at_ms: int
    count: int
    schedules: list[str | None]
    channels: list[str]
    limit_s: int | None


class PreviewOut(BaseModel):
    """The coming days. `until_ms` may be earlier than was asked for where there are thousands of runs."""

    since_ms: int
    until_ms: int
    timezone: str
    runs: list[RunOut]
    spans: list[SpanOut]
    findings: list[FindingOut]


@router.get("/devices/{device_id}/schedules", summary="The schedules of a device")
async def listed(request: Request, asking: Asking, device_id: DeviceId) -> list[ScheduleOut]:
    """By channel, the oldest first. For members."""
    device = visible_device(switchboard(request).registry, asking, device_id)
    where = await schedules_of(request).where(device.site_id)
    return [_out(it, where) for it in await schedules_of(request).of_device(device.id)]


@router.post("/devices/{device_id}/schedules", status_code=201, summary="Make a schedule")
async def make(request: Request, asking: Asking, device_id: DeviceId, wanted: ScheduleIn) -> ScheduleOut:
    """For owners and operators. It is kept and previewed; no device runs schedules by itself yet."""
    device = _to_change(request, asking, device_id, wanted.rule)
    kept = schedules_of(request)
    made = await kept.add(
        device.site_id, device.id, wanted.rule, name=wanted.name, enabled=wanted.enabled, by=asking.user_id
    )  # fmt: skip
    note(request, schedule_id=made.id, channel=made.rule.channel)
    return _out(made, await kept.where(device.site_id))


@router.post("/devices/{device_id}/schedules/preview", summary="See the coming days")
async def look_ahead(request: Request, asking: Asking, device_id: DeviceId, wanted: PreviewIn) -> PreviewOut:
    """What the device's enabled schedules would do, with a rule that is not kept yet, and what speaks against it. Changes nothing."""
    device = visible_device(switchboard(request).registry, asking, device_id)
    if wanted.rule is not None:
        must_be_switchable(device, wanted.rule.channel)
    kept = schedules_of(request)
    where = await kept.where(device.site_id)
    found = planned(
        await kept.of_device(device.id), wanted.rule, wanted.replaces, device, where, now_ms(), wanted.days
    )  # fmt: skip
    runs = [RunOut(at_ms=it.at_ms, schedule=_id(it.rule), channel=it.channel, on=it.on, for_s=it.for_s) for it in found.runs]
    spans = [SpanOut(channel=it.channel, schedule=_id(it.rule), start_ms=it.start_ms, end_ms=it.end_ms) for it in found.spans]
    findings = [
        FindingOut(
            trouble=it.trouble,
            at_ms=it.at_ms,
            count=it.count,
            schedules=[_id(rule) for rule in it.rules],
            channels=list(it.channels),
            limit_s=it.limit_s,
        )
        for it in found.findings
    ]
    return PreviewOut(
        since_ms=found.since_ms, until_ms=found.until_ms, timezone=where.timezone, runs=runs, spans=spans, findings=findings
    )


@router.get("/schedules/{schedule_id}", summary="One schedule")
async def one(request: Request, asking: Asking, schedule_id: ScheduleId) -> ScheduleOut:
    """For members of its place."""
    found = await visible_schedule(request, asking, schedule_id)
    return _out(found, await schedules_of(request).where(found.site_id))


@router.put("/schedules/{schedule_id}", summary="Replace a schedule")
async def replace(request: Request, asking: Asking, schedule_id: ScheduleId, wanted: ScheduleIn) -> ScheduleOut:
    """Another rule in its place, for a channel of the same device. For owners and operators."""
    found = await _changing(request, asking, schedule_id)
    _to_change(request, asking, found.device_id, wanted.rule)
    kept = schedules_of(request)
    changed = await kept.replace(schedule_id, wanted.rule, name=wanted.name, enabled=wanted.enabled, by=asking.user_id)
    return _out(changed, await kept.where(found.site_id))


@router.patch("/schedules/{schedule_id}", summary="Enable or disable a schedule")
async def enable(request: Request, asking: Asking, schedule_id: ScheduleId, wanted: EnabledIn) -> ScheduleOut:
    """A schedule that is not enabled stays, and does nothing. For owners and operators."""
    found = await _changing(request, asking, schedule_id)
    changed = await schedules_of(request).enable(schedule_id, enabled=wanted.enabled, by=asking.user_id)
    return _out(changed, await schedules_of(request).where(found.site_id))


@router.delete("/schedules/{schedule_id}", status_code=204, summary="Delete a schedule")
async def delete(request: Request, asking: Asking, schedule_id: ScheduleId) -> None:
    """For good. For owners and operators."""
    await _changing(request, asking, schedule_id)
    await schedules_of(request).delete(schedule_id, by=asking.user_id)


async def _changing(request: Request, who: Any, schedule_id: str) -> ScheduleNow:
    """The schedule that is to change; the trail learns which place and which channel it is of."""
    found = await schedule_to_change(request, who, schedule_id)
    note(request, site=found.site_id, device_id=found.device_id, channel=found.rule.channel)
    return found


def _to_change(request: Request, who: Any, device_id: str, deed: Deed) -> DeviceNow:
    device = visible_device(switchboard(request).registry, who, device_id)
    must_operate(who, device.site_id)
    must_be_switchable(device, deed.channel)
    return device


def _out(found: ScheduleNow, where: Where) -> ScheduleOut:
    run = next_of(found, where, now_ms())
    return ScheduleOut(
        id=found.id,
        device=found.device_id,
        name=found.name,
        enabled=found.enabled,
        rule=Deed(**found.rule.model_dump(exclude={"id"})),
        timezone=where.timezone,
        next_ms=None if run is None else run.at_ms,
        created_ms=found.created_ms,
        changed_ms=found.changed_ms,
    )


def _id(rule: str) -> str | None:
    return None if rule == UNKEPT else rule
