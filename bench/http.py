"""A lean HTTP/1.1 client for the load: one request at a time on a kept connection, answers with a Content-Length only."""

import asyncio
import re
import socket
from typing import Final, Self, cast

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One kept connection, without Nagle's delay."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect. Raises OSError."""
        _transport, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    def request(self, head_and_body: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a whole request; the future has the status and the body. Raises ConnectionError when there is no connection."""
        if self._transport is None or self._waiting is not None:
            raise ConnectionError("the connection is closed, or busy")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(head_and_body)
        return self._waiting

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer whoever waits once the answer is whole."""
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._got, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._got) < whole:
            return
        answer = int(self._got[9:12]), bytes(self._got[end + 4 : whole])
        del self._got[:whole]
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error or ConnectionError("the server closed the connection"))


def post(host: str, path: str, cookie: str, body: bytes, prefer: str | None = None) -> bytes:
    """A whole POST of JSON."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        f"Cookie: {cookie}",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if prefer is not None:
        lines.append(f"Prefer: {prefer}")
    return "\r\n".join([*lines, "", ""]).encode() + body
