"""What the trail keeps outside the database, in the data folder: its key, and where the chain ended last."""

import os
import secrets
import stat
import threading
from pathlib import Path

from server.audit.chain import Link
from server.opening import StartError


def audit_key(folder: Path) -> bytes:
    """The key in `audit.key` (256 bits), made if there is none. Raises StartError when it is unreadable, or not secret."""
    path = folder / "audit.key"
    try:
        if not path.exists():
            _write(path, secrets.token_hex(32) + "\n", durable=True)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StartError(f"{path} can be read by others: chmod 600 {path}")
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise StartError(f"the audit key {path} cannot be used: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != 32:
        raise StartError(f"{path} holds no key (64 hex digits). Put the right one back from a backup")
    return key


class Head:
    """`audit.head`: the end of the chain as it was last written here, so that rows cut off the end of the table are missed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "audit.head"
        self._alone = threading.Lock()

    def read(self) -> Link | None:
        """The link, None where there is none. Raises ValueError for a file that holds something else."""
        try:
            seq, digest = self._path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        return Link(int(seq), digest)

    def write(self, link: Link) -> None:
        """Keep it, unless a later one is kept already (a server and a command line may write by turns). Raises OSError."""
        with self._alone:
            try:
                known = self.read()
            except ValueError:
                known = None
            if known is None or known.seq < link.seq:
                _write(self._path, f"{link.seq} {link.hash}\n", durable=False)


def _write(path: Path, text: str, *, durable: bool) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    draft.replace(path)
