"""Ids and tokens that the server makes, from the system's randomness."""

import hashlib
import secrets


def new_id() -> str:
    """16 random hex digits, for what is stored."""
    return secrets.token_hex(8)


def new_secret() -> str:
    """256 random bits, 43 characters that are safe in an address."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is kept of a token: its SHA-256 in hex. A token of 256 bits needs no slower hash."""
    return hashlib.sha256(token.encode()).hexdigest()
