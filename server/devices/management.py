"""What owners do with devices, and agents with codes: shared by the API and the pages. Everything that goes wrong is a Problem."""

from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request

from protocol.topics import topic_base
from server.accounts import Principal
from server.broker.accounts import BrokerAccounts
from server.clock import now_ms
from server.db import Database
from server.devices.access import device_to_manage
from server.devices.enrolment import Enrolments, Offer
from server.devices.papers import doors, identity_of
from server.devices.renewing import Renewals
from server.devices.revoking import revoke
from server.devices.state import DeviceNow, DevicePresence
from server.errors import Problem
from server.limits import Buckets
from server.opening import StartError
from server.settings import Settings
from server.sites.membership import owners_only, unknown_site
from server.switchboard import Switchboard

TRIES_A_MINUTE = 10
ALL_TRIES_A_MINUTE = 300


@dataclass(frozen=True, slots=True)
class Revoked:
    """A device that was revoked. `broker_told` False: its session may live until the broker is restarted."""

    id: str
    revoked_ms: int
    broker_told: bool


@dataclass(frozen=True, slots=True)
class Renewed:
    """A device with a new secret. `broker_told` False: the old one holds until the broker is restarted; the device knows both."""

    id: str
    broker_told: bool


class Management:
    """At `app.state.devices`."""

    def __init__(self, database: Database, settings: Settings, board: Switchboard) -> None:
        self._database = database
        self._settings = settings
        self._board = board
        self._accounts = BrokerAccounts(settings)
        self._renewals = Renewals(board.downlink, self._accounts)
        board.ingest.on_secret = self._renewals.heard
        self._enrolments = Enrolments(database, self._accounts, now_ms)
        self._tries, self._all_tries = Buckets(TRIES_A_MINUTE), Buckets(ALL_TRIES_A_MINUTE)

    async def offer(self, principal: Principal, site_id: str, name: str) -> Offer:
        """A code for a new device."""
        if not principal.may_see(site_id):
            raise unknown_site()
        if not principal.may_manage(site_id):
            raise owners_only()
        try:
            return await self._enrolments.offer(site_id, name, principal.actor)
        except StartError as error:
            raise _for_the_operator(error) from error

    async def offer_again(self, principal: Principal, device_id: str) -> Offer:
        """A code for new hardware of a device. The old hardware stays in until the code is redeemed."""
        device = device_to_manage(self._board.registry, principal, device_id)
        if device.presence is DevicePresence.REVOKED:
            raise Problem(409, "device_revoked", "The device was revoked", "It cannot come back: add a new one.")
        try:
            return await self._enrolments.offer(device.site_id, device.name, principal.actor, device.id)
        except StartError as error:
            raise _for_the_operator(error) from error

    async def redeem(self, address: str, code: str, key: str) -> tuple[DeviceNow, dict[str, Any]]:
        """An agent's code for an identity for each way to the broker, best first. `address`: where it asks from."""
        self._count_try(address)
        try:
            ways = doors(self._settings)
            redeemed = await self._enrolments.redeem(code, key)
        except StartError as error:
            raise _for_the_operator(error) from error
        self._board.was_enrolled(redeemed.device)
        identities = [identity_of(redeemed.device.id, redeemed.secret, self._board.downlink.ring, door) for door in ways]
        papers = {"name": redeemed.device.name, "topic_base": topic_base(redeemed.device.id), "identities": identities}
        return redeemed.device, papers

    async def revoke(self, principal: Principal, device_id: str) -> Revoked:
        """End a device, for ever."""
        device = device_to_manage(self._board.registry, principal, device_id)
        try:
            self._accounts.check()
            since_ms, told = await revoke(self._database, self._accounts, device.id, now_ms())
        except StartError as error:
            raise _for_the_operator(error) from error
        self._board.was_revoked(device.id, since_ms)
        return Revoked(device.id, since_ms, told)

    async def renew(self, principal: Principal, device_id: str) -> Renewed:
        """Have a device make a new secret, which takes the place of the one that it has."""
        device = device_to_manage(self._board.registry, principal, device_id)
        if device.presence is DevicePresence.REVOKED:
            raise Problem(409, "device_revoked", "The device was revoked", "It cannot come back: add a new one.")
        try:
            self._accounts.check()
            told = await self._renewals.renew(device)
        except StartError as error:
            raise _for_the_operator(error) from error
        if told:
            self._board.ingest.became(device, DevicePresence.OFFLINE)  # its session has just ended without a word
        return Renewed(device.id, told)

    def _count_try(self, address: str) -> None:
        try:
            self._tries.take(address)
            self._all_tries.take("everybody")
        except Problem as problem:
            raise Problem(
                429, "too_many_tries", "Too many tries", "Wait a minute, then try the code again.", headers=problem.headers
            ) from None


def _for_the_operator(error: StartError) -> Problem:
    return Problem(503, "broker_accounts", "The broker's accounts cannot be changed", str(error))


def management(request: Request) -> Management:
    """The management of the application that this request came to."""
    return cast("Management", request.app.state.devices)
