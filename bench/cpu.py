"""How much processor time each process used, from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path


def seconds_used(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds, user and system, of each process so far, by name; those that the system does not tell of are left out."""
    used = {}
    for name, pid in pids.items():
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists():
            fields = stat.read_text("ascii", errors="replace").rpartition(")")[2].split()
            used[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used
