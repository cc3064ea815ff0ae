"""The secret that a device shows the broker, and the one form in which others may keep it: mosquitto's hash.

mosquitto's password file takes PBKDF2 with SHA-512 (its `$7$`), a salt of 12 bytes and any number of iterations.
"""

import base64
import hashlib
import secrets
from typing import Final

# Iterations make guessing a person's password slow. These secrets are 256 random bits, which nobody guesses at any speed,
# and the broker checks them on the one thread that also carries the commands: a village coming back must not stall it.
ITERATIONS: Final = 1
HASH_PATTERN: Final = r"^\$7\$[1-9][0-9]{0,2}\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$"
"""What a device may offer: the broker pays for each iteration whenever the device comes."""
_SALT_BYTES: Final = 12  # mosquitto 2.0 takes no other length


def new_secret() -> str:
    """256 random bits in 43 characters that are safe in a URL, a file and a shell."""
    return secrets.token_urlsafe(32)


def hash_of_secret(secret: str) -> str:
    """The hash as mosquitto has it in its password file; another one each time, for the salt is random."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
