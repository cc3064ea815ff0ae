"""The two clocks of this machine, and the id of its present run. The only place where the agent asks for the time."""

import time
from pathlib import Path

from device.clock import Moment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def moment() -> Moment:
    """Now. The monotonic clock is the one that goes on while the machine is suspended."""
    mono_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    slewed_ns = mono_ns - time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    return Moment(mono_ns // 1_000_000, time.time_ns() // 1_000_000, slewed_ns // 1_000_000)


def boot_id() -> str:
    """What tells this run of the machine from the one before the last power cut."""
    return _BOOT_ID.read_text(encoding="ascii").strip()
