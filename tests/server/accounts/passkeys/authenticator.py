"""An authenticator in software, as small as WebAuthn allows: ES256, no attestation, one credential."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, WITH_CREDENTIAL = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """`count` is told with the next answer and goes up by one; `flags` say what it claims of its person."""

    origin: str = "http://localhost:8000"
    host: str = "localhost"
    credential_id: bytes = b"c" * 32
    flags: int = PRESENT | VERIFIED
    count: int = 0
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` would give."""
        self.user_handle = base64url_to_bytes(options["user"]["id"])
        data = (
            self._data(WITH_CREDENTIAL)
            + bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + self._public()
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer("webauthn.create", options, attestationObject=attestation)

    def show(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` would give."""
        data = self._data()
        client = self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer("webauthn.get", options, authenticatorData=data, signature=signature, userHandle=self.user_handle)

    def copy(self) -> "Authenticator":
        """Another one with the same secret, as it stands."""
        return Authenticator(self.origin, self.host, self.credential_id, self.flags, self.count, self.user_handle, self.key)

    def _data(self, more_flags: int = 0) -> bytes:
        told, self.count = self.count, self.count + 1
        return hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | more_flags]) + told.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _answer(self, kind: str, options: dict[str, Any], **response: bytes) -> dict[str, Any]:
        own_id = bytes_to_base64url(self.credential_id)
        told = {"clientDataJSON": self._client(kind, options), **response}
        return {
            "id": own_id,
            "rawId": own_id,
            "type": "public-key",
            "response": {name: bytes_to_base64url(value) for name, value in told.items()},
        }

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
