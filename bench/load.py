"""The three kinds of work that are measured, each kept going by a number of workers for the time of a leg."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from bench.http import Connection, post
from bench.live import Live

WAIT_S: Final = 15.0
ANSWER_WITHIN_S: Final = 5
BODIES: Final = {on: json.dumps({"on": on}).encode() for on in (True, False)}

Work = Callable[[int], Awaitable[float]]


class Failed(RuntimeError):  # noqa: N818 (what happened)
    """A command did not do what it was asked for: the numbers of such a run are worth nothing."""


@dataclass(slots=True)
class Switch:
    """One output of one device, and what it was told last: each command asks for the other, so that the pin really moves."""

    device_id: str
    channel: str
    on: bool = False

    @property
    def path(self) -> str:
        """Where commands for it go."""
        return f"/api/v1/devices/{self.device_id}/channels/{self.channel}/commands"


async def leg(work: Work, in_flight: int, seconds: float) -> tuple[list[float], float]:
    """Keep so many going for so long: what each took in ms, and how long it really lasted in s. `work` is told its worker's number."""
    latencies: list[float] = []
    started = time.perf_counter()

    async def keep_going(number: int) -> None:
        while time.perf_counter() - started < seconds:
            latencies.append(await work(number))

    async with asyncio.TaskGroup() as workers:
        for number in range(in_flight):
            workers.create_task(keep_going(number), name=f"worker {number}")
    return latencies, time.perf_counter() - started


class Commands:
    """Commands over HTTP, one connection for each worker, and the live stream that shows what becomes of them."""

    def __init__(self, live: Live, host: str, port: int, cookie: str, switches: Iterable[Switch]) -> None:
        self._live = live
        self._host = host
        self._port = port
        self._cookie = cookie
        self._idle = deque(switches)
        self._connections: list[Connection] = []

    @asynccontextmanager
    async def connected(self, count: int) -> AsyncIterator[None]:
        """Connections for so many workers. New ones for each leg: a server closes those that were idle during others."""
        async with AsyncExitStack() as stack:
            self._connections = [await Connection.open(self._host, self._port) for _ in range(count)]
            for connection in self._connections:
                stack.callback(connection.close)
            yield

    async def until_seen(self, worker: int) -> float:
        """From the start of the POST to the event on the live stream that shows the new state, in ms."""
        with self._switch() as switch:
            seen = self._live.expect(switch.device_id, switch.channel, not switch.on)
            request = post(self._host, switch.path, self._cookie, BODIES[not switch.on])
            started = time.perf_counter()
            answered = self._connections[worker].request(request)
            async with asyncio.timeout(WAIT_S):
                at = await seen
                status, body = await answered
            if status not in (200, 202):
                raise Failed(f"{status} {body.decode(errors='replace')}")
            switch.on = not switch.on
        return (at - started) * 1000

    async def until_answered(self, worker: int) -> float:
        """From the start of a POST that waits for the device to its answer `applied`, in ms."""
        with self._switch() as switch:
            request = post(self._host, switch.path, self._cookie, BODIES[not switch.on], f"wait={ANSWER_WITHIN_S}")
            started = time.perf_counter()
            async with asyncio.timeout(WAIT_S):
                status, body = await self._connections[worker].request(request)
            took_ms = (time.perf_counter() - started) * 1000
            answer = json.loads(body)
            if status != 200 or answer["fate"] != "applied" or answer["changed"] is not True:
                raise Failed(f"{status} {body.decode(errors='replace')}")
            switch.on = not switch.on
        return took_ms

    @contextmanager
    def _switch(self) -> Iterator[Switch]:
        """The one that has been idle longest: with fewer workers than devices, none has two commands at once."""
        switch = self._idle.popleft()
        yield switch
        self._idle.append(switch)


def switches(device_ids: list[str], channels: list[str]) -> list[Switch]:
    """Every output of every device, in an order that comes back to a device as late as possible."""
    return [Switch(device_id, channel) for channel in channels for device_id in device_ids]
