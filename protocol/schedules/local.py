"""Local times to moments, in zones that have summer time.

A local time that does not exist since the clock jumped over it, is the moment of the jump; one that exists twice is the first of the two.
So a run is never lost to summer time and never comes twice. It is what cron does for jobs at a fixed time: those "in the time that was
skipped will be run soon after the change", those "that fall into the repeated time will not be re-run" (cron(8) of Debian, Notes). That
the first of two is meant, RFC 5545, 3.3.5 says too.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


def day_of(at_ms: int, zone: ZoneInfo) -> date:
    """The local day of a moment."""
    return datetime.fromtimestamp(at_ms // 1000, zone).date()


def moment_ms(day: date, time: str, zone: ZoneInfo) -> int:
    """The moment of a local time, `HH:MM`, of a day."""
    local = datetime(day.year, day.month, day.day, int(time[:2]), int(time[3:]), tzinfo=zone)
    at_s = int(local.timestamp())
    if datetime.fromtimestamp(at_s, zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        at_s = _jump_s(local)
    return at_s * 1000


@lru_cache(maxsize=4096)
def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether there was such a day: Samoa went from the 29th to the 31st of December 2011."""
    return day_of(moment_ms(day, "00:00", zone), zone) == day


def _jump_s(local: datetime) -> int:
    """When the clock jumped over this local time: between what it is by the offset after the jump, and by that before (PEP 495)."""
    before, after = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    naive = local.replace(tzinfo=UTC)
    low, high = (int((naive - (offset or timedelta())).timestamp()) for offset in (after, before))
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, local.tzinfo).utcoffset() == after:
            high = middle
        else:
            low = middle + 1
    return low
