"""The keys of telling, in the data folder for the server's user alone.

By one, push services know this server; the other seals the addresses that people type.
"""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from server.opening import StartError

T = TypeVar("T")

PUSH_KEY: Final = "push.key"
SEAL_KEY: Final = "addresses.key"


class PushKey:
    """The key of RFC 8292. `public`: as browsers take it, base64url of the uncompressed point."""

    def __init__(self, pem: bytes) -> None:
        key = load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("is no P-256 key")  # noqa: TRY004 (the file is wrong, not a caller)
        self.private = key
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = base64.urlsafe_b64encode(point).rstrip(b"=").decode()


class Seal:
    """Encrypts what is kept, so that the database alone, as a copy of it, lets nobody send in a person's name."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def close(self, text: str) -> str:
        """The text, encrypted."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str | None:
        """The text again; None for what another key has sealed."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


def push_key(folder: Path) -> PushKey:
    """The key in `push.key`, made if there is none. Raises StartError when it is unreadable, or not secret."""
    return _kept(folder / PUSH_KEY, _new_push_key, PushKey)


def seal(folder: Path) -> Seal:
    """The key in `addresses.key`, made if there is none. Raises StartError when it is unreadable, or not secret."""
    return _kept(folder / SEAL_KEY, Fernet.generate_key, Seal)


def _new_push_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _kept(path: Path, make: Callable[[], bytes], read: Callable[[bytes], T]) -> T:
    try:
        if not path.exists():
            _write(path, make())
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StartError(f"{path} can be read by others: chmod 600 {path}")
        return read(path.read_bytes().strip())
    except OSError as error:
        raise StartError(f"the key {path} cannot be used: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise StartError(f"{path} holds no key of its kind. Put the right one back from a backup, or remove it") from error


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
