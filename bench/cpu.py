"""How much processor time each process used, from /proc."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


def seconds_used(pids: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor seconds, user and system, of the processes of each name so far; names of which the system tells nothing are left out."""
    used: dict[str, float] = {}
    for name, of_name in pids.items():
        for pid in of_name:
            stat = Path(f"/proc/{pid}/stat")
            if stat.exists():
                fields = stat.read_text("ascii", errors="replace").rpartition(")")[2].split()
                used[name] = used.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used
