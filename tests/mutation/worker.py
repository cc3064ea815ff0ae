"""Runs the quick tests once for each line that it reads, and answers 1 where they pass, else 0. Started by field.py in its folder.

Everything that stays the same is loaded once, and each run is a fork of that: a start of Python and its libraries would take longer than
most mutants live. The tests are compiled once; the device is compiled anew each time, so that no mutant is taken for another.
"""

import importlib
import os
import pkgutil
import shutil
import signal
import sys
from typing import Final

import hypothesis.stateful  # noqa: F401 (loaded for the forks)
import pytest

import protocol

TOO_LONG_S: Final = 120
# no conftest and no plugins: what a test leaves behind is not asked here, and each start counts
OPTIONS: Final = (
    *("-q", "-x", "-c", "mutate.ini", "--rootdir", ".", "--import-mode=importlib", "--noconftest"),
    *("-p", "no:cacheprovider"),
)


def main(tests: list[str]) -> None:
    """Serve until there is nothing more to read."""
    for module in pkgutil.walk_packages(protocol.__path__, "protocol."):
        importlib.import_module(module.name)
    first = True
    for _ in sys.stdin:
        print(int(passes(tests, keeping=first)), flush=True)
        if first:
            shutil.rmtree("device/__pycache__")
        first = False


def passes(tests: list[str], *, keeping: bool) -> bool:
    """Whether all tests pass, in a process of their own and within TOO_LONG_S. `keeping`: what is compiled is kept for the next."""
    child = os.fork()
    if child == 0:
        sys.dont_write_bytecode = not keeping
        signal.alarm(TOO_LONG_S)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os._exit(pytest.main([*OPTIONS, *tests]))
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    main(sys.argv[1:])
