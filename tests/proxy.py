"""A bad network: a TCP proxy in front of one port that can stall, delay, swallow and cut.

    async with Proxy(broker.port) as network:
        ...connect to network.port...
        network.stall(Way.UP)        # bytes wait, none is lost
        network.delay(0.2)           # both ways
        network.swallow(Way.DOWN)    # half-open: the bytes vanish, the connection seems alive
        network.cut()                # every connection is reset
        network.refuse()             # new connections are ended at once
        network.heal()               # all of that is over

All methods act at once, on the connections that are open and on those to come, and belong to one event loop.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Final, Self

CHUNK_BYTES: Final = 65_536
MOST_CHUNKS: Final = 64
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Way(Enum):
    """A direction."""

    UP = "from the client to the server"
    DOWN = "from the server to the client"


BOTH: Final = (Way.UP, Way.DOWN)


@dataclass
class _Weather:
    """What happens to the bytes of one direction."""

    delay_s: float = 0.0
    swallowing: bool = False
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def clear_up(self) -> None:
        self.delay_s, self.swallowing = 0.0, False
        self.flowing.set()


class _Ended(Exception):  # noqa: N818 (the end of a connection is no error)
    """One side closed."""


class _Pipe:
    """One client's connection, and ours to the server for it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.writers = {Way.UP: server, Way.DOWN: client}
        self.lossy = False

    def reset(self) -> None:
        """End both sides so that they see a broken connection, not a polite end."""
        for writer in self.writers.values():
            held = writer.get_extra_info("socket")
            if held is not None and held.fileno() >= 0:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class Proxy:
    """`async with Proxy(server_port) as proxy`: connect to `proxy.port` instead of `server_port`, both on loopback."""

    def __init__(self, server_port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.accepted = 0
        self._server_port = server_port
        self._weather = {way: _Weather() for way in Way}
        self._refusing = False
        self._pipes: set[_Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.heal()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None, "the proxy is not started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def open_connections(self) -> int:
        """How many connections go through now."""
        return len(self._pipes)

    # ---- the weather

    def stall(self, *ways: Way) -> None:
        """Let bytes wait: they arrive when the proxy is healed."""
        for way in ways or BOTH:
            self._weather[way].flowing.clear()

    def delay(self, seconds: float, *ways: Way) -> None:
        """Let each byte take this much longer, in its order."""
        for way in ways or BOTH:
            self._weather[way].delay_s = seconds

    def swallow(self, *ways: Way) -> None:
        """Let bytes vanish while the connections stay open. `heal` cuts those that lost any."""
        for way in ways or BOTH:
            self._weather[way].swallowing = True

    def refuse(self) -> None:
        """End every new connection at once."""
        self._refusing = True

    def cut(self) -> None:
        """Reset every connection that is open."""
        for pipe in tuple(self._pipes):
            pipe.reset()

    def heal(self) -> None:
        """Good weather again. A connection that lost bytes is reset: what would follow makes no sense."""
        self._refusing = False
        for pipe in tuple(self._pipes):
            if pipe.lossy:
                pipe.reset()
        for weather in self._weather.values():
            weather.clear_up()

    # ---- the life of the proxy

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, self.host, 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.create_task(self._serve(reader, writer), name=f"proxy connection {self.accepted}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            if not self._refusing:
                with contextlib.suppress(OSError):
                    up_reader, server = await asyncio.open_connection(self.host, self._server_port)
                    await self._carry(_Pipe(client, server), reader, up_reader)
        finally:
            client.close()
            with contextlib.suppress(OSError):
                await client.wait_closed()

    async def _carry(self, pipe: _Pipe, up: asyncio.StreamReader, down: asyncio.StreamReader) -> None:
        self._pipes.add(pipe)
        server = pipe.writers[Way.UP]
        try:
            async with asyncio.TaskGroup() as group:
                for way, reader in ((Way.UP, up), (Way.DOWN, down)):
                    self._carry_one_way(group, pipe, way, reader)
        except* (_Ended, OSError):
            pass
        finally:
            self._pipes.discard(pipe)
            server.close()
            with contextlib.suppress(OSError):
                await server.wait_closed()

    def _carry_one_way(self, group: asyncio.TaskGroup, pipe: _Pipe, way: Way, reader: asyncio.StreamReader) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_CHUNKS)
        group.create_task(self._take(pipe, way, reader, line), name=f"proxy takes {way.name}")
        group.create_task(self._give(way, line, pipe.writers[way]), name=f"proxy gives {way.name}")

    async def _take(self, pipe: _Pipe, way: Way, reader: asyncio.StreamReader, line: asyncio.Queue[tuple[float, bytes]]) -> None:
        weather, loop = self._weather[way], asyncio.get_running_loop()
        while True:
            await weather.flowing.wait()
            chunk = await reader.read(CHUNK_BYTES)
            if weather.swallowing:
                pipe.lossy = True
                if not chunk:
                    await asyncio.Event().wait()  # the end is swallowed too
                continue
            await line.put((loop.time() + weather.delay_s, chunk))
            if not chunk:
                return

    async def _give(self, way: Way, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._weather[way].flowing.wait()
            if not chunk:
                raise _Ended
            writer.write(chunk)
            await writer.drain()
