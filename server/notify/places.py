"""Where the server may be sent by what people type: to well-known services on the public Internet, unless its operator widens it.

A push endpoint and a messenger's address are given by whoever is signed in. Without a limit they would make the server ask, from its
own place, for what nobody outside should reach.
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from server.errors import CongtacError

PUSH_SERVICES: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""Of Chrome and its kin, Firefox, Safari, Edge."""

LONGEST_ENDPOINT: Final = 1000
NAT64: Final = ip_network("64:ff9b::/96")
Lookup = Callable[[str, int], Iterable[str]]


class NotAllowed(CongtacError):  # noqa: N818 (what it is, in one word)
    """The server does not go there. `reason`: a word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not allowed: {reason}")
        self.reason = reason


def look_up(host: str, port: int) -> list[str]:
    """All addresses of a host. Raises OSError, also for what cannot be a host's name."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (UnicodeError, OverflowError) as error:
        raise OSError(f"no name of a host: {error}") from error


@dataclass(frozen=True, slots=True)
class Places:
    """The rule. `push_hosts`: further push services by name, `*` for any. `private`: also private networks, and without TLS."""

    push_hosts: tuple[str, ...] = ()
    private: bool = False
    lookup: Lookup = look_up

    def check_endpoint(self, endpoint: str) -> None:
        """Whether a browser's push endpoint may be used at all. Raises NotAllowed."""
        try:
            parts = urlsplit(endpoint)
            port = parts.port
        except ValueError:
            raise NotAllowed("not_an_address") from None
        host = parts.hostname or ""
        plain = len(endpoint) <= LONGEST_ENDPOINT and endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
        if not plain or not host or parts.username is not None or parts.password is not None or parts.fragment:
            raise NotAllowed("not_an_address")
        if parts.scheme != "https" and not (self.private and parts.scheme == "http"):
            raise NotAllowed("not_https")
        if port not in (None, 443) and not self.private:
            raise NotAllowed("port")
        if not any(_matches(host, known) for known in (*PUSH_SERVICES, *self.push_hosts)):
            raise NotAllowed("unknown_push_service")

    def addresses(self, host: str, port: int) -> list[str]:
        """Where that host is, each of them public. Raises NotAllowed, and OSError where nothing is found."""
        found = list(self.lookup(host, port))
        if not found:
            raise OSError(f"no address of {host}")
        if not self.private and not all(is_public(address) for address in found):
            raise NotAllowed("private_address")
        return found


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet, also behind an IPv6 that stands for an IPv4."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        translated = IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in NAT64 else None
        ip = ip.ipv4_mapped or ip.sixtofour or translated or ip
    return ip.is_global and not ip.is_multicast


def _matches(host: str, known: str) -> bool:
    if known.startswith("*."):
        return host.endswith(known[1:])
    return known in ("*", host)
