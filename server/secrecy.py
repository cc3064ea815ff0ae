"""Secrets that are none: missing, short, or taken from an example. A server with one of those must not start."""

import re
from typing import Final

from server.broker.signing_key import known_to_everybody, signing_key
from server.opening import StartError
from server.settings import Settings

SHORTEST: Final = 16
FEWEST_LETTERS: Final = 6
"""As many different characters as a secret must have: a random one of 16 has more in all but one case of a million million."""

_EXAMPLE = re.compile(
    r"change.?me|example|secret|password|passw0rd|mosquitto|congtac|default|admin|123456|abcdef|qwerty|unused", re.IGNORECASE
)


def fault_of(secret: str) -> str | None:
    """What is wrong with a secret, as the end of a sentence that begins with its name; None for one that may do."""
    if len(secret) < SHORTEST:
        return f"is too short for a secret: at least {SHORTEST} characters"
    if len(set(secret)) < FEWEST_LETTERS or _EXAMPLE.search(secret):
        return "is an example or easy to guess: take a random one, as `openssl rand -base64 32` prints"
    return None


def require_secrets(settings: Settings) -> None:
    """For a start in earnest. Raises StartError, whose one line says which secret, and what to do."""
    if settings.broker_secret is None:
        raise StartError(
            "broker_secret is missing: the server's password at the broker. `congtac admin broker-files FOLDER` makes one, "
            "with all that belongs to it; or set CONGTAC_BROKER_SECRET_FILE"
        )
    fault = fault_of(settings.broker_secret.get_secret_value())
    if fault is not None:
        raise StartError(f"broker_secret {fault}")
    if settings.data_dir.is_dir() and known_to_everybody(signing_key(settings.data_dir)):
        raise StartError(
            f"{settings.data_dir / 'signing.key'} is an example: whoever read it could switch every relay. Delete it"
        )
