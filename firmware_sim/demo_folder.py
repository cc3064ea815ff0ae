"""The demo's folder: what a second start must find again, and the lock that keeps two demos out of one folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker_config import new_secret
from device.identity import Identity, read_identity, write_identity
from protocol.ids import new_device_id


class DemoError(RuntimeError):
    """The demo cannot start; the text says why and what to do."""


@contextmanager
def demo_folder(path: Path) -> Iterator[Path]:
    """The folder, made if need be and held for the block. Raises DemoError when it cannot be written or is in use."""
    path = path.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DemoError(
            f"the folder {path} cannot be written ({error.strerror}): choose another one with --data FOLDER"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise DemoError(f"a demo is running in {path} already: stop it, or choose another folder with --data FOLDER") from None
    else:
        yield path
    finally:
        os.close(handle)


def demo_identity(folder: Path, broker_port: int, server_key: str) -> Identity:
    """The simulated device's identity: made at the first start, and given the broker's port of today."""
    path = folder / "identity.json"
    if path.exists():
        known = read_identity(path)
        device_id, secret = known.device_id, known.secret.get_secret_value()
    else:
        device_id, secret = new_device_id(), new_secret()
    identity = Identity.model_validate(
        {
            "device_id": device_id,
            "secret": secret,
            "broker_host": "127.0.0.1",
            "broker_port": broker_port,
            "server_keys": (server_key,),
        }
    )
    write_identity(path, identity)
    return identity
