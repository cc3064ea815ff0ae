"""Getting an identity from the server, with a code that an owner was given. The standard library's HTTP and nothing else.

Before the server is asked, a random key is written down beside the identity. Should the power fail between the server's answer and the
identity on the card, the same command asks again with the same key, and gets a new secret in place of the lost one.
"""

import ipaddress
import json
import logging
import os
import secrets
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from pydantic import ValidationError

from device.errors import EnrolmentError
from device.identity import Identity, write_identity
from protocol.tls import is_loopback

log = logging.getLogger("congtac.agent")

ANSWER_WITHIN_S: Final = 30.0
REACH_WITHIN_S: Final = 5.0
MOST_BYTES: Final = 262_144


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it. `reached`: whether the broker answered at the address that is now in the identity."""

    identity: Identity
    name: str
    reached: bool


def enroll(
    server: str, code: str, path: Path, *, authority: Path | None = None, plain_http: bool = False, again: bool = False
) -> Enrolled:
    """Redeem a code at a server's address, and write the identity to `path`, whole or not at all.

    `authority`: who vouches for the server, if not one that this machine trusts. `plain_http`: also without TLS, within a private
    network. `again`: in place of an identity that is there. Raises EnrolmentError, whose text says what to do; OSError.
    """
    base = _checked_address(server, plain_http=plain_http)
    if path.exists() and not again:
        raise EnrolmentError(f"{path} is there: this device is enrolled already. To enroll it anew, add --again")
    key_path = path.with_name(path.name + ".enrolling")
    answer = _ask(f"{base}/api/v1/enrol", {"code": code, "key": _key(key_path, base, code)}, _context(authority))
    name, identities = _understood(answer)
    chosen = next((identity for identity in identities if _reaches(identity)), None)
    write_identity(path, chosen or identities[0])
    key_path.unlink(missing_ok=True)
    return Enrolled(chosen or identities[0], name, chosen is not None)


def _checked_address(server: str, *, plain_http: bool) -> str:
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise EnrolmentError(f"{server!r} is no server's address like https://congtac.example.org")
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not (plain_http and _is_private(parts.hostname)):
        raise EnrolmentError(
            f"{server} would send this device's secret in the clear: use https://"
            + (" (--plain-http is for private addresses only)" if plain_http else ", or --plain-http within your own network")
        )
    return f"{parts.scheme}://{parts.netloc}"


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host.endswith(".local")


def _context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise EnrolmentError(f"{authority} cannot be used as an authority: {getattr(error, 'strerror', None) or error}") from None


def _key(path: Path, base: str, code: str) -> str:
    """The key that goes with this code: the one of an earlier try, else a new one, on the card before it is used."""
    wanted = {"server": base, "code": code}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if {name: kept[name] for name in wanted} == wanted:
            return str(kept["key"])
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError):
        log.warning("%s cannot be read and is made anew", path)
    key = secrets.token_urlsafe(32)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({**wanted, "key": key}, file)
        file.flush()
        os.fsync(file.fileno())
    return key


class _NoRedirect(HTTPRedirectHandler):
    """A code is told to the server that was named, and to no other."""

    def redirect_request(self, *_: Any) -> None:
        """Do not follow."""


def _ask(url: str, body: dict[str, str], context: ssl.SSLContext) -> bytes:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 (checked: http or https)
    try:
        with build_opener(HTTPSHandler(context=context), _NoRedirect).open(request, timeout=ANSWER_WITHIN_S) as answer:
            content: bytes = answer.read(MOST_BYTES)
            return content
    except HTTPError as error:
        with error:
            raise EnrolmentError(f"the server refused: {_why(error)}") from None
    except URLError as error:
        reason = error.reason
        told = reason.verify_message if isinstance(reason, ssl.SSLCertVerificationError) else str(reason)
        raise EnrolmentError(f"{url} cannot be reached: {told}") from None
    except (OSError, ValueError) as error:
        raise EnrolmentError(f"{url} cannot be reached: {error}") from None


def _why(error: HTTPError) -> str:
    """What a problem document says, on one line."""
    try:
        said = json.loads(error.read(MOST_BYTES))
        told = ". ".join(str(said[part]).rstrip(".") for part in ("title", "detail") if said.get(part))
    except (OSError, ValueError, AttributeError):
        told = ""
    plain = "".join(letter if letter.isprintable() else " " for letter in told[:300])
    return plain or f"HTTP {error.code}"


def _understood(answer: bytes) -> tuple[str, Sequence[Identity]]:
    try:
        said = json.loads(answer)
        name = "".join(letter for letter in str(said["name"])[:80] if letter.isprintable())
        identities = [Identity.model_validate_json(json.dumps(one)) for one in said["identities"]]
    except (ValueError, KeyError, TypeError) as error:
        told = (
            error.errors(include_url=False, include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        )
        raise EnrolmentError(f"the server's answer cannot be used: {told.removeprefix('Value error, ')[:300]}") from None
    if not identities:
        raise EnrolmentError("the server's answer cannot be used: it names no broker")
    return name, identities


def _reaches(identity: Identity) -> bool:
    """Whether the broker can be reached there, and proves who it is."""
    try:
        with socket.create_connection((identity.broker_host, identity.broker_port), timeout=REACH_WITHIN_S) as plain:
            context = identity.tls_context()
            if context is not None:
                context.wrap_socket(plain, server_hostname=identity.broker_host).close()
    except (OSError, UnicodeError) as error:  # the latter for what is no name of a host
        log.warning("no broker at %s port %d: %s", identity.broker_host, identity.broker_port, error)
        return False
    return True
