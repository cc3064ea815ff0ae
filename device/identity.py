"""Who this device is, and whom it believes: the identity file that enrolment writes, readable by the agent's user alone."""

import json
import os
import stat
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from device.errors import IdentityError
from protocol.messages import DeviceId

MOST_CHARACTERS = 65_536
PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Identity(BaseModel):
    """A device's id and secret, its broker, and the public keys whose commands it obeys (each 32 bytes in hex)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device_id: DeviceId
    secret: Annotated[SecretStr, Field(min_length=16, max_length=256)]
    broker_host: Annotated[str, Field(min_length=1, max_length=253)]
    broker_port: Annotated[int, Field(ge=1, le=65_535)]
    server_keys: Annotated[tuple[PublicKey, ...], Field(min_length=1, max_length=8)]


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
        raise IdentityError(f"{path}: {where}: {first['msg']}") from None


def write_identity(path: Path, identity: Identity) -> None:
    """Write the identity whole, so that only this user can read it. Raises OSError."""
    fields = identity.model_dump(mode="json") | {"secret": identity.secret.get_secret_value()}
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
