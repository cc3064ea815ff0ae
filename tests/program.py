"""A program of the tests: started with asyncio from the main thread, and ended in every way by its own id.

It dies with the tests by the kernel's hand, also where they are killed.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

READY_WITHIN_S: Final = 60.0  # a busy machine takes ten times as long as an idle one
STOP_WITHIN_S: Final = 10.0
LAST_WORDS: Final = 6_000
"""How much of what it said is told when it fails, in characters."""


class Program:
    """One program that can be started, ended in every way, and started again. All that it says is appended to `log`."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environ = {**plain_environ(), **(environ or {})}
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    async def start(self) -> None:
        """Start it; it must not run. Whether it is ready is for the caller to find out."""
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *_guard(),
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process lives, be it stopped by a signal or not."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id, also of one that has ended."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, None while it lives."""
        return None if self._process is None else self._process.returncode

    def said(self) -> str:
        """What it said since its last start."""
        return self.log.read_bytes()[self._log_start :].decode(errors="replace") if self.log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP and SIGCONT, SIGINT, or any other."""
        assert self._process is not None, f"{self.name} was never started"
        self._process.send_signal(number)

    async def stop(self) -> int:
        """End it politely, by force after STOP_WITHIN_S, and return how it ended. Nothing happens to one that does not run."""
        if self.running:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.running:
            self.signal(signal.SIGKILL)
            await self._exit()

    async def ended(self, within_s: float = STOP_WITHIN_S) -> int:
        """How it ended, once it has; by force when that takes longer."""
        try:
            async with asyncio.timeout(within_s):
                return await self._exit()
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{self.name} did not end within {within_s:g} s") from None

    async def _exit(self) -> int:
        return 0 if self._process is None else await self._process.wait()

    def check_alive(self) -> None:
        """Raises AssertionError with its last words when it has ended."""
        assert self.running, f"{self.name} ended with {self.returncode}: {self.said()[-LAST_WORDS:]}"


async def answering(client: httpx.AsyncClient, path: str, program: Program, within_s: float = READY_WITHIN_S) -> None:
    """Return when GET of that path is answered with 200; raises AssertionError at once when the program ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    last = "no answer"
    while loop.time() < deadline:
        program.check_alive()
        try:
            answer = await client.get(path)
        except httpx.TransportError as error:
            last = type(error).__name__
        else:
            if answer.status_code == httpx.codes.OK:
                return
            last = answer.text
        await asyncio.sleep(0.02)
    raise AssertionError(
        f"{program.name} does not answer {path} within {within_s:g} s: {last}; it said {program.said()[-LAST_WORDS:]}"
    )


def plain_environ() -> dict[str, str]:
    """This process's environment without settings of ours, but for the place of mosquitto.

    Nor does it forbid to keep what was compiled, as container images like to: each start would compile the whole program.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CONGTAC_") or key == "CONGTAC_MOSQUITTO"}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours."""
    return [sys.executable, "-m", module, *arguments]


def _guard() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "KILL"]
