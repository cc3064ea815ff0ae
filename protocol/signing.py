"""Signed words: JWS in compact form, EdDSA over Ed25519 (RFC 7515, RFC 8037), through PyJWT and cryptography.

The claims are a message of this protocol; the header's `kid` tells which of the server's keys signed, so that a key can be replaced.
Whether a command has expired is not asked here: that needs the clock which the device learnt from the server, and core.py has it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.utils import base64url_decode

from protocol.codec import decode
from protocol.errors import ProtocolError
from protocol.ids import COMMAND_ID_PATTERN
from protocol.messages import Signed

S = TypeVar("S", bound=Signed)

_JWS = jwt.PyJWS(algorithms=["EdDSA"])
_COMMAND_ID = re.compile(COMMAND_ID_PATTERN)


@dataclass(frozen=True)
class SigningKey:
    """The server's private key. `private` is 32 bytes in hex."""

    private: str

    def __post_init__(self) -> None:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.private))
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "_kid", key_id(self.public))

    def __repr__(self) -> str:
        return f"SigningKey({self.kid})"

    @property
    def kid(self) -> str:
        """The short name of its public half."""
        kid: str = self._kid  # type: ignore[attr-defined]
        return kid

    @classmethod
    def generate(cls) -> "SigningKey":
        """A new key from the system's randomness."""
        raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return cls(raw.hex())

    @property
    def public(self) -> str:
        """The public half, 32 bytes in hex: what devices are given at enrolment."""
        key: Ed25519PrivateKey = self._key  # type: ignore[attr-defined]
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, message: Signed) -> bytes:
        """The message as a JWS."""
        claims = message.model_dump_json(exclude_none=True).encode()
        token = _JWS.encode(claims, self._key, algorithm="EdDSA", headers={"kid": self._kid})  # type: ignore[attr-defined]
        return token.encode()


def key_id(public: str) -> str:
    """A short name for a public key: 16 hex digits of its SHA-256."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


class Verifier:
    """Checks what a device is told against the public keys that it trusts, and that it is meant for this device."""

    def __init__(self, public_keys: tuple[str, ...], device_id: str) -> None:
        self._keys = {key_id(public): Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)) for public in public_keys}
        self._publics = {key_id(public): public for public in public_keys}
        self._device_id = device_id

    def read(self, kind: type[S], token: bytes) -> S:
        """The signed message. Raises ProtocolError: `too_large`, `bad_signature`, `not_valid` or `not_for_us`."""
        limit = kind.TOPIC.limit_bytes
        if len(token) > limit:
            raise ProtocolError("too_large", f"{kind.__name__} of {len(token)} bytes; at most {limit}")
        message = decode(kind, self._claims(token))
        if message.aud != self._device_id:
            raise ProtocolError("not_for_us", f"{kind.__name__} is for the device {message.aud}")
        return message

    def signer(self, token: bytes) -> str:
        """The public key whose name a token carries that was read already."""
        return self._publics[_kid(token)]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The short names of the keys that are trusted."""
        return tuple(self._keys)

    def _claims(self, token: bytes) -> bytes:
        try:
            key = self._keys[_kid(token)]
            claims: bytes = _JWS.decode(token, key, algorithms=["EdDSA"])
        except KeyError:
            raise ProtocolError("bad_signature", "signed with a key that this device does not know") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError) as error:
            raise ProtocolError("bad_signature", f"{type(error).__name__}: {error}") from None
        return claims


def _kid(token: bytes) -> str:
    """The name of the key that a token claims to be signed with. Raises ValueError, KeyError or TypeError.

    PyJWT would read the whole token for it, and then once more to check it.
    """
    kid = json.loads(base64url_decode(token.partition(b".")[0]))["kid"]
    if not isinstance(kid, str):
        raise TypeError(f"a kid of type {type(kid).__name__}")
    return kid


def unverified_id(token: bytes) -> str | None:
    """The id that an unread command claims to have, for the log; None where there is none to read."""
    try:
        claims = json.loads(_JWS.decode(token, options={"verify_signature": False}))
        found = claims["jti"]
    except (jwt.InvalidTokenError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found, str) and _COMMAND_ID.fullmatch(found) else None
