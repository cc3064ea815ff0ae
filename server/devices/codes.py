"""Enrolment codes: short enough to type on a Pi, and hopeless to guess at a server that counts the tries. Pure, but for the dice."""

import hashlib
import secrets
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 and O, 1, I and L, and U, which is read as V."""
LENGTH: Final = 10
_HALF: Final = LENGTH // 2


def new_code() -> str:
    """10 of 30 letters: 49 bits, as `ABCDE-FGHJK`."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def plain_code(typed: str) -> str | None:
    """What was typed, as it is compared: in capitals, without gaps. None: it cannot be a code."""
    letters = "".join(letter for letter in typed.upper() if letter not in " -\t\r\n")
    return letters if len(letters) == LENGTH and all(letter in ALPHABET for letter in letters) else None


def hash_of(secret: str) -> str:
    """What is kept of a code or a key: its SHA-256 in hex. A code is worth nothing any more long before one could be found by trying."""
    return hashlib.sha256(secret.encode()).hexdigest()
