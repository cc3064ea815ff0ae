"""Nobody but the server can make a command, and no command can be made into another."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.messages import Command, Config, Signed
from protocol.signing import SigningKey, Verifier, key_id, unverified_id
from tests.protocol.samples import AT_MS, COMMAND_ID, DEVICE, LARGEST, OTHER, USUAL, command

KEY = SigningKey("11" * 32)
NEXT_KEY = SigningKey("22" * 32)
VERIFIER = Verifier((KEY.public,), DEVICE)
TOKEN = KEY.sign(command())


def refusal(token: bytes, verifier: Verifier = VERIFIER) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        verifier.read(Command, token)
    assert len(str(refused.value)) < 500
    return refused.value


def b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def unb64(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def made(header: Mapping[str, Any] | bytes, payload: bytes | None = None, signature: bytes | None = None) -> bytes:
    """A token with these parts, and for the rest those of a good one."""
    parts = TOKEN.split(b".")
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return b".".join(
        (
            b64(head),
            parts[1] if payload is None else b64(payload),
            parts[2] if signature is None else b64(signature),
        )
    )


GOOD_HEADER = {"alg": "EdDSA", "kid": key_id(KEY.public), "typ": "JWT"}


def test_what_the_server_signs_the_device_reads():
    assert VERIFIER.read(Command, TOKEN) == command()


@pytest.mark.parametrize(
    "message", [message for message in LARGEST if isinstance(message, Signed)], ids=lambda message: type(message).__name__
)
def test_the_largest_signed_message_fits_its_limit(message: Signed):
    assert VERIFIER.read(type(message), KEY.sign(message)) == message


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
@given(data=st.data())
def test_a_command_that_was_altered_anywhere_is_refused(part: int, data: st.DataObject):
    parts = TOKEN.split(b".")
    whole = bytearray(unb64(parts[part]))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    parts[part] = b64(bytes(whole))
    assert refusal(b".".join(parts)).reason == "bad_signature"


def test_a_payload_in_other_words_needs_a_signature_of_its_own():
    payload = unb64(TOKEN.split(b".")[1])
    assert refusal(made(GOOD_HEADER, payload.replace(b'"on":true', b'"on":false'))).reason == "bad_signature"
    assert refusal(made(GOOD_HEADER, payload + b" ")).reason == "bad_signature"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 1, ["EdDSA"], "ES256", "eddsa"])
def test_no_algorithm_but_eddsa_is_taken(algorithm: object):
    assert refusal(made({**GOOD_HEADER, "alg": algorithm})).reason == "bad_signature"
    assert refusal(made({**GOOD_HEADER, "alg": algorithm}, signature=b"")).reason == "bad_signature"


@pytest.mark.parametrize("secret", [KEY.public.encode(), bytes.fromhex(KEY.public)], ids=["hex", "raw"])
def test_the_public_key_is_no_secret_to_sign_with(secret: bytes):
    forged = jwt.PyJWS(algorithms=["HS256"]).encode(
        command().model_dump_json().encode(), secret.ljust(64, b"\0"), algorithm="HS256", headers={"kid": key_id(KEY.public)}
    )
    assert refusal(forged.encode()).reason == "bad_signature"


def test_another_key_is_refused_under_its_own_name_and_under_a_trusted_one():
    assert "does not know" in refusal(NEXT_KEY.sign(command())).detail
    forged = jwt.PyJWS(algorithms=["EdDSA"]).encode(
        command().model_dump_json().encode(),
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(NEXT_KEY.private)),
        algorithm="EdDSA",
        headers={"kid": key_id(KEY.public)},
    )
    assert refusal(forged.encode()).reason == "bad_signature"


def test_a_key_that_the_sender_brings_along_is_not_used():
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes.fromhex(NEXT_KEY.public)).decode()}
    forged = jwt.PyJWS(algorithms=["EdDSA"]).encode(
        command().model_dump_json().encode(),
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(NEXT_KEY.private)),
        algorithm="EdDSA",
        headers={"kid": key_id(KEY.public), "jwk": jwk},
    )
    assert refusal(forged.encode()).reason == "bad_signature"


def test_while_keys_are_replaced_both_are_taken():
    both = Verifier((KEY.public, NEXT_KEY.public), DEVICE)
    assert both.read(Command, TOKEN) == both.read(Command, NEXT_KEY.sign(command())) == command()


def test_a_command_for_another_device_is_refused():
    refused = refusal(KEY.sign(command(aud=OTHER)))
    assert refused.reason == "not_for_us"
    assert OTHER in refused.detail


def test_what_is_too_large_is_refused_unread():
    assert refusal(b"x" * 1_000_000).reason == "too_large"


def test_a_signed_message_of_another_kind_is_no_command():
    config = Config(aud=DEVICE, jti=COMMAND_ID, iat_ms=AT_MS, version=1)
    assert refusal(KEY.sign(config)).reason == "not_valid"


SIGNED = [message for message in USUAL if isinstance(message, Signed)]


@pytest.mark.parametrize("message", SIGNED, ids=lambda message: type(message).__name__)
def test_what_is_signed_for_one_topic_says_nothing_on_another(message: Signed):
    for kind in {type(other) for other in SIGNED} - {type(message)}:
        with pytest.raises(ProtocolError, match=kind.__name__):
            VERIFIER.read(kind, KEY.sign(message))


@pytest.mark.parametrize("claims", [b"", b"null", b"[]", b"\xff", b"{}", b'{"aud":"' + DEVICE.encode() + b'"}'])
def test_what_is_well_signed_must_still_be_a_command(claims: bytes):
    token = jwt.PyJWS(algorithms=["EdDSA"]).encode(
        claims,
        Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEY.private)),
        algorithm="EdDSA",
        headers={"kid": key_id(KEY.public)},
    )
    assert refusal(token.encode()).reason in {"not_valid", "not_json"}


DEEP = b64(b"[" * 1_500)
GARBAGE = [
    b"",
    b".",
    b"..",
    b"...",
    b"x.y.z",
    b"\xff\xfe.\x00.\x01",
    TOKEN[:-1],
    TOKEN + b".",
    TOKEN.replace(b".", b" "),
    made(b"null"),
    made(b"[]"),
    made(b'"x"'),
    made(b"\xff"),
    made({}),
    made({"alg": "EdDSA"}),
    made({**GOOD_HEADER, "kid": None}),
    made({**GOOD_HEADER, "kid": ["x"]}),
    made({**GOOD_HEADER, "kid": {}}),
    made({**GOOD_HEADER, "b64": False}),
    made({**GOOD_HEADER, "crit": ["b64"], "b64": False}),
    made({**GOOD_HEADER, "crit": ["unheard"]}),
    DEEP + b"." + DEEP + b".",
    TOKEN.split(b".")[0] + b"." + DEEP + b".",
]


@pytest.mark.parametrize("token", GARBAGE)
def test_garbage_is_refused_as_badly_signed(token: bytes):
    assert refusal(token).reason == "bad_signature"


@given(st.one_of(st.binary(max_size=200), st.lists(st.binary(max_size=60).map(b64), min_size=3, max_size=3).map(b".".join)))
def test_random_bytes_raise_nothing_but_a_protocol_error_and_have_no_id(token: bytes):
    refusal(token)
    assert unverified_id(token) is None


@pytest.mark.parametrize("token", [token for token in GARBAGE if TOKEN.split(b".")[1] not in token])
def test_garbage_has_no_id(token: bytes):
    assert unverified_id(token) is None


@pytest.mark.parametrize("jti", [None, 1, [], {}, "", "x" * 32, "A" * 32, COMMAND_ID + "0", COMMAND_ID[:-1] + "\n", "0" * 31])
def test_an_id_that_could_not_be_ours_is_not_told(jti: object):
    assert unverified_id(made(GOOD_HEADER, json.dumps({"jti": jti}).encode())) is None


def test_the_id_of_a_forged_command_is_told_for_the_log():
    assert unverified_id(made(GOOD_HEADER, signature=b"")) == COMMAND_ID


def test_a_private_key_is_not_shown():
    assert KEY.private not in repr(KEY)
    assert KEY.private not in str(KEY)


def test_a_new_key_is_new():
    assert SigningKey.generate() != SigningKey.generate()
