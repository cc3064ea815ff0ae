"""Passwords to what is kept of them: Argon2id (RFC 9106), in threads, two at once."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from server.errors import Problem

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

AT_ONCE: Final = 2
MOST_WAITING: Final = 30
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32


class Hasher:
    """Hashes and verifies. The defaults cost 32 MiB and three passes on one core: twice what OWASP asks for at the least, and
    bearable on a Raspberry Pi 4. argon2 is imported by the first who needs it, in a thread."""

    def __init__(self, *, memory_kib: int = 32_768, passes: int = 3) -> None:
        self._memory_kib = memory_kib
        self._passes = passes
        self._hasher: PasswordHasher | None = None
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self.nobodys = self._of_nothing()

    async def hash(self, password: str) -> str:
        """What to keep, with its parameters in it."""
        return await self._in_thread(lambda: self._argon2().hash(password))

    async def verify(self, kept: str, password: str) -> bool:
        """Whether it is the password that this was made from."""
        return await self._in_thread(lambda: self._fits(kept, password))

    def is_old(self, kept: str) -> bool:
        """Whether it was made with other parameters than are used now. Only after `verify`."""
        return self._argon2().check_needs_rehash(kept)

    def _fits(self, kept: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._argon2().verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    def _argon2(self) -> "PasswordHasher":
        if self._hasher is None:
            from argon2 import PasswordHasher

            self._hasher = PasswordHasher(self._passes, self._memory_kib, 1, HASH_BYTES, SALT_BYTES)
        return self._hasher

    def _of_nothing(self) -> str:
        """Fits no password, and takes as long to verify as any: for who does not exist."""
        salt, digest = (_unpadded(secrets.token_bytes(size)) for size in (SALT_BYTES, HASH_BYTES))
        return f"$argon2id$v=19$m={self._memory_kib},t={self._passes},p=1${salt}${digest}"

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Problem(503, "busy", detail="Too many sign in at once. Try again.", headers={"Retry-After": "2"})
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
