"""Where a request comes from. Whose word about others is believed is the setting `trusted_proxies`, which uvicorn acts on."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request


def address_of(request: Request) -> str:
    """The address of whoever asks; nothing where it is not known, as on a unix socket."""
    return request.client.host if request.client is not None else ""


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or an IPv6 network of 64 bits, since one home has all of it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))
