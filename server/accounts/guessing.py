"""Who tries links that let nobody in is slowed down, whatever the links are for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from fastapi import Request

from server.accounts.accounts import LinkRefused
from server.accounts.throttle import LINKS, Target, Throttle, key_of
from server.http.address import address_of, network_of

T = TypeVar("T")


async def guarded(request: Request, use: Callable[[], Awaitable[T]]) -> T:
    """What using or looking at a link gives. Raises LinkRefused, which counts against the caller's network, and Throttled."""
    throttle = cast("Throttle", request.app.state.throttle)
    target = Target(key_of("links", network_of(address_of(request))), LINKS)
    await throttle.check(target)
    try:
        return await use()
    except LinkRefused:
        await throttle.begin([target])
        raise
