"""A device in words: how it is now, and its silences in sentences like `Mất điện 14:02–16:40, khởi động lại, rơ-le TẮT`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.history.outages import Kind, Outage
from server.web.home import ICONS
from server.web.i18n import Words
from server.web.shapes import Channel, Snapshot
from server.web.times import age, clock_time
from server.web.words import Around, View, measure, view

__all__ = ["Row", "length", "measure", "presence_of", "rows", "sentence", "today"]


@dataclass(frozen=True, slots=True)
class Row:
    """One channel of the device's list."""

    channel: Channel
    view: View
    icon: str


def rows(snapshot: Snapshot, t: Words) -> list[Row]:
    """The channels of a snapshot of one device."""
    [device], [site] = snapshot["devices"], snapshot["sites"]
    around = Around.of(device, site, snapshot["link"], snapshot["now_ms"])
    return [
        Row(channel, view(channel, around, t), channel["icon"] if channel["icon"] in ICONS else "socket")
        for channel in device["channels"]
    ]


def presence_of(snapshot: Snapshot) -> str:
    """The device's presence, as far as the server can know it now."""
    return snapshot["devices"][0]["presence"] if snapshot["link"] == "up" else "unknown"


def today(snapshot: Snapshot, t: Words) -> str:
    """How it is now, and since when."""
    [device], [site], now_ms = snapshot["devices"], snapshot["sites"], snapshot["now_ms"]
    presence, since_ms = presence_of(snapshot), device["presence_ms"]
    if presence == "unknown" or since_ms is None:
        return t(f"machine.now_{presence}")
    time, length_ = clock_time(since_ms, now_ms, site["timezone"]), age(since_ms, now_ms, t)
    return t(f"machine.now_{presence}_since", time=time, age=length_)


def sentence(outage: Outage, names: Mapping[str, str], now_ms: int, timezone: str, t: Words) -> str:
    """What happened. `names`: of the device's channels, by id."""
    parts = [f"{t(f'outage.{outage.kind}{_manner(outage)}')} {_time(outage, now_ms, timezone, t)}"]
    match outage.kind:
        case Kind.POWER:
            parts += [t("outage.started"), *_relays(outage, names, t), *_late(outage, now_ms, timezone, t)]
        case Kind.LINK:
            parts += [t("outage.went_on"), *_by_itself(outage, names, t)]
        case Kind.RESTART | Kind.AWAY | Kind.NEW_MEMORY | Kind.UNKNOWN:
            parts += [t(f"outage.{outage.kind}_why")]
        case Kind.SERVER:
            pass
    return ", ".join(parts)


def length(ms: int, t: Words) -> str:
    """`38 phút`, `2 giờ 38 phút`, `3 ngày 4 giờ`."""
    minutes = ms // 60_000
    if minutes < 1:
        return t("outage.moment")
    if minutes < 60:
        return t("outage.minutes", n=minutes)
    if minutes < 24 * 60 and minutes % 60 == 0:
        return t("outage.whole_hours", n=minutes // 60)
    if minutes < 24 * 60:
        return t("outage.hours", hours=minutes // 60, minutes=minutes % 60)
    return t("outage.days", days=minutes // 1440, hours=minutes // 60 % 24)


def _manner(outage: Outage) -> str:
    return "_brief" if outage.kind is Kind.POWER and outage.to_ms == outage.from_ms else ""


def _time(outage: Outage, now_ms: int, timezone: str, t: Words) -> str:
    begin = clock_time(outage.from_ms, now_ms, timezone)
    if outage.to_ms is None:
        return t("outage.since", time=begin)
    if outage.to_ms == outage.from_ms:
        return t("outage.at", time=begin)
    end = clock_time(outage.to_ms, now_ms, timezone)
    same_day = begin[5:] == end[5:]
    return f"{begin[:5]}–{end}" if same_day else f"{begin} – {end}"


def _relays(outage: Outage, names: Mapping[str, str], t: Words) -> list[str]:
    said = [t("outage.relays_on", names=_listed(outage.on, names))] if outage.on else []
    said += [t("outage.relays_in_doubt", names=_listed(outage.in_doubt, names))] if outage.in_doubt else []
    return [*said, t("outage.others_off")] if said else [t("outage.relays_off")]


def _late(outage: Outage, now_ms: int, timezone: str, t: Words) -> list[str]:
    return [t("outage.link_later", time=clock_time(outage.started_ms, now_ms, timezone))] if outage.started_ms else []


def _by_itself(outage: Outage, names: Mapping[str, str], t: Words) -> list[str]:
    parts = []
    for on in (True, False):
        switched = [name for name, went_on in outage.by_itself if went_on is on]
        if switched:
            parts.append(t(f"outage.by_itself_{'on' if on else 'off'}", names=_listed(switched, names)))
    return parts


def _listed(channels: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(names.get(channel, channel) for channel in channels))
