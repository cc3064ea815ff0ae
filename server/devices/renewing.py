"""Renewing a device's secret: the device makes the new one, the server hands its hash to the broker and never learns the secret.

Nothing is lost at any moment. The device has the new secret on its card before it offers it, and keeps the old one until the new one
has let it in; the broker has one of the two. What was changed about the account meanwhile (revoked, new hardware) stands.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from protocol.errors import LinkDown
from protocol.ids import new_token
from protocol.messages import NewSecret
from server.broker.accounts import BrokerAccounts
from server.broker.downlink import Downlink
from server.devices.state import DeviceNow, DevicePresence
from server.errors import Problem

ANSWER_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Asked:
    renewal: str
    answer: asyncio.Future[str]


class Renewals:
    """Those that are under way: at most one a device, for at most ANSWER_WITHIN_S seconds."""

    def __init__(self, downlink: Downlink, accounts: BrokerAccounts) -> None:
        self._downlink = downlink
        self._accounts = accounts
        self._under_way: dict[str, _Asked] = {}

    async def renew(self, device: DeviceNow) -> bool:
        """Ask a device for a new secret and have the broker take it; whether the broker was told. Raises Problem, StartError."""
        if device.presence is not DevicePresence.ONLINE or device.session is None:
            raise Problem(409, "device_offline", "The device is offline", "Its secret stays as it is. Try again when it is back.")
        if device.id in self._under_way:
            raise Problem(409, "renewal_under_way", "The secret is being renewed already", "Wait a moment.")
        before = await self._accounts.hash_of(device.id)
        asked = self._under_way[device.id] = _Asked(new_token(), asyncio.get_running_loop().create_future())
        try:
            self._downlink.renew(device.id, device.session, asked.renewal)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                after = await asked.answer
            return await asyncio.shield(self._accounts.exchange(device.id, before, after))
        except LinkDown:
            raise Problem(503, "link_down", "The server cannot reach the broker", "Nothing was changed. Try again.") from None
        except TimeoutError:
            raise Problem(
                409, "no_answer", "The device did not answer", "Its old secret holds. Its card may be full, or its agent old."
            ) from None
        finally:
            del self._under_way[device.id]

    def heard(self, device: DeviceNow, told: NewSecret) -> None:
        """A device offers a hash. What nobody asked for counts for nothing."""
        asked = self._under_way.get(device.id)
        if asked is not None and asked.renewal == told.renewal and not asked.answer.done():
            asked.answer.set_result(told.secret_hash)
