"""Principals in memory for a moment, since every request asks for one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from weakref import WeakValueDictionary

from server.accounts.principal import Principal
from server.clock import Clock

FRESH_MS: Final = 2000
MOST: Final = 20_000


class PrincipalCache:
    """At most 2 s old, at most 20,000 of them. Many who ask for the same one at once cause one look-up."""

    def __init__(self, load: Callable[[str], Awaitable[Principal | None]], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._known: dict[str, tuple[int, Principal]] = {}
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._changes = 0

    async def get(self, key: str) -> Principal | None:
        """The principal, looked up if it is not known or not fresh."""
        fresh = self._fresh(key)
        if fresh is not None:
            return fresh
        lock = self._loading.setdefault(key, asyncio.Lock())
        async with lock:
            return self._fresh(key) or await self._look_up(key)

    def forget(self, key: str) -> None:
        """Look this one up when it is next asked for."""
        self._changes += 1
        self._known.pop(key, None)

    def forget_person(self, user_id: str) -> None:
        """The same for every session of a person."""
        self._changes += 1
        for key in [key for key, (_, principal) in self._known.items() if principal.user_id == user_id]:
            del self._known[key]

    def _fresh(self, key: str) -> Principal | None:
        known = self._known.get(key)
        return known[1] if known is not None and known[0] <= self._clock() < known[0] + FRESH_MS else None

    async def _look_up(self, key: str) -> Principal | None:
        started, changes = self._clock(), self._changes
        principal = await self._load(key)
        if len(self._known) >= MOST:
            self._known.clear()
        if principal is None:
            self._known.pop(key, None)
        elif changes == self._changes:  # else it may be from before the change
            self._known[key] = started, principal
        return principal
