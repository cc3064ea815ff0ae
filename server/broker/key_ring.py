"""All keys that some device may still have to be spoken to with, while the signing key is replaced.

`signing.key` is the newest. `signing.former` has a line with the time in ms at which the keys last changed, then a line for each former
key that some device may still need, oldest first.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from protocol.signing import SigningKey
from server.broker.signing_key import signing_key, write_key
from server.opening import StartError


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys, oldest first, and when they last changed (ms; 0: never)."""

    keys: tuple[SigningKey, ...]
    version: int = 0

    @property
    def newest(self) -> SigningKey:
        """The one that all devices come to trust."""
        return self.keys[-1]

    @property
    def publics(self) -> list[str]:
        """The public halves, oldest first: what devices are given."""
        return [key.public for key in self.keys]

    @property
    def ids(self) -> frozenset[str]:
        """The short names of all keys."""
        return frozenset(key.kid for key in self.keys)

    def for_device(self, trusts: Collection[str] | None) -> SigningKey:
        """The newest key that a device trusts, by the short names that it told; the oldest for one that never told any."""
        known = [key for key in self.keys if trusts is not None and key.kid in trusts]
        return known[-1] if known else self.keys[0]


def key_ring(folder: Path) -> KeyRing:
    """The keys in this folder; the first is made if there is none. Raises StartError."""
    newest = signing_key(folder)
    path = folder / "signing.former"
    try:
        lines = path.read_text(encoding="ascii").split() if path.exists() else ["0"]
        former = [SigningKey(line) for line in lines[1:]]
        return KeyRing((*(key for key in former if key.private != newest.private), newest), int(lines[0]))
    except OSError as error:
        raise StartError(f"the signing keys in {path} cannot be used: {error.strerror}") from error
    except (ValueError, IndexError):
        raise StartError(f"{path} holds no keys. Put the right one back from a backup: some devices obey no other") from None


def add_key(folder: Path, now_ms: int) -> KeyRing:
    """Begin to replace the signing key: a new one beside those that there are. Raises StartError."""
    ring = key_ring(folder)
    # the former first: a crash between the two leaves the ring as it was
    _write_former(folder, [key.private for key in ring.keys], max(now_ms, ring.version + 1))
    write_key(folder, SigningKey.generate())
    return key_ring(folder)


def retire_former(folder: Path, now_ms: int) -> KeyRing:
    """End it: only the newest key is left. Raises StartError."""
    ring = key_ring(folder)
    _write_former(folder, [], max(now_ms, ring.version + 1))
    return key_ring(folder)


def _write_former(folder: Path, privates: list[str], version: int) -> None:
    draft, path = folder / "signing.former.new", folder / "signing.former"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("\n".join([str(version), *privates]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StartError(f"{path} cannot be written: {error.strerror}") from error
