"""A broker that behaves as a test wants: it answers CONNECT and SUBSCRIBE with given bytes, or not at all."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

CONNACK_OK: Final = bytes.fromhex("20020000")
CONNACK_NOT_AUTHORISED: Final = bytes.fromhex("20020005")
GRANTED: Final = 1
REFUSED: Final = 0x80
_CONNECT: Final = 1
_PUBACK: Final = 4
_SUBSCRIBE: Final = 8


@dataclass
class ScriptedBroker:
    """`connack` is its answer to CONNECT, b"" for none; `granted` its answer to each SUBSCRIBE once `answering` is set."""

    connack: bytes = CONNACK_OK
    granted: int = GRANTED
    afterwards: bytes = b""
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    connects: int = 0
    subscribes: int = 0
    acknowledged: list[int] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="scripted broker")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    await self._answer(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = (await reader.readexactly(1))[0]
        body = await reader.readexactly(await _length(reader))
        if first >> 4 == _CONNECT:
            self.connects += 1
            writer.write(self.connack)
        if first >> 4 == _PUBACK:
            self.acknowledged.append(int.from_bytes(body))
        if first >> 4 == _SUBSCRIBE:
            self.subscribes += 1
            await self.answering.wait()
            writer.write(bytes((0x90, 3)) + body[:2] + bytes((self.granted,)) + self.afterwards)


async def _length(reader: asyncio.StreamReader) -> int:
    """The remaining length (MQTT 3.1.1, section 2.2.3)."""
    length, shift = 0, 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return length
