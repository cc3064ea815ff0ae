"""A broker for one machine: mosquitto's files in a folder, and the server's settings that go with them."""

import datetime as dt
import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker_config import (
    Authority,
    BrokerError,
    BrokerSettings,
    CertificateError,
    Credentials,
    Listener,
    Tls,
    access_list,
    new_secret,
    render,
)
from broker_config.acl import SERVER_USER
from server.opening import StartError

HOST: Final = "127.0.0.1"
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 (with TLS)
USUAL_PORT: Final = 1883
TLS_PORT: Final = 8883


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The operator's own: certificate with its chain, key, and who vouches for it (None: an authority that every machine trusts)."""

    certificate: Path
    key: Path
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """How devices reach the broker over the network: by which names, at which ports. Without `own` a small CA is made.

    `websockets_port`: on this machine only, for a reverse proxy. Without names nothing listens on the network.
    """

    names: tuple[str, ...]
    tls_port: int = TLS_PORT
    own: OwnCertificate | None = None
    websockets_port: int | None = None
    websockets_tls_port: int | None = None


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """What was written: mosquitto's configuration, and the server's settings as TOML."""

    configuration: Path
    settings: Path


def write_broker_files(
    folder: Path, port: int = USUAL_PORT, user: str | None = None, network: Network | None = None
) -> BrokerFiles:
    """Write everything that mosquitto and the server need to work together on this machine, with a secret of their own.

    `user`: whom mosquitto becomes where root starts it; without one it stays whoever makes these files, since it must read them.
    `network`: how it is reached from other machines; without one it is not.
    Raises StartError where the folder has such files already, or cannot be written.
    """
    folder = folder.absolute()
    made = BrokerFiles(folder / "mosquitto.conf", folder / "server.toml")
    for path in (made.configuration, made.settings, folder / "passwords"):
        if path.exists():
            raise StartError(f"{path} is there already, and devices may depend on it: choose another folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "broker").mkdir(mode=0o700, exist_ok=True)
        _write(folder, port, user, network, made)
    except CertificateError as error:
        raise StartError(str(error)) from error
    except (OSError, BrokerError) as error:
        raise StartError(f"the folder {folder} cannot be used: {getattr(error, 'strerror', None) or error}") from error
    except ValueError as error:
        raise StartError(str(error)) from error
    return made


def _write(folder: Path, port: int, user: str | None, network: Network | None, made: BrokerFiles) -> None:
    certificate = _certificate(folder, network) if network is not None and network.names else None
    broker = BrokerSettings(
        host=HOST,
        port=port,
        data_dir=folder / "broker",
        password_file=folder / "passwords",
        acl_file=folder / "acl",
        pid_file=folder / "broker" / "mosquitto.pid",
        user=user or pwd.getpwuid(os.geteuid()).pw_name,
        more_listeners=_listeners(network, certificate),
    )
    configuration = render(broker)
    secret = new_secret()
    Credentials(broker.password_file).add(SERVER_USER, secret)
    broker.acl_file.write_text(access_list(), encoding="utf-8")
    made.configuration.write_text(configuration, encoding="utf-8")
    _keep_private(made.settings, _settings(folder, broker, secret, _for_devices(network, certificate)))


def _certificate(folder: Path, network: Network) -> OwnCertificate:
    if network.own is not None:
        return network.own
    now = dt.datetime.now(dt.UTC)
    authority = Authority.create(folder, now)
    issued = authority.issue(network.names, now)
    return OwnCertificate(issued.certificate, issued.key, authority.file)


def _listeners(network: Network | None, certificate: OwnCertificate | None) -> tuple[Listener, ...]:
    if network is None:
        return ()
    made: list[Listener] = []
    if network.websockets_port is not None:
        made.append(Listener(HOST, network.websockets_port, websockets=True))
    if certificate is not None:
        tls = Tls(certificate.certificate, certificate.key)
        made.append(Listener(EVERYWHERE, network.tls_port, tls))
        if network.websockets_tls_port is not None:
            made.append(Listener(EVERYWHERE, network.websockets_tls_port, tls, websockets=True))
    return tuple(made)


def _for_devices(network: Network | None, certificate: OwnCertificate | None) -> dict[str, str]:
    """The settings that tell devices where the broker is."""
    if network is None or certificate is None:
        return {}
    host = f"[{network.names[0]}]" if ":" in network.names[0] else network.names[0]
    mark = "#public" if certificate.authority is None else ""
    ways = [f"mqtts://{host}:{network.tls_port}{mark}"]
    if network.websockets_tls_port is not None:
        ways.append(f"wss://{host}:{network.websockets_tls_port}/mqtt{mark}")
    told = {"device_brokers": ", ".join(ways)}
    return told if certificate.authority is None else {**told, "broker_ca_file": str(certificate.authority)}


def _settings(folder: Path, broker: BrokerSettings, secret: str, for_devices: dict[str, str]) -> str:
    values = {
        "data_dir": folder / "data",
        "broker_host": broker.host,
        "broker_user": SERVER_USER,
        "broker_secret": secret,
        "broker_credentials_file": broker.password_file,
        "broker_pid_file": broker.pid_file,
        **for_devices,
    }
    lines = [
        "# The server's settings for the broker in this folder; docs/settings.md lists all others.",
        f"broker_port = {broker.port}",
    ]
    return "\n".join([*lines, *(f"{key} = {_quoted(str(value))}" for key, value in values.items())]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _keep_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
