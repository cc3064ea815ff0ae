"""Identifiers: how they look, and how to make new ones from given randomness and time."""

import re
import secrets
from typing import Final

COMMAND_ID_PATTERN: Final = r"^[0-9a-f]{32}$"
CHANNEL_ID_PATTERN: Final = r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$"
TOKEN_PATTERN: Final = r"^[0-9a-f]{16}$"  # noqa: S105 (a shape, no secret)

_CHANNEL_ID = re.compile(CHANNEL_ID_PATTERN)


def new_device_id() -> str:
    """16 random hex digits."""
    return secrets.token_hex(8)


def new_token() -> str:
    """16 random hex digits that tell one session, hello or journal from another."""
    return secrets.token_hex(8)


def new_command_id(now_ms: int) -> str:
    """32 hex digits: the time in ms (12 digits), then 80 random bits, so that ids sort by when they were made."""
    return f"{now_ms & 0xFFFF_FFFF_FFFF:012x}{secrets.token_hex(10)}"


def is_channel_id(text: str) -> bool:
    """Whether the text can name a channel: 1–32 of a–z, 0–9 and inner hyphens."""
    return bool(_CHANNEL_ID.fullmatch(text))
