"""Where a plot's line runs."""

from server.readings.search import Bucket
from server.web.plot import BROKEN_AFTER, HEIGHT, WIDTH, plot

STEP = 60_000
UNTIL = 100 * STEP


def bucket(number: int, value: float, spread: float = 0.0) -> Bucket:
    return Bucket(number * STEP, value - spread, value, value + spread, 1)


def test_a_line_runs_through_the_means_and_a_band_from_the_least_to_the_most() -> None:
    drawn = plot([bucket(0, 10.0, 1.0), bucket(5, 20.0, 2.0)], STEP, 0, UNTIL)
    assert drawn is not None
    assert (drawn.least, drawn.most, drawn.last) == (9.0, 22.0, 20.0)
    assert drawn.lines == ["M3 132.2L33 37.3"]
    assert drawn.bands == ["M3 122.7L33 18.3L33 56.3L3 141.7Z"]


def test_where_nothing_was_measured_the_line_is_broken() -> None:
    apart = BROKEN_AFTER // STEP
    drawn = [plot([bucket(0, 1.0), bucket(gap, 2.0)], STEP, 0, UNTIL) for gap in (apart, apart + 1)]
    assert [len(it.lines) for it in drawn if it is not None] == [1, 2]


def test_a_single_value_can_be_seen() -> None:
    drawn = plot([bucket(50, 5.0)], STEP, 0, UNTIL)
    assert drawn is not None
    assert drawn.lines == ["M303 80L303.1 80"]


def test_everything_stays_inside_the_picture() -> None:
    drawn = plot([bucket(number, (-1.0) ** number * 50, 5.0) for number in range(100)], STEP, 0, UNTIL)
    assert drawn is not None
    points = [tuple(map(float, point.split())) for point in drawn.bands[0].strip("MZ").split("L")]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)


def test_nothing_makes_no_plot() -> None:
    assert plot([], STEP, 0, UNTIL) is None
