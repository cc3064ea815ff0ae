"""`congtac admin ca` and `congtac admin broker-files`: a broker for one machine, and who vouches for it."""

import argparse
import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broker_config import Authority, BrokerError, Issued
from broker_config.authority import BROKER_DAYS
from server.admin import Tasks, add_task, say, settings_of
from server.broker.files import TLS_PORT, USUAL_PORT, Network, OwnCertificate, write_broker_files
from server.broker.telling import tell_broker
from server.opening import StartError


def add_broker_tasks(tasks: Tasks) -> None:
    """The tasks of this file."""
    ca = add_task(
        tasks, "ca", "make a small CA for the broker, or renew the broker's certificate from the one that is there", _ca
    )
    ca.add_argument("folder", type=Path, help="where the CA is, or is to be")
    ca.add_argument("--name", action="append", help="a name or address of the broker; several are possible (default: as before)")
    ca.add_argument("--days", type=int, default=BROKER_DAYS, help=f"how long the certificate holds (default {BROKER_DAYS})")

    files = add_task(
        tasks, "broker-files", "write mosquitto's files for a broker on this machine, and the server's settings for it", _files
    )
    files.add_argument("folder", type=Path, help="where to write them; they stay there")
    files.add_argument("--port", type=int, default=USUAL_PORT, help=f"the broker's port on this machine (default {USUAL_PORT})")
    files.add_argument("--user", help="whom mosquitto becomes where root starts it (default: you)")
    files.add_argument(
        "--name", action="append", help="let devices in from the network, over TLS, by this name or address; several are possible"
    )
    files.add_argument("--tls-port", type=int, default=TLS_PORT, help=f"for devices (default {TLS_PORT})")
    files.add_argument(
        "--certificate", type=Path, help="your own certificate (PEM, with its chain), instead of one of a small CA's"
    )
    files.add_argument("--key", type=Path, help="its key")
    files.add_argument("--ca", type=Path, help="who vouches for it, if not an authority that every machine trusts")
    files.add_argument("--websockets", type=int, metavar="PORT", help="a door for a reverse proxy, on this machine only")
    files.add_argument("--websockets-tls", type=int, metavar="PORT", help="a door for WebSockets over TLS, from the network")


def _ca(chosen: argparse.Namespace) -> int:
    try:
        authority, issued = _issued(chosen.folder.absolute(), chosen.name, chosen.days)
    except BrokerError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the folder {chosen.folder} cannot be used: {error.strerror}") from error
    told = tell_broker(settings_of(chosen).broker_pid_file)
    data = {
        "ca": str(authority.file),
        "certificate": str(issued.certificate),
        "key": str(issued.key),
        "names": list(issued.names),
        "until": issued.until.isoformat(),
        "broker_told": told,
    }
    return say(chosen, _next(authority, issued, told=told), data)


def _issued(folder: Path, names: list[str] | None, days: int) -> tuple[Authority, Issued]:
    now = dt.datetime.now(dt.UTC)
    if days < 1:
        raise StartError("a certificate holds for a day at least")
    if not (folder / "ca.pem").exists() and not names:
        raise StartError("say by which name or address devices find the broker: --name broker.example.org")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = Authority.load(folder) if (folder / "ca.pem").exists() else Authority.create(folder, now)
    return authority, authority.issue(names or authority.names(), now, days)


def _next(authority: Authority, issued: Issued, *, told: bool) -> str:
    lines = [
        f"{issued.certificate} is for {', '.join(issued.names)}, until {issued.until:%Y-%m-%d}. Renew it with this same command.",
        f"Devices trust {authority.file}: name it as broker_ca_file in the server's settings, and keep {authority.folder / 'ca.key'} safe.",
    ]
    if told:
        lines.append("The broker was told to read it. If it speaks WebSockets over TLS, restart it.")
    else:
        lines.append("Have a broker that runs read it: kill -HUP; restart it if it speaks WebSockets over TLS.")
    return "\n".join(lines)


def _files(chosen: argparse.Namespace) -> int:
    made = write_broker_files(chosen.folder, chosen.port, chosen.user, _network(chosen))
    text = f"Start the broker:  mosquitto -c {made.configuration}\nThen the server:   congtac server --config {made.settings}"
    data: dict[str, Any] = {name: str(path) for name, path in asdict(made).items()}
    return say(chosen, text, data)


def _network(chosen: argparse.Namespace) -> Network | None:
    own = None
    if chosen.certificate or chosen.key:
        if not chosen.certificate or not chosen.key:
            raise StartError("--certificate and --key belong together")
        for path in filter(None, (chosen.certificate, chosen.key, chosen.ca)):
            if not path.is_file():
                raise StartError(f"{path} is no file")
        own = OwnCertificate(chosen.certificate.absolute(), chosen.key.absolute(), chosen.ca.absolute() if chosen.ca else None)
    if not chosen.name:
        if own or chosen.websockets_tls:
            raise StartError("say by which name or address devices find the broker: --name broker.example.org")
        return None if chosen.websockets is None else Network((), websockets_port=chosen.websockets)
    return Network(tuple(chosen.name), chosen.tls_port, own, chosen.websockets, chosen.websockets_tls)
