"""Where passkeys can work: browsers allow them over HTTPS at a name, and at `localhost`, and nowhere else (WebAuthn, 5.1.3 and 13.4.9)."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from server.settings import Settings

LOCALHOST: Final = "localhost"


class NoPasskeys(StrEnum):
    """Why there can be no passkeys at an address."""

    NO_HTTPS = "no_https"
    NO_NAME = "no_name"


@dataclass(frozen=True, slots=True)
class Place:
    """What passkeys are bound to: `host` (the relying party's id), and `origin`, the one address whose pages may use them."""

    host: str
    origin: str


def place_of(settings: Settings) -> Place | NoPasskeys:
    """The place of this server's passkeys, or why there is none.

    A server without a public address, on a loopback address, is a developer's or a demo's: its place is `localhost` with its port.
    """
    url = urlsplit(settings.address)
    host = (url.hostname or "").lower()
    if not settings.public_url and _is_loopback(host):
        return Place(LOCALHOST, f"http://{LOCALHOST}:{settings.port}")
    if url.scheme != "https" and not _is_local_name(host):
        return NoPasskeys.NO_HTTPS
    if _is_address(host):
        return NoPasskeys.NO_NAME
    return Place(host, f"{url.scheme}://{_authority(host, url.port, url.scheme)}")


def _authority(host: str, port: int | None, scheme: str) -> str:
    """As browsers write it in an origin: without the port that goes without saying."""
    return host if port in (None, {"http": 80, "https": 443}[scheme]) else f"{host}:{port}"


def _is_local_name(host: str) -> bool:
    return host == LOCALHOST or host.endswith(f".{LOCALHOST}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_loopback
