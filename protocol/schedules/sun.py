"""When the sun rises and sets, to the nearest minute, by astral: the upper edge of the sun at the sea's horizon, with refraction."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from astral import Observer, SunDirection
from astral.sun import SUN_APPARENT_RADIUS, time_of_transit

from protocol.schedules.local import day_of
from protocol.schedules.rules import Place


@lru_cache(maxsize=4096)
def sun_ms(event: Literal["sunrise", "sunset"], day: date, zone: ZoneInfo, place: Place) -> int | None:
    """When the sun rises or sets on a local day; None where it does not, as in polar summers and winters.

    At a polar circle it may set twice in a day, shortly after midnight and shortly before: then it is the first.
    """
    found = (_crossing_ms(event, day + timedelta(days=further), place) for further in (-1, 0, 1))
    return min((at_ms for at_ms in found if at_ms is not None and day_of(at_ms, zone) == day), default=None)


def _crossing_ms(event: Literal["sunrise", "sunset"], utc_day: date, place: Place) -> int | None:
    direction = SunDirection.RISING if event == "sunrise" else SunDirection.SETTING
    observer = Observer(place.latitude, place.longitude)
    try:
        at = time_of_transit(observer, utc_day, 90 + SUN_APPARENT_RADIUS, direction)
    except ValueError:  # the sun stays on one side of the horizon
        return None
    return round(at.timestamp() / 60) * 60_000
