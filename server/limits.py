"""How much one caller may do: so many commands a minute, so many open streams. In memory: a restart forgives."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Final, cast

from fastapi import Request

from server.errors import Problem

MOST_REMEMBERED: Final = 10_000


class Buckets:
    """A bucket of tokens for each caller: `per_minute` at once, and as many again in each minute.

    Who was not heard for a minute has a full bucket, so that those can be forgotten: the 10,000 callers of late are remembered.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, count: int = 1) -> None:
        """Take so many tokens, or all that there are: what was begun is not refused half-way. Raises Problem 429 where there is none.

        The problem says when there is one again.
        """
        now = self._clock()
        left, at = self._left.pop(caller, (float(self._size), now))
        left = min(self._size, left + max(0.0, now - at) * self._size / 60)
        enough = left >= 1
        self._left[caller] = (max(0.0, left - count) if enough else left, now)
        while len(self._left) > MOST_REMEMBERED:
            self._left.popitem(last=False)
        if not enough:
            raise too_fast(ceil((1 - left) * 60 / self._size))


def too_fast(after_s: int) -> Problem:
    """The answer to who asks too often: when to ask again."""
    return Problem(
        429,
        "too_fast",
        "Too many commands",
        f"At most so many in a minute. Try again in {after_s} s.",
        headers={"Retry-After": str(after_s)},
    )


class Places:
    """So many things at once for each caller, as open streams."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    def check(self, caller: str) -> None:
        """Whether there is a place. Raises Problem 429."""
        if self._taken[caller] >= self._most:
            raise Problem(
                429,
                "too_many_streams",
                "Too many open pages",
                f"At most {self._most} pages can be live at once. Close some of them.",
                headers={"Retry-After": "10"},
            )

    @contextmanager
    def taken(self, caller: str) -> Iterator[None]:
        """A place, for as long as the block lasts; whether there is one, `check` told."""
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]


class Limits:
    """What the application allows: `commands` and `streams` of people, `guest_commands` and `guest_streams` of guest links."""

    def __init__(self, *, commands: int, guest_commands: int, streams: int, guest_streams: int) -> None:
        self._commands, self._guest_commands = Buckets(commands), Buckets(guest_commands)
        self._streams, self._guest_streams = Places(streams), Places(guest_streams)

    def command(self, actor: str, *, guest: bool, count: int = 1) -> None:
        """So many commands more, at once. Raises Problem 429."""
        (self._guest_commands if guest else self._commands).take(actor, count)

    def streams(self, *, guest: bool) -> Places:
        """The places for open streams."""
        return self._guest_streams if guest else self._streams


def limits_of(request: Request) -> Limits:
    """The limits of the application that this request came to."""
    return cast("Limits", request.app.state.limits)
