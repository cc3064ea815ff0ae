"""Who this device is, and whom it believes: the identity file that enrolment writes, readable by the agent's user alone."""

import json
import os
import ssl
import stat
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from device.errors import IdentityError
from protocol.messages import DeviceId
from protocol.tls import client_context, is_loopback

MOST_CHARACTERS = 65_536
MOST_SECRETS = 8
Secret = Annotated[SecretStr, Field(min_length=16, max_length=256)]
PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Identity(BaseModel):
    """A device's id and secret, its broker, and the public keys whose commands it obeys (each 32 bytes in hex).

    `next_secrets`: those that were offered to the broker in place of `secret`, the latest last; it may have taken any of them.

    What leaves the machine goes over TLS. `broker_ca`: the certificates in PEM of those who may vouch for the broker, None: those
    that the machine trusts. `broker_name`: the name in its certificate, where that is not `broker_host`. `broker_path`: of WebSockets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device_id: DeviceId
    secret: Secret
    next_secrets: Annotated[tuple[Secret, ...], Field(max_length=MOST_SECRETS)] = ()
    broker_host: Annotated[str, Field(min_length=1, max_length=253)]
    broker_port: Annotated[int, Field(ge=1, le=65_535)]
    broker_transport: Literal["tcp", "websockets"] = "tcp"
    broker_path: Annotated[str, Field(pattern=r"^/[!-~]{0,200}$")] = "/mqtt"
    broker_tls: bool = False
    broker_ca: Annotated[str, Field(max_length=32_768)] | None = None
    broker_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    server_keys: Annotated[tuple[PublicKey, ...], Field(min_length=1, max_length=8)]
    keys_version: Annotated[int, Field(ge=0, lt=2**53)] = 0

    @model_validator(mode="after")
    def _nothing_leaves_in_the_clear(self) -> Self:
        if self.broker_tls:
            self.tls_context()
        elif not is_loopback(self.broker_host):
            raise ValueError(f"{self.broker_host} is not this machine, and without TLS anyone between could listen: enroll anew")
        return self

    def secrets(self) -> tuple[Secret, ...]:
        """All that may let this device in, the likeliest first."""
        return (self.secret, *reversed(self.next_secrets))

    def offering(self, secret: str) -> "Identity":
        """With one more secret that is offered. Of too many the oldest goes: an offer counts for one session only."""
        return self.model_copy(update={"next_secrets": (*self.next_secrets, SecretStr(secret))[-MOST_SECRETS:]})

    def let_in_by(self, secret: Secret) -> "Identity":
        """With that secret as the one that holds, and those that were offered after it."""
        if secret not in self.next_secrets:
            return self
        later = self.next_secrets[self.next_secrets.index(secret) + 1 :]
        return self.model_copy(update={"secret": secret, "next_secrets": later})

    def tls_context(self) -> ssl.SSLContext | None:
        """What to ask of the broker before it is told anything; None where there is no TLS."""
        return client_context(self.broker_ca, self.broker_name) if self.broker_tls else None


def read_identity(path: Path) -> Identity:
    """Read the identity. Raises IdentityError: missing, open to other users, or wrong; its text says what to do."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS)
    except FileNotFoundError:
        raise IdentityError(f"{path} does not exist: this device was not enrolled yet") from None
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityError(f"{path} cannot be read: {error}") from error
    if mode & 0o077:
        raise IdentityError(f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}")
    try:
        return Identity.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise IdentityError(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None


def write_identity(path: Path, identity: Identity) -> None:
    """Write the identity whole, so that only this user can read it. Raises OSError."""
    fields = identity.model_dump(mode="json", exclude={"next_secrets"}) | {"secret": identity.secret.get_secret_value()}
    if identity.next_secrets:
        fields["next_secrets"] = [secret.get_secret_value() for secret in identity.next_secrets]
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # whoever made it may have it open
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(fields, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
