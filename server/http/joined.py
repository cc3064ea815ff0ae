"""An answer's head goes out with what follows it: uvicorn writes them one by one, and each write is a packet on its way to a phone."""

import asyncio
from typing import Any, Final

_BEGINS: Final = b"HTTP/1.1 "


class Joined:
    """A transport that holds a head back until the next write, and no longer than the event loop's next turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """As asyncio's. What only looks like a head is held back for as long, which changes nothing but when it goes out."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data[: len(_BEGINS)] == _BEGINS:
            self._held = data
            self._loop.call_soon(self.release)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """As asyncio's: what was written goes out before."""
        self.release()
        self._transport.close()

    def release(self) -> None:
        """Let what is held back go out."""
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
