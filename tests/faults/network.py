"""The bad network that knows MQTT: it hears every message that passes, and can double, repeat and forge them between two packets."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.proxy import Proxy, Way, _Ended, _Pipe

PUBLISH = 3
DUP, RETAIN = 0x08, 0x01


def mono_ms() -> float:
    """Now, by the clock that pins and agents use."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1e6


def wall_minus_mono_ms() -> float:
    """How the wall clock is ahead of that one."""
    return time.time_ns() / 1e6 - mono_ms()


class Packets:
    """Cuts a stream of bytes into MQTT packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The packets that are complete now."""
        self._rest += chunk
        while (size := _packet_size(self._rest)) is not None and len(self._rest) >= size:
            packet, self._rest = self._rest[:size], self._rest[size:]
            yield packet


def _packet_size(data: bytes) -> int | None:
    """The length of the packet that these bytes begin with; None while that cannot be told."""
    length = shift = 0
    for at, byte in enumerate(data[1:5], start=2):
        length |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return at + length
    return None


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH."""

    topic: str
    payload: bytes
    retained: bool = False

    def packet(self) -> bytes:
        """As a packet of QoS 0, which needs no acknowledgement."""
        topic = self.topic.encode()
        body = len(topic).to_bytes(2, "big") + topic + self.payload
        return bytes([PUBLISH << 4 | (RETAIN if self.retained else 0)]) + _length(len(body)) + body


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def read_publish(packet: bytes) -> Message | None:
    """The message in this packet; None: it is none."""
    if packet[0] >> 4 != PUBLISH:
        return None
    start = next(at for at in range(1, 5) if not packet[at] & 0x80) + 1
    size = int.from_bytes(packet[start : start + 2], "big")
    topic = packet[start + 2 : start + 2 + size].decode()
    start += 2 + size + (2 if packet[0] & 0x06 else 0)
    return Message(topic, packet[start:], bool(packet[0] & RETAIN))


class Network(Proxy):
    """A proxy before a broker. `hear(way, message)` is called for each message in the moment that it is passed on."""

    def __init__(self, server_port: int, hear: Callable[[Way, Message], None] = lambda _way, _message: None) -> None:
        self.closed_mono_ms: list[float] = []
        self.doubled = 0
        self._hear = hear
        self._doubling = False
        super().__init__(server_port)

    def double(self) -> None:
        """Pass each message on twice, marked as a duplicate."""
        self._doubling = True

    def heal(self) -> None:
        super().heal()
        self._doubling = False

    def forge(self, way: Way, message: Message) -> bool:
        """Put a message into every connection, as if the other side had said it; False: there is none, or it may not be spoken to."""
        weather = self._weather[way]
        pipes = [pipe for pipe in self._pipes if not pipe.lossy]
        if weather.swallowing or not weather.flowing.is_set():
            return False
        for pipe in pipes:
            pipe.writers[way].write(message.packet())
        return bool(pipes)

    async def _carry(self, pipe: _Pipe, up: asyncio.StreamReader, down: asyncio.StreamReader) -> None:
        try:
            await super()._carry(pipe, up, down)
        finally:
            self.closed_mono_ms.append(mono_ms())

    async def _give(self, way: Way, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop, packets = asyncio.get_running_loop(), Packets()
        while True:
            due, chunk = await line.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._weather[way].flowing.wait()
            if not chunk:
                raise _Ended
            for packet in packets.feed(chunk):
                self._pass_on(way, packet, writer)
            await writer.drain()

    def _pass_on(self, way: Way, packet: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(packet)
        message = read_publish(packet)
        if message is None:
            return
        self._hear(way, message)
        if self._doubling and packet[0] & 0x06:
            self.doubled += 1
            writer.write(bytes([packet[0] | DUP]) + packet[1:])
