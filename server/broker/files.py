"""A broker for one machine: mosquitto's files in a folder, and the server's settings that go with them."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker_config import BrokerError, BrokerSettings, Credentials, access_list, new_secret, render
from broker_config.acl import SERVER_USER
from server.opening import StartError

HOST: Final = "127.0.0.1"
USUAL_PORT: Final = 1883


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """What was written: mosquitto's configuration, and the server's settings as TOML."""

    configuration: Path
    settings: Path


def write_broker_files(folder: Path, port: int = USUAL_PORT, user: str | None = None) -> BrokerFiles:
    """Write everything that mosquitto and the server need to work together on this machine, with a secret of their own.

    `user`: whom mosquitto becomes where root starts it; without one it stays whoever makes these files, since it must read them.
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
        _write(folder, port, user, made)
    except (OSError, BrokerError) as error:
        raise StartError(f"the folder {folder} cannot be used: {getattr(error, 'strerror', None) or error}") from error
    except ValueError as error:
        raise StartError(str(error)) from error
    return made


def _write(folder: Path, port: int, user: str | None, made: BrokerFiles) -> None:
    broker = BrokerSettings(
        host=HOST,
        port=port,
        data_dir=folder / "broker",
        password_file=folder / "passwords",
        acl_file=folder / "acl",
        pid_file=folder / "broker" / "mosquitto.pid",
        user=user or pwd.getpwuid(os.geteuid()).pw_name,
    )
    configuration = render(broker)
    secret = new_secret()
    Credentials(broker.password_file).add(SERVER_USER, secret)
    broker.acl_file.write_text(access_list(), encoding="utf-8")
    made.configuration.write_text(configuration, encoding="utf-8")
    _keep_private(made.settings, _settings(folder, broker, secret))


def _settings(folder: Path, broker: BrokerSettings, secret: str) -> str:
    values = {
        "data_dir": folder / "data",
        "broker_host": broker.host,
        "broker_user": SERVER_USER,
        "broker_secret": secret,
        "broker_credentials_file": broker.password_file,
        "broker_pid_file": broker.pid_file,
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
