"""The accounts that devices have at the broker: let in, given a new secret, shut out."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from broker_config import BrokerError, Credentials, CredentialsError, new_secret
from server.broker.telling import tell_broker
from server.errors import Problem
from server.opening import StartError
from server.settings import Settings

T = TypeVar("T")

log = logging.getLogger("congtac.broker")


def credentials_of(settings: Settings) -> Credentials:
    """The broker's password file. Raises StartError where it is not known."""
    if settings.broker_credentials_file is None:
        raise StartError(
            "the broker's password file is not known: set CONGTAC_BROKER_CREDENTIALS_FILE to what mosquitto's password_file names"
        )
    return Credentials(settings.broker_credentials_file)


class BrokerAccounts:
    """What is changed here holds within a moment: the broker is told, and ends the sessions that are no longer in the right.

    All methods raise StartError, whose text is for the operator, when the password file is unknown, not ours or cannot be written.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self) -> None:
        """Whether there is a file to write to."""
        credentials_of(self._settings)

    async def let_in(self, device_id: str) -> str:
        """A new secret for the device, the only one that holds from now on."""
        secret = new_secret()
        await self._change(lambda credentials: credentials.add(device_id, secret))
        return secret

    async def hash_of(self, device_id: str) -> str:
        """What the broker has of the device's secret. Raises Problem 409 for a device that has no account."""
        found = await asyncio.to_thread(_read, credentials_of(self._settings), device_id)
        if found is None:
            raise Problem(
                409, "no_account", "The device has no account at the broker", "It was revoked, or is yet to be enrolled."
            )
        return found

    async def exchange(self, device_id: str, before: str, after: str) -> bool:
        """Have the broker take another secret, told by its hash, if the account is as it was `before`. False as for `shut_out`.

        Raises Problem 409 when the account was changed meanwhile.
        """

        def swap(credentials: Credentials) -> bool:
            try:
                credentials.exchange(device_id, before, after)
            except CredentialsError as error:
                if error.reason != "changed":
                    raise
                return False
            return True

        outcome: list[bool] = []
        told = await self._change(lambda credentials: outcome.append(swap(credentials)))
        if not outcome[0]:
            raise Problem(409, "account_changed", "The device's account was changed meanwhile", "Look at the device again.")
        return told

    async def shut_out(self, device_id: str) -> bool:
        """No account any more, and no session. False: the broker could not be told, and its operator must restart it."""

        def remove(credentials: Credentials) -> None:
            try:
                credentials.remove(device_id)
            except CredentialsError as error:
                if error.reason != "unknown_user":
                    raise

        return await self._change(remove)

    async def _change(self, change: Callable[[Credentials], None]) -> bool:
        credentials = credentials_of(self._settings)
        try:
            await asyncio.to_thread(change, credentials)
        except BrokerError as error:
            raise StartError(str(error)) from error
        except OSError as error:
            raise StartError(f"the broker's password file {credentials.path} cannot be written: {error.strerror}") from error
        told = tell_broker(self._settings.broker_pid_file)
        if not told:
            log.error("the broker could not be told of its changed accounts: set broker_pid_file, or reload it (kill -HUP)")
        return told


def _read(credentials: Credentials, device_id: str) -> str | None:
    try:
        return credentials.hash_of(device_id)
    except BrokerError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"the broker's password file {credentials.path} cannot be read: {error.strerror}") from error
