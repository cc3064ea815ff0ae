"""WebAuthn itself, through the library: what a browser is asked, and whether what it answers is true. Nothing is kept here.

Every answer comes from outside and is taken apart by the library. Whatever it makes of bytes that are no answer, it is a refusal.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from server.accounts.passkeys.challenges import VALID_MS
from server.accounts.passkeys.place import Place
from server.errors import Problem

log = logging.getLogger("congtac.passkeys")

RP_NAME: Final = "Công tắc"
T = TypeVar("T")


class PasskeyRefused(Problem):
    """An answer that proves nothing. It does not tell which part of it was wrong: the log does."""

    def __init__(self) -> None:
        super().__init__(403, "passkey_refused", "This passkey was not accepted", "Try again, or come in another way.")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential, as the authenticator tells it. `credential_id` in base64url."""

    credential_id: str
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Asserted:
    """Who says to be asserting, not yet checked: the credential, the challenge that is answered, and the person's handle, if told."""

    credential_id: str
    challenge: bytes
    user_id: str | None


def registration_options(place: Place, user_id: str, name: str, challenge: bytes, known: Sequence[str]) -> dict[str, Any]:
    """What `navigator.credentials.create` needs, as JSON. `known`: credential ids that must not be made a second time."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=RP_NAME,
        user_id=user_id.encode(),
        user_name=name,
        challenge=challenge,
        timeout=VALID_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json_dict(options)


def assertion_options(place: Place, challenge: bytes, allowed: Sequence[str] = ()) -> dict[str, Any]:
    """What `navigator.credentials.get` needs, as JSON. `allowed`: credential ids, none for whichever the person chooses."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=challenge,
        timeout=VALID_MS,
        allow_credentials=_descriptors(allowed),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_of_registration(answer: dict[str, Any]) -> bytes:
    """The challenge that a registration answers. Raises PasskeyRefused."""

    def read() -> bytes:
        return parse_client_data_json(parse_registration_credential_json(answer).response.client_data_json).challenge

    return _or_refused(read)


def check_registration(place: Place, answer: dict[str, Any], challenge: bytes) -> Registered:
    """The credential that was made. Raises PasskeyRefused."""
    made = _or_refused(
        lambda: webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    )
    return Registered(bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count)


def read_assertion(answer: dict[str, Any]) -> Asserted:
    """Which credential answers which challenge. Raises PasskeyRefused."""

    def read() -> Asserted:
        credential = parse_authentication_credential_json(answer)
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        handle = credential.response.user_handle
        return Asserted(bytes_to_base64url(credential.raw_id), challenge, handle.decode("ascii") if handle else None)

    return _or_refused(read)


def check_assertion(place: Place, answer: dict[str, Any], challenge: bytes, public_key: bytes) -> int:
    """The authenticator's count at a true assertion; whether it grew is for the caller to see. Raises PasskeyRefused."""
    checked = _or_refused(
        lambda: webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    return checked.new_sign_count


def _descriptors(credential_ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential_id)) for credential_id in credential_ids]


def _or_refused(step: Callable[[], T]) -> T:
    try:
        return step()
    except Exception as error:  # noqa: BLE001 (the library raises of many kinds on bytes that a stranger chose)
        log.info("a passkey's answer was refused: %s: %s", type(error).__name__, str(error)[:200])
        raise PasskeyRefused from None
