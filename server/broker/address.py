"""Where a broker is: `mqtts://broker.example.org:8883`, `wss://example.org/mqtt`, and on one machine `mqtt://127.0.0.1:1883`."""

from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from protocol.tls import is_loopback

_SCHEMES: Final = {"mqtt": (1883, False, False), "mqtts": (8883, True, False), "ws": (80, False, True), "wss": (443, True, True)}
_PUBLIC: Final = "public"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One way to the broker. `public`: its certificate is from an authority that every machine trusts, as a web server's is."""

    host: str
    port: int
    tls: bool = False
    websockets: bool = False
    path: str = "/mqtt"
    public: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address; `#public` behind it sets `public`. Raises ValueError, with what to write instead."""
        parts = urlsplit(text.strip())
        if (
            parts.scheme not in _SCHEMES
            or not parts.hostname
            or parts.query
            or parts.username
            or parts.fragment not in ("", _PUBLIC)
        ):
            raise ValueError(
                f"{text.strip()!r} is no broker's address like mqtts://broker.example.org:8883 or wss://example.org/mqtt"
            )
        usual_port, tls, websockets = _SCHEMES[parts.scheme]
        try:
            port = parts.port or usual_port
        except ValueError:
            raise ValueError(f"{text.strip()!r}: a port is a number from 1 to 65535") from None
        if not tls and not is_loopback(parts.hostname):
            raise ValueError(f"{text.strip()!r}: plaintext MQTT stays on the machine. Use mqtts:// or wss://")
        path = parts.path if websockets and parts.path else "/mqtt"
        return cls(parts.hostname, port, tls, websockets, path, parts.fragment == _PUBLIC)

    def door(self, authority: str | None) -> dict[str, Any]:
        """The part of a device's identity that leads here. `authority`: the certificates, in PEM, of who vouches for our broker."""
        return {
            "broker_host": self.host,
            "broker_port": self.port,
            "broker_transport": "websockets" if self.websockets else "tcp",
            "broker_path": self.path,
            "broker_tls": self.tls,
            "broker_ca": authority if self.tls and not self.public else None,
        }


def parse_addresses(text: str) -> tuple[BrokerAddress, ...]:
    """Several, with commas in between. Raises ValueError."""
    return tuple(BrokerAddress.parse(one) for one in text.split(",") if one.strip())
