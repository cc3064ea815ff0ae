"""Child processes: started with their words in a log file, waited for until they are ready, ended with the block."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

READY_WITHIN_S: Final = 30.0
STOP_WITHIN_S: Final = 15.0


class ChildFailed(RuntimeError):  # noqa: N818 (what happened)
    """A child ended, or was not ready in time. The text holds its last words."""


@asynccontextmanager
async def child(
    command: Sequence[str], log: Path, *, ready: bytes | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """A running child's process id. With `ready`, waits for a line on its standard output that has this in it.

    Raises ChildFailed. The kernel ends it when its parent dies, where util-linux's setpriv is present.
    """
    setpriv = shutil.which("setpriv")
    guarded = [*([setpriv, "--pdeathsig", "KILL"] if setpriv else []), *command]
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *guarded, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=errors, env=_with(environment)
        )
    drain: asyncio.Task[None] | None = None
    try:
        if ready is not None:
            await _until(process, ready, log)
        drain = asyncio.create_task(_drain(process), name=f"output of {command[-1]}")
        yield process.pid
    finally:
        await _end(process)
        if drain is not None:
            await drain


def _with(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Our environment without what would change a server's settings, and with what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONGTAC_") or name == "CONGTAC_MOSQUITTO"}
    return {**kept, **(environment or {})}


async def _until(process: asyncio.subprocess.Process, ready: bytes, log: Path) -> None:
    output = process.stdout
    if output is None:
        raise ChildFailed("the child has no output to wait for")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            async for line in output:
                if ready in line:
                    return
    raise ChildFailed(f"a child did not get ready: {_last_words(log)}")


def _last_words(log: Path) -> str:
    return " | ".join(log.read_text("utf-8", errors="replace").splitlines()[-5:]) or "it said nothing"


async def _drain(process: asyncio.subprocess.Process) -> None:
    while process.stdout is not None and await process.stdout.read(65_536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            process.kill()
            await process.wait()
