"""Where mosquitto is on this machine, and how it is started so that it cannot outlive its parent."""

import os
import shutil
from typing import Final

from broker_config.errors import MosquittoMissing

MOSQUITTO_VARIABLE: Final = "CONGTAC_MOSQUITTO"
# Where packages put a system program, although a person's PATH may not have it.
_SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def find_mosquitto() -> str:
    """mosquitto's path: $CONGTAC_MOSQUITTO if set, else from PATH and the system's folders. Raises MosquittoMissing."""
    named = os.environ.get(MOSQUITTO_VARIABLE)
    if named:
        return _first([shutil.which(named)], (f"${MOSQUITTO_VARIABLE} ({named})",))
    folders = os.pathsep.join(_SYSTEM_FOLDERS)
    return _first([shutil.which("mosquitto"), shutil.which("mosquitto", path=folders)], ("$PATH", *_SYSTEM_FOLDERS))


def command_line() -> list[str]:
    """The words that start mosquitto, killed by the kernel at its parent's death where util-linux's setpriv is present."""
    setpriv = shutil.which("setpriv")
    guard = [] if setpriv is None else [setpriv, "--pdeathsig", "KILL"]
    return [*guard, find_mosquitto()]


def _first(found: list[str | None], looked_in: tuple[str, ...]) -> str:
    for path in found:
        if path is not None:
            return path
    raise MosquittoMissing(looked_in)
