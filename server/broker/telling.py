"""Having a running mosquitto read its accounts and certificates again."""

import os
import signal
from pathlib import Path


def tell_broker(pid_file: Path | None) -> bool:
    """Have the broker read its files again; False where it does not run, or may not be told by this user."""
    if pid_file is None:
        return False
    try:
        os.kill(_pid(pid_file), signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True


def _pid(pid_file: Path) -> int:
    pid = int(pid_file.read_text(encoding="ascii"))
    if pid <= 1:  # 0 and negative numbers mean whole groups of processes
        raise ValueError(f"{pid} is no process of a broker's")
    return pid
