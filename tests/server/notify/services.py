"""Services on the loopback that take what is sent and read it as the real ones do: a push service with one browser, and a mail server."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.notify.places import Places
from server.notify.push import Browser

LOOPBACK = Places(push_hosts=("127.0.0.1",), private=True)


def plain(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Pushed:
    """One request to the push service: what its browser reads, and what the service could see."""

    path: str
    headers: dict[str, str]
    said: dict[str, Any]
    claims: dict[str, Any]


@dataclass
class PushService:
    """`answers`: the statuses of the next answers, then 201. None: the connection is closed with no answer."""

    url: str = ""
    answers: list[int | None] = field(default_factory=list)
    pushed: list[Pushed] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    def browser(self, name: str = "lan") -> Browser:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Browser(f"{self.url}/send/{name}", plain(point), plain(self.auth))

    @property
    def bodies(self) -> list[str]:
        return [each.said["body"] for each in self.pushed]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.pushed.append(Pushed(first.split()[1], headers, self._read(body), self._verified(headers["authorization"])))
        status = self.answers.pop(0) if self.answers else 201
        if status is not None:
            writer.write(f"HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nLocation: /elsewhere\r\n\r\n".encode())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _read(self, body: bytes) -> dict[str, Any]:
        """RFC 8291, as a browser does."""
        clear = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return cast("dict[str, Any]", json.loads(clear))

    def _verified(self, authorization: str) -> dict[str, Any]:
        """RFC 8292, as a push service does."""
        scheme, _, rest = authorization.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid"
        point = base64.urlsafe_b64decode(parts["k"] + "==")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims: dict[str, Any] = jwt.decode(parts["t"], public, algorithms=["ES256"], audience=self.url)
        return {**claims, "k": parts["k"]}


@dataclass
class MailServer:
    """Takes every mail (RFC 5321, as little as it needs)."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).strip():
            word = line[:4].upper()
            writer.write(
                {b"EHLO": b"250 here\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 fine\r\n")
            )
            if word == b"DATA":
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(cast("EmailMessage", message_from_bytes(mail[:-3], policy=policy.default)))
                writer.write(b"250 taken\r\n")
            if word == b"QUIT":
                break
        writer.close()
        await writer.wait_closed()


@dataclass
class EndlessMailServer:
    """Begins its greeting, and never comes to its last line. `callers`: how many it has kept waiting."""

    port: int = 0
    callers: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted = False
        while not self.over.is_set():
            writer.write(b"220-wait\r\n")
            with suppress(ConnectionError):
                await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), 0.05)
            self.callers += not greeted and not writer.is_closing()
            greeted = True
        writer.close()


@asynccontextmanager
async def _listening(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    service = PushService()
    async with _listening(service.serve) as port:
        service.url = f"http://127.0.0.1:{port}"
        yield service


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    async with _listening(server.serve) as server.port:
        yield server


@asynccontextmanager
async def endless_mail_server() -> AsyncIterator[EndlessMailServer]:
    server = EndlessMailServer()
    async with _listening(server.serve) as server.port:
        try:
            yield server
        finally:
            server.over.set()
