"""Brings letters to their services, apart from all else that the server does: a bounded queue, a few workers, a timeout for each attempt.

Before an attempt begins, that is written down; so a letter whose attempt was cut off is never sent again. Only what surely did not arrive
is tried once more, later and later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from server.db import StorageError, WriterBusy
from server.notify.outcome import Outcome, Result
from server.notify.store import Letter, Store

log = logging.getLogger("congtac.notify")

MOST_WAITING: Final = 1_000
WORKERS: Final = 4
ATTEMPT_S: Final = 30.0
AGAIN_S: Final = (10.0, 60.0, 300.0)

Send = Callable[[Letter], Awaitable[Outcome]]


class Delivery:
    """The queue and its workers. `again_s`: the pauses before further attempts, one each."""

    def __init__(
        self,
        store: Store,
        send: Send,
        *,
        again_s: Sequence[float] = AGAIN_S,
        attempt_s: float = ATTEMPT_S,
        most: int = MOST_WAITING,
    ) -> None:
        self._store = store
        self._send = send
        self._again_s = tuple(again_s)
        self._attempt_s = attempt_s
        self._waiting: asyncio.Queue[tuple[Letter, int]] = asyncio.Queue(most)
        self._timers: set[asyncio.TimerHandle] = set()
        self.busy = 0
        self.dropped = 0

    def offer(self, letters: Iterable[Letter]) -> None:
        """Have these sent. What finds no room stays written down as unsent, and is counted; it never holds anybody up."""
        for letter in letters:
            self._put(letter, 0)

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing is under way."""
        return self._waiting.empty() and not self.busy and not self._timers

    def _put(self, letter: Letter, attempt: int) -> None:
        try:
            self._waiting.put_nowait((letter, attempt))
        except asyncio.QueueFull:
            self.dropped += 1
            log.warning("too much is to be told at once: %d messages were left out so far", self.dropped)

    async def run(self) -> None:
        """Send, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(WORKERS):
                    group.create_task(self._work(), name=f"notify {number}")
        finally:
            for timer in self._timers:
                timer.cancel()

    async def _work(self) -> None:
        while True:
            letter, attempt = await self._waiting.get()
            self.busy += 1
            try:
                await self._attempt(letter, attempt)
            except (StorageError, WriterBusy) as error:
                log.error("a message was left out, since nothing can be written: %s", error)
            finally:
                self.busy -= 1

    async def _attempt(self, letter: Letter, attempt: int) -> None:
        await self._store.mark(letter, Result.TRYING)
        match await self._outcome(letter):
            case Outcome.SENT:
                await self._store.mark(letter, Result.SENT)
            case Outcome.REFUSED if attempt < len(self._again_s):
                await self._store.mark(letter, Result.QUEUED)
                self._later(letter, attempt)
            case Outcome.GONE:
                await self._store.mark(letter, Result.FAILED)
                await self._store.drop(letter)
            case Outcome.UNSURE:
                await self._store.mark(letter, Result.UNSURE)
            case Outcome.REFUSED | Outcome.FAILED:
                await self._store.mark(letter, Result.FAILED)

    async def _outcome(self, letter: Letter) -> Outcome:
        try:
            async with asyncio.timeout(self._attempt_s):
                return await self._send(letter)
        except TimeoutError:
            return Outcome.UNSURE
        except (StorageError, WriterBusy):
            return Outcome.REFUSED

    def _later(self, letter: Letter, attempt: int) -> None:
        def again() -> None:
            self._timers.discard(timer)
            self._put(letter, attempt + 1)

        timer = asyncio.get_running_loop().call_later(self._again_s[attempt], again)
        self._timers.add(timer)
