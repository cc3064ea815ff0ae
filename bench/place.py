"""What a folder stands on: a file system of the disk, or memory."""

import os
import time
from pathlib import Path
from statistics import median
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (a file system in memory, on every Linux; our folder in it is made by mkdtemp)
_MOUNTS: Final = Path("/proc/mounts")


def memory_folder() -> Path | None:
    """The folder in memory, where there is one that may be written."""
    return _MEMORY if file_system(_MEMORY) == "tmpfs" and os.access(_MEMORY, os.W_OK) else None


def file_system(folder: Path) -> str:
    """The type of the file system that holds a folder, as `ext4` or `tmpfs`; `unknown` where the system does not tell."""
    if not folder.exists() or not _MOUNTS.exists():
        return "unknown"
    found = "unknown"
    longest = -1
    target = folder.resolve()
    for line in _MOUNTS.read_text("utf-8", errors="replace").splitlines():
        _device, mount, kind = line.split()[:3]
        point = Path(mount)
        if (target == point or point in target.parents) and len(point.parts) >= longest:
            found, longest = kind, len(point.parts)
    return found


def sync_ms(folder: Path, times: int = 50) -> float:
    """The median time of an append of 4 kB and its fdatasync in this folder, in ms: what one commit waits for at least."""
    path = folder / "sync-probe"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    took = []
    try:
        for _ in range(times):
            started = time.perf_counter()
            os.write(handle, bytes(4096))
            os.fdatasync(handle)
            took.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(handle)
        path.unlink()
    return median(took)
