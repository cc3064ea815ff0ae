"""The demo's sensors: values that could be a garden's, the same ones for the same seed."""

import itertools

from firmware_sim.sensors import GARDEN, garden
from protocol.messages import ChannelKind, Measurement


def walked(seed: int, looks: int = 500) -> dict[str, list[float]]:
    return {walk.channel: [walk.read() for _ in range(looks)] for walk in garden(seed)}


def test_the_same_seed_makes_the_same_day_and_another_seed_another() -> None:
    assert walked(1) == walked(1)
    assert walked(1) != walked(2)


def test_values_drift_in_small_steps_around_where_they_are_at_home() -> None:
    for seed in range(5):
        moisture, warmth = walked(seed)["do-am-dat"], walked(seed)["nhiet-do"]
        assert 40 < min(moisture) < max(moisture) < 85
        assert 18 < min(warmth) < max(warmth) < 30
        assert max(abs(after - before) for before, after in itertools.pairwise(warmth)) < 2
        assert len(set(warmth)) > 10


def test_each_sensor_that_is_told_of_measures_and_the_wire_takes_it() -> None:
    told = {walk.channel: walk for walk in garden(1)}
    assert {channel.kind for channel in GARDEN} == {ChannelKind.SENSOR}
    assert {channel.id for channel in GARDEN} <= told.keys()
    for walk in told.values():
        Measurement(channel=walk.channel, at_ms=1, value=walk.read(), unit=walk.unit)
