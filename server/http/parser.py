"""HTTP on a connection: uvicorn's way, but for an answer's packets, and for what is not HTTP at all."""

import asyncio
import json
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import Problem
from server.http.headers import BY_DEFAULT, HEADERS
from server.http.joined import Joined

_PROBLEM: Final = Problem(400, "not_http", detail="This is no request that a web server understands.")


def _answer() -> bytes:
    body = json.dumps(_PROBLEM.document()).encode()
    said = {"content-type": "application/problem+json", "content-length": str(len(body)), "connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**said, **HEADERS, **BY_DEFAULT}.items())
    return f"HTTP/1.1 400 Bad Request\r\n{head}\r\n".encode() + body


_ANSWER: Final = _answer()


class Protocol(HttpToolsProtocol):
    """uvicorn's own. What it cannot read never reaches the application, and gets the same kind of answer as everything else here."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the transport."""
        self._joined = Joined(transport, asyncio.get_running_loop())
        super().connection_made(cast("asyncio.Transport", self._joined))

    def eof_received(self) -> None:
        """The transport closes itself after this, and would take a head with it that is held back."""
        self._joined.release()
        super().eof_received()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Answer and hang up."""
        self.transport.write(_ANSWER)
        self.transport.close()
