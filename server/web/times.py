"""Times and ages as people read them: 24 hours, dd/MM/yyyy, in the site's own zone. The page's `words.js` says the same."""

from datetime import UTC, datetime
from typing import Final

from server.web.i18n import Words
from server.zones import zone_of

HOME_ZONE: Final = "Asia/Ho_Chi_Minh"


def clock_time(at_ms: int, now_ms: int, timezone: str) -> str:
    """`14:02`, or with the day (`14:02 28/07/2026`) when that is not today's."""
    at, now = _local(at_ms, timezone), _local(now_ms, timezone)
    return at.strftime("%H:%M" if at.date() == now.date() else "%H:%M %d/%m/%Y")


def clock_second(at_ms: int, now_ms: int, timezone: str) -> str:
    """The same to the second: `14:02:07`."""
    at, now = _local(at_ms, timezone), _local(now_ms, timezone)
    return at.strftime("%H:%M:%S" if at.date() == now.date() else "%H:%M:%S %d/%m/%Y")


def moment(at_ms: int, timezone: str) -> str:
    """A time with its day, for what is not near now: `14:02 28/07/2026`."""
    return _local(at_ms, timezone).strftime("%H:%M %d/%m/%Y")


def age(at_ms: int, now_ms: int, t: Words) -> str:
    """`5 phút trước`."""
    seconds = max(0, now_ms - at_ms) // 1000
    if seconds < 10:
        return t("age.now")
    for unit, size, below in (("seconds", 1, 60), ("minutes", 60, 3600), ("hours", 3600, 86_400)):
        if seconds < below:
            return t(f"age.{unit}", n=seconds // size)
    return t("age.days", n=seconds // 86_400)


def left(until_ms: int, now_ms: int, t: Words) -> str:
    """The time until a moment still to come: `9:12`, `1:05:00`, from a day on `2 ngày 3 giờ`."""
    seconds = -((now_ms - until_ms) // 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return t("left.days", days=hours // 24, hours=hours % 24)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _local(at_ms: int, timezone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone_of(timezone))
