"""A plot of readings: where its line runs, in the units of a picture. Pure. Where nothing was measured, there is no line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.readings.search import Bucket

WIDTH: Final = 600
HEIGHT: Final = 160
EDGE: Final = 6
BROKEN_AFTER: Final = 900_000
"""An agent tells every five minutes at least: what is longer is a gap."""


@dataclass(frozen=True, slots=True)
class Plot:
    """`lines`: a path for each stretch without a gap. `bands`: from the least to the greatest value, likewise. `low`, `high`: the scale."""

    lines: list[str]
    bands: list[str]
    low: float
    high: float
    least: float
    most: float
    last: float


def plot(buckets: Sequence[Bucket], bucket_ms: int, since_ms: int, until_ms: int) -> Plot | None:
    """The plot of what was measured from `since_ms` to `until_ms`; None: nothing was."""
    if not buckets:
        return None
    least, most = min(it.min for it in buckets), max(it.max for it in buckets)
    room = max((most - least) * 0.1, 0.5)
    low, high = least - room, most + room

    def x(bucket: Bucket) -> float:
        middle = min(bucket.from_ms + bucket_ms // 2, until_ms)
        return round(WIDTH * max(0, middle - since_ms) / (until_ms - since_ms), 1)

    def y(value: float) -> float:
        return round(EDGE + (HEIGHT - 2 * EDGE) * (high - value) / (high - low), 1)

    stretches = _stretches(buckets, max(BROKEN_AFTER, 2 * bucket_ms))
    lines = [_path([(x(it), y(it.avg)) for it in stretch]) for stretch in stretches]
    bands = [
        _path([*[(x(it), y(it.max)) for it in stretch], *[(x(it), y(it.min)) for it in reversed(stretch)]]) + "Z"
        for stretch in stretches
    ]
    return Plot(lines, bands, low, high, least, most, buckets[-1].avg)


def _stretches(buckets: Sequence[Bucket], broken_ms: int) -> list[list[Bucket]]:
    stretches: list[list[Bucket]] = []
    for bucket in buckets:
        if stretches and bucket.from_ms - stretches[-1][-1].from_ms <= broken_ms:
            stretches[-1].append(bucket)
        else:
            stretches.append([bucket])
    return stretches


def _path(points: list[tuple[float, float]]) -> str:
    """A path through the points; a single one gets a dot's length, so that it is seen."""
    whole = points if len(points) > 1 else [*points, (points[0][0] + 0.1, points[0][1])]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in whole)
