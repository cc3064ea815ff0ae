"""Challenges: what an authenticator signs, once and within five minutes. Handing one out writes nothing, so nobody can flood the
database from the sign-in page; what was answered is written down until it would have run out.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final

VALID_MS: Final = 300_000
KEY_BYTES: Final = 32
_NONCE: Final = 16
_TIME: Final = 8
_MAC: Final = 32


class Purpose(StrEnum):
    """What an answer to a challenge is good for, and for nothing else."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    PROVE = "prove"


class Challenges:
    """Pure, but for the nonces. `key`: KEY_BYTES that nobody else knows."""

    def __init__(self, key: bytes, new_nonce: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._key = key
        self._new_nonce = new_nonce

    def make(self, purpose: Purpose, subject: str, now_ms: int) -> bytes:
        """A new challenge. `subject`: who shall answer it, empty where that is not known yet."""
        body = self._new_nonce(_NONCE) + (now_ms + VALID_MS).to_bytes(_TIME, "big")
        return body + self._mac(purpose, subject, body)

    def expiry(self, challenge: bytes, purpose: Purpose, subject: str, now_ms: int) -> int | None:
        """When a challenge of ours runs out; None for one that has, or that was made for something or somebody else, or not here."""
        body, mac = challenge[:-_MAC], challenge[-_MAC:]
        if len(challenge) != _NONCE + _TIME + _MAC or not hmac.compare_digest(mac, self._mac(purpose, subject, body)):
            return None
        expires_ms = int.from_bytes(body[_NONCE:], "big")
        return expires_ms if expires_ms > now_ms else None

    def _mac(self, purpose: Purpose, subject: str, body: bytes) -> bytes:
        return hmac.digest(self._key, f"{purpose}|{subject}|".encode() + body, hashlib.sha256)
