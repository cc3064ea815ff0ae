"""The watching side: one open live stream, and who waits for what to be seen on it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from pydantic_core import from_json

READ_BYTES: Final = 262_144


class Live:
    """What the stream has told so far: who is online, and which state of which channel somebody waits for."""

    def __init__(self) -> None:
        self.online: set[str] = set()
        self.events = 0
        self.ended = False
        self._changed = asyncio.Event()
        self._expected: dict[tuple[str, str], tuple[bool, asyncio.Future[float]]] = {}

    def expect(self, device_id: str, channel: str, on: bool) -> asyncio.Future[float]:
        """The moment (perf_counter) at which the stream shows this channel as reported in this state."""
        seen: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._expected[device_id, channel] = on, seen
        return seen

    async def all_online(self, count: int, within_s: float) -> None:
        """Wait until so many devices are online. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while len(self.online) < count:
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def watching(self, host: str, port: int, cookie: str) -> AsyncIterator["Live"]:
        """The stream is open for as long as the block lasts. Raises OSError, or ConnectionError for another answer than 200."""
        reader, writer = await asyncio.open_connection(host, port, limit=2**24)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"GET /api/v1/live HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer.partition(b"\r\n")[0]:
            writer.close()
            raise ConnectionError(answer.partition(b"\r\n")[0].decode(errors="replace"))
        task = asyncio.create_task(self._read(reader), name="live stream")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        try:
            while data := await reader.read(READ_BYTES):
                rest = self._take(rest + data)
        finally:
            self.ended = True

    def _take(self, data: bytes) -> bytes:
        """Handle every whole event; what is left of the last one. The chunks' own lines stand between events and mean nothing."""
        now = time.perf_counter()
        *events, rest = data.split(b"\n\n")
        for event in events:
            start = event.find(b"event: ")
            if start < 0:
                continue
            name, _, line = event[start + 7 :].partition(b"\ndata: ")
            self.events += 1
            self._event(name, line, now)
        return rest

    def _event(self, name: bytes, line: bytes, now: float) -> None:
        match name:
            case b"channel":
                self._channel(from_json(line), now)
            case b"device":
                self._device(from_json(line))
            case b"snapshot":
                for device in from_json(line)["devices"]:
                    self._device(device)
            case _:
                pass

    def _device(self, device: dict[str, Any]) -> None:
        if device["presence"] == "online" and device["channels"]:
            self.online.add(device["id"])
        else:
            self.online.discard(device["id"])
        self._changed.set()

    def _channel(self, channel: dict[str, Any], now: float) -> None:
        key = channel["device"], channel["id"]
        expected = self._expected.get(key)
        if expected is not None and channel["on"] is expected[0]:
            del self._expected[key]
            if not expected[1].done():
                expected[1].set_result(now)
