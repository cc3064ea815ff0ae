"""What sensors measure is told when it changed, now and then all the same, and to nobody who does not listen."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device.health import CpuTemperature, WifiSignal, health_sensors
from device.sensing import SAME_AGAIN_MS, Sensing, measuring
from protocol.messages import Measurement
from tests.waiting import until

WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0     12        0
"""


@dataclass
class Dial:
    """A sensor that shows what the test says."""

    value: float | None = 20.0
    channel: str = "nhiet-do"
    unit: str = "°C"
    step: float = 0.5

    def read(self) -> float | None:
        return self.value


@dataclass
class Ear:
    """An agent that notes what it is to tell."""

    now: int | None = 1_000
    heard: list[float] = field(default_factory=list)
    asked: int = 0

    def time_ms(self) -> int | None:
        self.asked += 1
        return self.now

    def tell_measured(self, values: tuple[Measurement, ...]) -> None:
        self.heard += [it.value for it in values]


def test_a_change_is_told_and_less_than_a_step_is_none() -> None:
    dial = Dial()
    sensing = Sensing([dial])
    told = []
    for at_ms, value in enumerate((20.0, 20.4, 20.5, 20.1, 19.9), start=1):
        dial.value = value
        told += [(it.at_ms, it.value, it.channel, it.unit) for it in sensing.look(at_ms)]
    assert told == [(1, 20.0, "nhiet-do", "°C"), (3, 20.5, "nhiet-do", "°C"), (5, 19.9, "nhiet-do", "°C")]


def test_the_same_value_is_told_again_after_a_while_so_that_silence_means_something() -> None:
    sensing = Sensing([Dial()])
    assert [len(sensing.look(at_ms)) for at_ms in (0, SAME_AGAIN_MS - 1, SAME_AGAIN_MS, SAME_AGAIN_MS + 1)] == [1, 0, 1, 0]


def test_a_sensor_that_cannot_be_read_is_silent_and_the_others_are_not() -> None:
    broken = Dial(None, channel="hong")
    assert [it.channel for it in Sensing([broken, Dial()]).look(0)] == ["nhiet-do"]


async def test_who_listens_anew_is_told_everything_and_nobody_else_anything() -> None:
    ear, ended = Ear(now=None), asyncio.Event()

    async def run() -> None:
        await ended.wait()

    work = asyncio.create_task(measuring(run(), ear, [Dial()], every_s=0.01))
    for count in (1, 2):
        ear.now = count * 1_000
        await until(lambda count=count: len(ear.heard) == count)  # type: ignore[misc]
        ear.now, asked = None, ear.asked
        await until(lambda asked=asked: ear.asked > asked)  # type: ignore[misc]
    ended.set()
    await work
    assert ear.heard == [20.0, 20.0]


async def test_a_sensor_that_breaks_down_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Dial):
        def read(self) -> float | None:
            raise RuntimeError("of the sensor")

    async def run() -> None:
        await until(lambda: "nothing is measured any more" in caplog.text)

    await measuring(run(), Ear(), [Broken()], every_s=0.01)


def test_a_machine_tells_its_temperature_and_its_signal_as_the_kernel_does(tmp_path: Path) -> None:
    (tmp_path / "sys/class/thermal/thermal_zone0").mkdir(parents=True)
    (tmp_path / "sys/class/thermal/thermal_zone0/temp").write_text("48312\n")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/wireless").write_text(WIRELESS)
    told = [(it.channel, it.read(), it.unit) for it in health_sensors(tmp_path)]
    assert told == [("cpu-temp", 48.0, "°C"), ("wifi-signal", -56.0, "dBm")]


def test_a_machine_without_them_tells_nothing(tmp_path: Path) -> None:
    assert health_sensors(tmp_path) == ()


@pytest.mark.parametrize("text", ["", "warm", "999999999", "-300000"])
def test_a_temperature_that_cannot_be_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "sys/class/thermal/thermal_zone0").mkdir(parents=True)
    (tmp_path / "sys/class/thermal/thermal_zone0/temp").write_text(text)
    assert CpuTemperature(tmp_path).read() is None


@pytest.mark.parametrize("line", ["", " wlan0: 0000", " wlan0: 0000 54. weak -256", " wlan0: 0000 54. 200. 0"])
def test_a_signal_that_cannot_be_is_none(tmp_path: Path, line: str) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/wireless").write_text("\n".join([*WIRELESS.splitlines()[:2], line]))
    assert WifiSignal(tmp_path).read() is None
