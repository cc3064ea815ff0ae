"""`python -m bench.echo PORT USER`, with the secret in the environment: says everything back, until SIGTERM."""

import asyncio
import os
import signal
import sys
from typing import Final

import uvloop

from bench.raw import FROM_ECHO, TO_ECHO, link_settings
from protocol.link import Link, LinkState, Received

SECRET: Final = "BENCH_ECHO_SECRET"  # noqa: S105 (the variable's name)
READY: Final = "the echo is ready"


async def serve(port: int, user: str, secret: str) -> None:
    """Answer until SIGTERM."""

    def answer(message: Received) -> None:
        link.publish(FROM_ECHO, message.payload)

    def tell(state: LinkState) -> None:
        if state is LinkState.UP:
            print(READY, flush=True)

    link = Link(link_settings(port, user, secret, TO_ECHO), on_message=answer, on_state=tell)
    running = asyncio.create_task(link.run(), name="raw echo")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    await asyncio.wait((running,))


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], os.environ[SECRET]))
