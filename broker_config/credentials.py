"""Who may sign in to the broker: mosquitto's password file, read and written whole."""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from broker_config.errors import CredentialsError
from protocol.secret import HASH_PATTERN, hash_of_secret, new_secret

__all__ = ["MIN_SECRET_LENGTH", "Credentials", "new_secret"]

MIN_SECRET_LENGTH: Final = 32
_USER = re.compile(r"[0-9A-Za-z_-]{1,64}")  # no `:` for the file, no `+ # /` for the access list's %u
_LINE = re.compile(r"([0-9A-Za-z_-]{1,64}):(\$7\$[1-9][0-9]*\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==)")
_HASH = re.compile(HASH_PATTERN)


class Credentials:
    """One password file. Every change replaces the file whole (mode 0600), so the broker never reads half of one.

    Changes take effect when the broker reads the file again (SIGHUP). Processes that share the file take turns through
    `<path>.lock`. All methods raise CredentialsError for a line that is not ours (nothing is written then) and OSError
    when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def users(self) -> frozenset[str]:
        """All who may sign in; empty while there is no file."""
        return frozenset(self._read())

    def add(self, user: str, secret: str) -> None:
        """Let a user in, or give it a new secret. Raises CredentialsError (`bad_user`, `weak_secret`)."""
        entry = self._entry(user, secret)
        with self._turn():
            self._write({**self._read(), user: entry})

    def hash_of(self, user: str) -> str | None:
        """What is kept of a user's secret; None for who may not sign in."""
        return self._read().get(user)

    def exchange(self, user: str, before: str, after: str) -> None:
        """Take another hash in place of that one. Raises CredentialsError (`changed`) when that one is not there any more: whoever was
        shut out or given another secret meanwhile does not come back by this; (`bad_hash`) for what is none.
        """
        if not _HASH.fullmatch(after):
            raise CredentialsError("bad_hash", self.path, f"what {user} gave is no hash of a secret")
        with self._turn():
            entries = self._read()
            if entries.get(user) != before:
                raise CredentialsError("changed", self.path, f"the account of {user} was changed meanwhile")
            self._write({**entries, user: after})

    def remove(self, user: str) -> None:
        """Let a user in no more. Raises CredentialsError (`unknown_user`) when it was not in the file."""
        with self._turn():
            entries = self._read()
            if user not in entries:
                raise CredentialsError("unknown_user", self.path, f"there is no user {user!r}")
            del entries[user]
            self._write(entries)

    def replace_all(self, secret_by_user: Mapping[str, str]) -> None:
        """These users and no others. Raises CredentialsError (`bad_user`, `weak_secret`), and then nothing has changed."""
        entries = {user: self._entry(user, secret) for user, secret in secret_by_user.items()}
        with self._turn():
            self._read()
            self._write(entries)

    def _entry(self, user: str, secret: str) -> str:
        if not _USER.fullmatch(user):
            raise CredentialsError("bad_user", self.path, f"{user!r} is no user name (1–64 of 0–9 A–Z a–z _ -)")
        if len(secret) < MIN_SECRET_LENGTH:
            raise CredentialsError("weak_secret", self.path, f"the secret of {user} is too short: take one from new_secret()")
        return hash_of_secret(secret)

    def _read(self) -> dict[str, str]:
        try:
            lines = self.path.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        entries: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            match = _LINE.fullmatch(line)
            if match is None:
                raise CredentialsError("bad_line", self.path, f"line {number} is not `user:$7$…`: mend or remove it by hand")
            if match[1] in entries:
                raise CredentialsError("bad_line", self.path, f"line {number} names {match[1]} a second time: remove one")
            entries[match[1]] = match[2]
        return entries

    def _write(self, entries: Mapping[str, str]) -> None:
        text = "".join(f"{user}:{entries[user]}\n" for user in sorted(entries))
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
