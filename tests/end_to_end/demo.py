"""`congtac demo` as a child process, ended as a person ends it."""

import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from broker_config.ports import free_port
from tests.components import require
from tests.program import READY_WITHIN_S, Program
from tests.waiting import until

STOP_WITHIN_S = 15
COMMAND = [sys.executable, "-m", "congtac", "demo"]
_LINK = re.compile(r"http://\S+/sign-in/\S+")


class Demo:
    """A demo in a folder, on a port of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        require("mosquitto")
        self.folder = folder / "demo"
        self.port = free_port("127.0.0.1")
        self.url = f"http://localhost:{self.port}"
        self.command = [*COMMAND, "--data", str(self.folder), "--port", str(self.port), *arguments]
        self.program = Program("demo", self.command, folder / "demo.log")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From the moment that it has printed its address until Ctrl-C, after which nothing of it may live."""
        await self.program.start()
        try:
            await until(lambda: not self.program.running or "Ctrl-C" in self.program.said(), within_s=READY_WITHIN_S)
            self.program.check_alive()
            yield
            await self._interrupt()
        finally:
            await self.program.kill()

    def links(self) -> list[str]:
        """Every sign-in address that it has printed since it was started."""
        return _LINK.findall(self.program.said())

    @asynccontextmanager
    async def client(self, cookies: httpx.Cookies | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A program that speaks to it."""
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, cookies=cookies, timeout=15) as client:
            yield client

    async def _interrupt(self) -> None:
        children = psutil.Process(self.program.pid).children(recursive=True)
        assert [child.name() for child in children] == ["mosquitto"]
        self.program.signal(signal.SIGINT)
        assert await self.program.ended(STOP_WITHIN_S) == 0, self.program.said()
        assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
        assert "Stopped." in self.program.said()
