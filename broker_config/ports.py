"""Free TCP ports, looked for by the parent: mosquitto's own `listener 0` would make a unix socket."""

import errno
import random
import socket
from pathlib import Path
from typing import Final

from broker_config.errors import PortInUse

_CANDIDATES: Final = range(15_000, 32_000)
_USUALLY_LENT: Final = range(32_768, 61_000)
_TRIES: Final = 50


def free_port(host: str) -> int:
    """A port that nobody listens on at this moment. Another program may take it before we do: the caller tries again.

    It is none of those that the kernel lends to outgoing connections: such a port can be gone when a broker wants to come
    back to it, even to a client that calls the broker which is not there and so meets itself.
    """
    lent_ports = _lent_ports()
    candidates = [port for port in _CANDIDATES if port not in lent_ports]
    for port in random.SystemRandom().sample(candidates, min(len(candidates), _TRIES)):
        if is_free(host, port):
            return port
    with _bound(host, 0) as probe:
        return int(probe.getsockname()[1])


def require_free(host: str, port: int) -> None:
    """Raises PortInUse when a program listens there, OSError when the address is not ours or the port needs root."""
    try:
        _bound(host, port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from error
        raise


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens there."""
    try:
        require_free(host, port)
    except PortInUse:
        return False
    return True


def _lent_ports() -> range:
    try:
        first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except (OSError, ValueError):
        return _USUALLY_LENT
    return range(int(first), int(last) + 1)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    probe = socket.socket(family, kind)
    try:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as mosquitto does: a closed connection's rest is no hindrance
        probe.bind(address)
    except OSError:
        probe.close()
        raise
    return probe
