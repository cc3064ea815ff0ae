"""Enrolment: an owner gets a code for a new device, or for new hardware of one that is there; an agent redeems it, once.

An agent brings a key of its own making with the code. Should the answer get lost, the same key gets another one: with a new secret, which
ends the one before. So there is one secret a device at any time, and nobody else can use the code again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.ids import new_device_id
from server.broker.accounts import BrokerAccounts
from server.clock import Clock
from server.db import Database
from server.devices.codes import hash_of, new_code, plain_code
from server.devices.load import device_of
from server.devices.models import Device, Enrolment
from server.devices.slugs import slug_of
from server.devices.state import DeviceNow
from server.errors import Problem

VALID_MS: Final = 15 * 60_000
MOST_OPEN: Final = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A code, shown once, for a device of that name, and until when it works."""

    code: str
    name: str
    device_id: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A device that is enrolled, with the secret that it has from now on. `is_new`: it was not there before."""

    device: DeviceNow
    secret: str
    is_new: bool


class Enrolments:
    """Codes that are offered and redeemed. No code is kept, only its hash."""

    def __init__(self, database: Database, accounts: BrokerAccounts, now_ms: Clock, new: Callable[[], str] = new_code) -> None:
        self._database = database
        self._accounts = accounts
        self._now_ms = now_ms
        self._new = new

    async def offer(self, site_id: str, name: str, made_by: str, device_id: str | None = None) -> Offer:
        """A code for a new device, or for new hardware of a known one, whose earlier codes end. Raises Problem 429, StartError."""
        self._accounts.check()
        now_ms = self._now_ms()
        offer = Offer(self._new(), name, device_id or new_device_id(), now_ms + VALID_MS)
        row = Enrolment(
            code_hash=hash_of(plain_code(offer.code) or ""),
            site_id=site_id,
            device_id=offer.device_id,
            name=name,
            made_by=made_by,
            created_ms=now_ms,
            expires_ms=offer.expires_ms,
        )

        async def keep(session: AsyncSession) -> None:
            await session.exec(delete(Enrolment).where(col(Enrolment.expires_ms) <= now_ms - VALID_MS))
            await session.exec(delete(Enrolment).where(col(Enrolment.device_id) == offer.device_id))
            mine = select(Enrolment.code_hash).where(Enrolment.site_id == site_id, col(Enrolment.redeemed_ms).is_(None))
            if len((await session.exec(mine)).all()) >= MOST_OPEN:
                raise Problem(
                    429, "too_many", "Too many codes", f"{MOST_OPEN} codes are unused. Use them, or wait a quarter of an hour."
                )
            session.add(row)

        await self._database.writer.run(keep)
        return offer

    async def redeem(self, code: str, key: str) -> Redeemed:
        """Let the device in that the code is for. Raises Problem 404 for no such code, 410 for one that is over; StartError."""
        self._accounts.check()
        plain = plain_code(code)
        if plain is None:
            raise _unknown()

        async def work(session: AsyncSession) -> tuple[Device, bool]:
            return await self._taken(session, hash_of(plain), hash_of(key))

        row, is_new = await self._database.writer.run(work)
        secret = await self._accounts.let_in(row.id)
        return Redeemed(device_of(row), secret, is_new)

    async def _taken(self, session: AsyncSession, code_hash: str, key_hash: str) -> tuple[Device, bool]:
        found = await session.get(Enrolment, code_hash)
        if found is None:
            raise _unknown()
        if found.redeemed_ms is not None and found.key_hash != key_hash:
            raise Problem(410, "code_used", "This code was used already", "Ask the owner for a new one.")
        if found.expires_ms <= self._now_ms():
            raise Problem(410, "code_expired", "This code is too old", "Ask the owner for a new one; it works for 15 minutes.")
        found.redeemed_ms, found.key_hash = self._now_ms(), key_hash
        session.add(found)
        device = await session.get(Device, found.device_id)
        is_new = device is None
        if device is None:
            taken = (await session.exec(select(Device.slug).where(Device.site_id == found.site_id))).all()
            slug = slug_of(found.name, taken)
            device = Device(id=found.device_id, site_id=found.site_id, slug=slug, name=found.name, created_ms=self._now_ms())
            session.add(device)
        if device.revoked_ms is not None:
            raise Problem(
                410, "device_revoked", "This device was revoked", "It cannot come back: ask the owner to add a new one."
            )
        return Device(**device.model_dump()), is_new


def _unknown() -> Problem:
    return Problem(
        404, "unknown_code", "There is no such code", "Compare what was typed with the owner's page, or ask for a new code."
    )
