"""Adding a device by hand: its row, its account at the broker, and the identity file that it is given.

Each step is undone when a later one fails. The broker learns of the account last, so no device can speak before it is known here.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from broker_config import BrokerError, Credentials, new_secret
from protocol.ids import new_device_id
from server.broker.accounts import credentials_of
from server.broker.address import BrokerAddress
from server.broker.key_ring import key_ring
from server.broker.telling import tell_broker
from server.clock import now_ms
from server.db import Database
from server.devices.models import Device
from server.devices.papers import doors, identity_of, only
from server.devices.slugs import slug_of
from server.names import BadName, clean_name
from server.opening import StartError
from server.settings import Settings
from server.sites.models import Site


@dataclass(frozen=True, slots=True)
class Added:
    """A device that was added. `broker_told`: whether a running broker knows it by now."""

    id: str
    slug: str
    site_slug: str
    broker_told: bool


async def add_device(
    database: Database, settings: Settings, site: str, name: str, out: Path, *, broker: BrokerAddress | None = None
) -> Added:
    """Add a device to the site with that short name, and write its identity file. The database's writer must serve.

    `broker`: where the device finds the broker, if not where the server does. Raises StartError, whose text says what to do.
    """
    name = _checked_name(name)
    credentials = credentials_of(settings)
    device_id, secret = new_device_id(), new_secret()
    door = doors(settings)[0] if broker is None else only(broker, settings)
    identity = identity_of(device_id, secret, key_ring(settings.data_dir), door)
    with _new_file(out, json.dumps(identity, indent=2) + "\n"), _account(credentials, device_id, secret):
        slug = await database.writer.run(lambda session: _keep(session, device_id, site, name))
    return Added(device_id, slug, site, broker_told=tell_broker(settings.broker_pid_file))


def _checked_name(name: str) -> str:
    try:
        return clean_name(name)
    except BadName as bad:
        raise StartError(f"a device's name {bad}") from None


async def _keep(session: AsyncSession, device_id: str, site_slug: str, name: str) -> str:
    site = (await session.exec(select(Site).where(Site.slug == site_slug))).first()
    if site is None:
        known = ", ".join(await session.exec(select(Site.slug).order_by(col(Site.slug))))
        raise StartError(f"there is no site {site_slug!r}. There are: {known or 'none; start the server once'}")
    taken = (await session.exec(select(Device.slug).where(Device.site_id == site.id))).all()
    slug = slug_of(name, taken)
    session.add(Device(id=device_id, site_id=site.id, slug=slug, name=name, created_ms=now_ms()))
    return slug


@contextmanager
def _new_file(path: Path, text: str) -> Iterator[None]:
    """Write a file for this user alone, which must not be there yet; gone again when the block fails."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StartError(f"{path} is there already and may be another device's identity: choose another file") from None
    except OSError as error:
        raise StartError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _account(credentials: Credentials, user: str, secret: str) -> Iterator[None]:
    """An account in the password file; gone again when the block fails."""
    try:
        credentials.add(user, secret)
    except BrokerError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the broker's password file {credentials.path} cannot be written: {error.strerror}") from error
    try:
        yield
    except BaseException:
        with suppress(BrokerError, OSError):
            credentials.remove(user)
        raise
