"""What a device is given at enrolment, beside its id and secret: how to find the broker, and whose commands to obey."""

import ssl
from typing import Any

from protocol.tls import client_context
from server.broker.address import BrokerAddress
from server.broker.key_ring import KeyRing
from server.opening import StartError
from server.settings import Settings


def doors(settings: Settings) -> list[dict[str, Any]]:
    """The ways to the broker that devices are told, best first, each as fields of an identity. Raises StartError for a bad CA file."""
    authority = broker_authority(settings)
    return [address.door(authority) for address in settings.ways_to_broker]


def broker_authority(settings: Settings) -> str | None:
    """The certificates in PEM of who vouches for the broker; None: those that every machine trusts. Raises StartError."""
    path = settings.broker_ca_file
    if path is None:
        return None
    try:
        text = path.read_text(encoding="ascii")
        client_context(text)
    except (OSError, ValueError) as error:
        raise StartError(f"broker_ca_file {path} cannot be used: {getattr(error, 'strerror', None) or error}") from None
    return text


def own_tls(settings: Settings) -> ssl.SSLContext | None:
    """What the server's own link asks of the broker; None where it stays on the machine. Raises StartError."""
    return client_context(broker_authority(settings)) if settings.broker_tls else None


def identity_of(device_id: str, secret: str, ring: KeyRing, door: dict[str, Any]) -> dict[str, Any]:
    """A whole identity, as the agent's file has it."""
    return {"device_id": device_id, "secret": secret, **door, "server_keys": ring.publics, "keys_version": ring.version}


def only(address: BrokerAddress, settings: Settings) -> dict[str, Any]:
    """One way to the broker, which somebody named. Raises StartError."""
    return address.door(broker_authority(settings))
