"""A page from elsewhere cannot pass for this server by pointing a name of its own at it (DNS rebinding).

Who owns a name on the Internet can let it lead here, and a browser takes what it finds there for that name's own. So a request must be
for a name that is ours, for a bare address, or for a name that nobody can own on the Internet (RFC 6761, RFC 6762, RFC 8375).
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import Problem
from server.http.problems import respond

NOBODY_S: Final = (".localhost", ".local", ".test", ".home.arpa", ".internal")
_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,255}))(?::\d{1,5})?")


class HostGuard:
    """Refuses requests for other names with 421. `address` is where browsers find this server, `others` are further names of it."""

    def __init__(self, app: ASGIApp, address: str, others: Iterable[str] = ()) -> None:
        self._app = app
        self._ours = {_plain(name) for name in (urlsplit(address).hostname or "", *others)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or self._is_ours(
            [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        ):
            await self._app(scope, receive, send)
            return
        problem = Problem(
            421,
            "unknown_host",
            detail="This server does not answer to that name. Its operator can add it: public_url, other_hosts.",
        )
        await respond(Request(scope), problem)(scope, receive, send)

    def _is_ours(self, told: list[str]) -> bool:
        if len(told) != 1:
            return not told  # browsers always tell it, and once
        match = _HOST.fullmatch(told[0])
        if match is None:
            return False
        name = _plain(match[1] or match[2])
        return name in self._ours or "." not in name or name.endswith(NOBODY_S) or _is_address(name)


def _plain(name: str) -> str:
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
