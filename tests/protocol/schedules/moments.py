"""What these tests share: zones, times as people write them, and short ways to a rule."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from protocol.schedules.rules import LANG_SON, Rule
from protocol.schedules.runs import runs

SAIGON, BERLIN = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Berlin")
SAO_PAULO, APIA = ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia")
PUMP, LAMP = "may-bom", "den"


def rule(number: int = 1, /, **fields: Any) -> Rule:
    """A rule that switches the pump on, unless something else is said. `when` as a dict."""
    told = {"id": f"{number:016x}", "channel": PUMP, "on": True, **fields}
    return Rule.model_validate(told)


def weekly(at: str, *days: int, number: int = 1, **fields: Any) -> Rule:
    return rule(number, when={"kind": "weekly", "at": at, **({"days": days} if days else {})}, **fields)


def ms(text: str, zone: ZoneInfo = SAIGON) -> int:
    """`2026-11-23 06:00` in a zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1000


def utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def said(at_ms: int, zone: ZoneInfo = SAIGON) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).strftime("%a %Y-%m-%d %H:%M")


def times(which: Rule, since: str, until: str, zone: ZoneInfo = SAIGON) -> list[str]:
    """When it acts, in the zone's own time."""
    return [said(run.at_ms, zone) for run in runs(which, zone, LANG_SON, ms(since, zone), ms(until, zone))]
