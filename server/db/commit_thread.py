"""A thread that waits for the disk, so that the event loop need not."""

import asyncio
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread

Call = Callable[[], None]
Order = tuple[Call, Sequence[Call], asyncio.Future[None], asyncio.AbstractEventLoop]


class CommitThread:
    """Makes calls one after the other. Does less for each than a ThreadPoolExecutor, whose own work takes as long as a commit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._thread: Thread | None = None

    def run(self, call: Call, meanwhile: Sequence[Call] = ()) -> asyncio.Future[None]:
        """Have the thread make this call; the future is done when it has, or has what it raised.

        What is to be done meanwhile is called in the loop once the thread is about to begin. Before that it would only keep the thread
        from beginning, which needs the interpreter's lock for it.
        """
        if self._thread is None:
            self._thread = Thread(target=self._work, name=self._name)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._orders.put((call, meanwhile, done, loop))
        return done

    def close(self) -> None:
        """Wait for the call that is being made, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._orders.put(None)
            thread.join()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            call, meanwhile, done, loop = order
            error: Exception | None = None
            for other in meanwhile:
                loop.call_soon_threadsafe(other)
            try:
                call()
            except Exception as raised:  # noqa: BLE001 (it is handed to whoever waits)
                error = raised
            loop.call_soon_threadsafe(_settle, done, error)


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return  # whoever waited was cancelled
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
