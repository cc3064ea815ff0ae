"""The preview of a device's schedules, with a rule that is not kept yet among them."""

from collections.abc import Iterable, Mapping
from typing import Final

from protocol.schedules.preview import Limits, Preview, preview
from protocol.schedules.rules import Deed, Rule
from server.devices.state import DeviceNow
from server.schedules.schedules import ScheduleNow, Where

UNKEPT: Final = "0" * 16
"""The id of the rule that is not kept yet."""


def planned(
    schedules: Iterable[ScheduleNow],
    deed: Deed | None,
    replaces: str | None,
    device: DeviceNow,
    where: Where,
    now_ms: int,
    days: int,
) -> Preview:
    """The coming days of one device: its enabled schedules but the one that is to be replaced, and the new rule."""
    rules = [it.rule for it in schedules if it.enabled and it.id != replaces]
    if deed is not None:
        rules.append(Rule(id=UNKEPT, **deed.model_dump(exclude={"id"})))
    return preview(rules, where.zone, where.place, limits_of(device), now_ms, days)


def limits_of(device: DeviceNow) -> Mapping[str, Limits]:
    """What the device holds its channels to."""
    abouts = (channel.about for channel in device.channels.values())
    return {it.id: Limits(it.max_on_s, it.min_off_s, it.interlock) for it in abouts}
