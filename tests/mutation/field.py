"""A copy of what the tests need, in which one mutant at a time lives."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.device.core_modules import ROOT, STORIES, UNITS, files_of_tests
from tests.mutation.mutants import Mutant

TESTS: Final = files_of_tests(*UNITS, *STORIES, "guards", "core_machine")


class Field:
    """The copy in `folder`, and the process that runs the quick tests in it."""

    def __init__(self, folder: Path, worker: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self._worker = worker

    def survives(self, mutant: Mutant) -> bool:
        """Whether every quick test passes with this mutant."""
        home = self.folder / mutant.file
        original = home.read_text(encoding="utf-8")
        home.write_text(mutant.text, encoding="utf-8")
        try:
            return self.passes()
        finally:
            home.write_text(original, encoding="utf-8")

    def passes(self) -> bool:
        """Whether every quick test passes with what stands there now. Raises EOFError when the process has ended."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write("run\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline().strip()
        if answer not in ("0", "1"):
            raise EOFError(f"the process that runs the tests has ended, saying {answer!r}")
        return answer == "1"


@contextmanager
def field(folder: Path) -> Iterator[Field]:
    """A field in a new folder, while the block lasts."""
    for name in ("protocol", "device", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "server", "broker_config"))
    (folder / "mutate.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    # -B: what was compiled of one mutant must not be taken for the next
    command = [sys.executable, "-B", "-m", "tests.mutation.worker", *TESTS]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CONGTAC_MACHINE_ONLY_FIND": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        yield Field(folder, worker)
        assert worker.stdin is not None
        worker.stdin.close()
