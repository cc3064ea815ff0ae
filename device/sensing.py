"""Tells what sensors measure: a change soon, the same again now and then, nothing while nobody listens. Nothing goes onto the card.

A sensor that cannot be read is left out: silence is what tells of it. Readings carry no promise, unlike events: one that is lost is lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from protocol.messages import Measurement

log = logging.getLogger("congtac.agent")

EVERY_S: Final = 60.0
SAME_AGAIN_MS: Final = 300_000


class Sensor(Protocol):
    """Something that measures."""

    @property
    def channel(self) -> str:
        """The name that its values bear."""

    @property
    def unit(self) -> str:
        """As in `°C`."""

    @property
    def step(self) -> float:
        """A smaller change is none."""

    def read(self) -> float | None:
        """The value now; None: it cannot be read."""


@dataclass(slots=True)
class _Last:
    value: float
    at_ms: int


class Sensing:
    """Decides what is worth telling. `at_ms` in what is asked of it never goes back by much."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self.sensors = sensors
        self._last: dict[str, _Last] = {}

    def look(self, at_ms: int) -> tuple[Measurement, ...]:
        """What there is to tell now."""
        return tuple(told for sensor in self.sensors if (told := self._look(sensor, at_ms)) is not None)

    def forget(self) -> None:
        """Whoever listens now has heard nothing yet."""
        self._last.clear()

    def _look(self, sensor: Sensor, at_ms: int) -> Measurement | None:
        value = sensor.read()
        if value is None:
            return None
        last = self._last.get(sensor.channel)
        if last is not None and abs(value - last.value) < sensor.step and at_ms - last.at_ms < SAME_AGAIN_MS:
            return None
        self._last[sensor.channel] = _Last(value, at_ms)
        return Measurement(channel=sensor.channel, at_ms=at_ms, value=value, unit=sensor.unit)


class Teller(Protocol):
    """Who speaks to the server: an agent."""

    def time_ms(self) -> int | None:
        """The time by the server's clock; None: it is not known, or nobody listens."""

    def tell_measured(self, values: tuple[Measurement, ...]) -> None:
        """Tell these values."""


async def measuring(run: Awaitable[None], teller: Teller, sensors: Sequence[Sensor], every_s: float = EVERY_S) -> None:
    """Do that, and measure for as long as it lasts. Sensors that fail stop nothing else: the relays go on without them."""
    task = asyncio.create_task(_measure(Sensing(sensors), teller, every_s), name="sensors")
    task.add_done_callback(_log_failure)
    try:
        await run
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _measure(sensing: Sensing, teller: Teller, every_s: float) -> None:
    """Look and tell, until cancelled; while nobody listens, look for somebody each second."""
    heard = False
    while sensing.sensors:
        at_ms = teller.time_ms()
        if at_ms is not None and not heard:
            sensing.forget()
        heard = at_ms is not None
        if at_ms is not None and (told := sensing.look(at_ms)):
            teller.tell_measured(told)
        await asyncio.sleep(every_s if heard else min(every_s, 1.0))


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("nothing is measured any more", exc_info=error)
