"""mosquitto's configuration file, from a few settings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.tls import is_loopback
from protocol.topics import LARGEST_PAYLOAD_BYTES

# An MQTT packet is its payload, its topic (at most 65,535 bytes, ours under 100) and a few bytes of header.
PACKET_LIMIT_BYTES: Final = LARGEST_PAYLOAD_BYTES + 1_024
MAX_KEEPALIVE_S: Final = 120
# One client, the server, receives what every device says. After a broker restart 10,000 devices speak at once (presence,
# about, state, hello); with mosquitto's defaults (20 in flight, 1,000 queued) it would drop QoS 1 messages there.
MAX_INFLIGHT: Final = 1_000
MAX_QUEUED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Tls:
    """The broker's certificate, with those that lead to its authority behind it, and its key: two PEM files, absolute paths."""

    certificate: Path
    key: Path

    def lines(self) -> list[str]:
        """Its part of a listener."""
        return [f"certfile {_path(self.certificate)}", f"keyfile {_path(self.key)}", "# Or later.", "tls_version tlsv1.2"]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where mosquitto listens: for MQTT, or for MQTT over WebSocket. `host` may be `0.0.0.0` or `::`, all addresses, with TLS.

    Raises ValueError for an address that is not loopback where there is no TLS: plaintext stays on the machine.
    """

    host: str
    port: int
    tls: Tls | None = None
    websockets: bool = False

    def __post_init__(self) -> None:
        if self.tls is None and not is_loopback(self.host):
            raise ValueError(f"{self.host} is not a loopback address: plaintext MQTT stays on the machine")
        if not 1 <= self.port <= 65_535:
            raise ValueError(f"{self.port} is no TCP port (1 to 65535)")

    def lines(self) -> list[str]:
        """Its part of the configuration."""
        return [
            f"listener {self.port} {self.host}",
            *(["protocol websockets"] if self.websockets else []),
            *([] if self.tls is None else self.tls.lines()),
            "# The client id is the user name, whatever a client says: nobody can evict another by taking its id.",
            "# It holds for the listener above it only, also where per_listener_settings is false.",
            "use_username_as_clientid true",
        ]


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """What differs from one broker to the next. All paths are absolute; `user` is whom mosquitto becomes when root starts it."""

    host: str
    port: int
    data_dir: Path
    password_file: Path
    acl_file: Path
    user: str | None = None
    more_listeners: tuple[Listener, ...] = ()
    pid_file: Path | None = None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The first listener, then the others."""
        return (Listener(self.host, self.port), *self.more_listeners)


def render(settings: BrokerSettings) -> str:
    """The whole text of `mosquitto.conf`; the same settings give the same bytes. Raises ValueError for a bad listener or path."""
    sections = [_access(settings), _flow(), _persistence(settings), _log()]
    sections += [listener.lines() for listener in settings.listeners]
    head = "# Made by broker_config.mosquitto: changes made here are lost."
    return "\n\n".join([head, *("\n".join(section) for section in sections)]) + "\n"


def _access(settings: BrokerSettings) -> list[str]:
    lines = [
        "per_listener_settings false",
        "allow_anonymous false",
        f"password_file {_path(settings.password_file)}",
        f"acl_file {_path(settings.acl_file)}",
    ]
    return lines if settings.user is None else [*lines, f"user {settings.user}"]


def _flow() -> list[str]:
    return [
        "# Without it a QoS 1 command waits 44 ms for Nagle and a delayed ACK.",
        "set_tcp_nodelay true",
        "# The server hears every device on one connection, and all of them at once after a restart.",
        f"max_inflight_messages {MAX_INFLIGHT}",
        f"max_queued_messages {MAX_QUEUED}",
        "# A longer packet ends its sender's connection. (message_size_limit would acknowledge it and drop it.)",
        f"max_packet_size {PACKET_LIMIT_BYTES}",
        "# Told to MQTT 5 clients only; ours ask for less themselves.",
        f"max_keepalive {MAX_KEEPALIVE_S}",
        "# No $SYS topics.",
        "sys_interval 0",
    ]


def _persistence(settings: BrokerSettings) -> list[str]:
    lines = [
        "persistence true",
        f"persistence_location {_path(settings.data_dir)}/",
        "# Seconds: what a SIGKILL can cost of the retained messages, which devices say again when they return.",
        "autosave_interval 60",
    ]
    return lines if settings.pid_file is None else [*lines, f"pid_file {_path(settings.pid_file)}"]


def _log() -> list[str]:
    return [
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp true",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S%z",
    ]


def _path(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or "\n" in text:
        raise ValueError(f"{text!r} must be an absolute path on one line")
    return text
