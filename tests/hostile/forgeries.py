"""Commands as a thief would make them: everything but the server's signing key is in his hands, a good command among it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol.messages import Command
from protocol.signing import SigningKey, key_id

FAR_MS = 2**53 - 1


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def claims(command: Command, **changed: Any) -> bytes:
    return command.model_copy(update=changed).model_dump_json(exclude_none=True).encode()


def signed_by(key: SigningKey, payload: bytes, **header: Any) -> bytes:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key.private))
    return jwt.PyJWS(algorithms=["EdDSA"]).encode(payload, private, algorithm="EdDSA", headers=header).encode()


def altered(token: bytes) -> Iterator[bytes]:
    """The token with each of its bytes changed in turn, each of its parts cut, and its parts put together anew."""
    for place in range(len(token)):
        yield token[:place] + bytes((token[place] ^ 1,)) + token[place + 1 :]
    head, payload, signature = token.split(b".")
    yield from (token[:-1], token + b"A", token[1:], head + b"." + payload + b".", b".." + signature, payload, b"")
    yield b".".join((head, payload, signature, signature))


def rewritten(token: bytes, command: Command) -> Iterator[bytes]:
    """The good signature under other words: another channel, device, time, id, the other state, a longer time."""
    head, _, signature = token.split(b".")
    changes: list[dict[str, Any]] = [
        {"channel": "den"}, {"aud": "f" * 16}, {"exp_ms": FAR_MS}, {"iat_ms": 0}, {"jti": "0" * 32}, {"on": not command.on},
        {"for_s": 604_800}, {"actor": "Lan"},
    ]  # fmt: skip
    for change in changes:
        yield b".".join((head, b64(claims(command, **change)), signature))


def without_the_key(command: Command, public: str) -> Iterator[bytes]:
    """Everything that is made without the server's private key."""
    thief = SigningKey.generate()
    kid, payload = key_id(public), claims(command)
    for name in ("none", "None", "nOnE", "", None, "HS256", "EdDSA"):
        head = b64(json.dumps({"alg": name, "kid": kid, "typ": "JWT"}).encode())
        yield head + b"." + b64(payload) + b"."
        yield head + b"." + b64(payload) + b"." + b64(b"\0" * 64)
    for secret in (public.encode(), bytes.fromhex(public)):
        hs = jwt.PyJWS(algorithms=["HS256"])
        yield hs.encode(payload, secret.ljust(64, b"\0"), algorithm="HS256", headers={"kid": kid}).encode()
    x = b64(bytes.fromhex(thief.public)).decode()
    own = {"kty": "OKP", "crv": "Ed25519", "x": x}
    for header in (
        {}, {"kid": kid}, {"kid": key_id(thief.public)}, {"kid": kid, "jwk": own}, {"kid": kid, "jku": "http://127.0.0.1/keys"},
        {"kid": kid, "x5u": "file:///etc/passwd"}, {"kid": ""}, {"kid": "../../identity.json"}, {"kid": "/dev/null"},
        {"kid": "' OR 1=1 --"}, {"kid": thief.public}, {"kid": kid, "crit": ["b64"], "b64": False},
    ):  # fmt: skip
        yield signed_by(thief, payload, **header)
    for kid_shape in (None, 0, [kid], {"kid": kid}, True):
        head = b64(json.dumps({"alg": "EdDSA", "kid": kid_shape}).encode())
        yield head + b"." + b64(payload) + b"." + b64(b"\0" * 64)
    yield from (payload, json.dumps({"on": True, "channel": "may-bom"}).encode(), b"ON", b"true", b"1", b"{}", b"\xff\xfe", b"")
