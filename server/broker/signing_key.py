"""The key that signs what devices obey: made at the first start, kept in the data folder for the server's user alone."""

import os
import stat
from itertools import pairwise
from pathlib import Path

from protocol.signing import SigningKey
from server.opening import StartError


def signing_key(folder: Path) -> SigningKey:
    """The key in `signing.key` in this folder, made if there is none. Raises StartError when it is unreadable, or not secret."""
    path = folder / "signing.key"
    try:
        if not path.exists():
            write_key(folder, SigningKey.generate())
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StartError(f"{path} can be read by others: chmod 600 {path}")
        return SigningKey(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise StartError(f"the signing key {path} cannot be used: {error.strerror}") from error
    except ValueError:
        raise StartError(
            f"{path} holds no key (64 hex digits). Put the right one back from a backup: devices obey no other"
        ) from None


def known_to_everybody(key: SigningKey) -> bool:
    """Whether the key is no random one: the same byte again and again, or counted up."""
    private = bytes.fromhex(key.private)
    return len(set(private)) < 8 or all((after - before) % 256 == 1 for before, after in pairwise(private))


def write_key(folder: Path, key: SigningKey) -> None:
    """Put a key in the place of the one that is there. Raises OSError."""
    draft, path = folder / "signing.key.new", folder / "signing.key"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.private + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
