"""What a client asks of a broker before it tells it anything: a certificate from the right authority, for the right name, in its time."""

import ipaddress
import ssl
from typing import Any


class _Named(ssl.SSLContext):
    """Asks for the certificate of one name, whatever address was dialled."""

    name: str | None = None

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **(options | ({"server_hostname": self.name} if self.name else {})))


def client_context(authority: str | None = None, name: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later, and nobody believed but `authority` (certificates in PEM; None: those that this machine trusts).

    `name`: what the certificate must be for, where that is not the host that is dialled. Raises ValueError for what is no certificate.
    """
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)  # asks for a certificate, and compares its name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.name = name
    if authority is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"the broker's authority is no certificate in PEM: {error}") from None
    return context


def is_loopback(host: str) -> bool:
    """Whether what is said to this host stays on the machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
