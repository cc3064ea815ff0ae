"""Sunrise and sunset by another way than the program's: Almanac for Computers 1990, Nautical Almanac Office, U.S. Naval Observatory.

The method and its worked example stand at https://edwilliams.org/sunrise_sunset_algorithm.htm. It is good to about a minute.
"""

from datetime import UTC, date, datetime, timedelta
from math import acos, asin, atan, cos, degrees, floor, radians, sin, tan

COS_ZENITH = cos(radians(90 + 50 / 60))


def almanac(event: str, day: date, latitude: float, longitude: float, offset_h: float) -> datetime:
    """When the sun rises or sets on the day of a zone so many hours ahead of UTC."""
    rising = event == "sunrise"
    hour = longitude / 15
    approximate = day.timetuple().tm_yday + ((6 if rising else 18) - hour) / 24
    anomaly = 0.9856 * approximate - 3.289
    true = (anomaly + 1.916 * sin(radians(anomaly)) + 0.020 * sin(radians(2 * anomaly)) + 282.634) % 360
    ascension = degrees(atan(0.91764 * tan(radians(true)))) % 360
    ascension = (ascension + floor(true / 90) * 90 - floor(ascension / 90) * 90) / 15
    declination = asin(0.39782 * sin(radians(true)))
    angle = degrees(acos((COS_ZENITH - sin(declination) * sin(radians(latitude))) / (cos(declination) * cos(radians(latitude)))))
    local = ((360 - angle if rising else angle) / 15 + ascension - 0.06571 * approximate - 6.622) % 24
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=(local - hour + offset_h) % 24 - offset_h)
