"""Running the application on a socket until a signal, or until one of its tasks fails."""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from server.app import create_app
from server.http.parser import Protocol
from server.opening import StartError
from server.settings import Settings

GRACE_S: Final = 5
BACKLOG: Final = 2048
VANISHED_MS: Final = 45_000
"""A phone that is gone without a word, as where its network broke down, is given up after so long without an answer. Linux itself tries
for a quarter of an hour, and each try of the phone to come back would take one more place for live streams.
"""


class _Server(uvicorn.Server):
    """uvicorn without its own signals: it would raise them again before the application has closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to `serve`."""
        yield


async def serve(settings: Settings, *, on_ready: Callable[[FastAPI], None] = lambda _app: None) -> None:
    """Serve until SIGTERM or SIGINT. A second signal does not wait for open requests. Raises StartError, and what ended a task.

    `on_ready` is called once the application is open and the port is bound.
    """
    with bound_socket(settings.host, settings.port) as listening:
        app = create_app(settings)
        uvicorn_server = _Server(_config(app, settings))
        async with app.router.lifespan_context(app):
            with _signals(uvicorn_server, app.state.stopping):
                _build_routes(app)
                on_ready(app)
                gc.collect()
                gc.freeze()  # what was loaded stays: full collections need not walk it again and again
                await uvicorn_server.serve(sockets=[listening])


def _build_routes(app: FastAPI) -> None:
    """Now, and not when the first visitor comes: he would wait for it, and all that it leaves would be walked by each full collection."""
    for _ in iter_route_contexts(app.routes):
        pass


def bound_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises StartError with a hint where the port is taken or may not be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        code = getattr(error, "errno", None)
        reasons = {
            errno.EADDRINUSE: "another program listens there. Stop it, or choose another port with --port",
            errno.EACCES: "ports below 1024 need a privilege. Choose another with --port",
            errno.EADDRNOTAVAIL: "this machine has no such address. Choose another with --host",
        }
        raise StartError(f"cannot listen on {host}:{port}: {reasons.get(code or 0, str(error))}") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_MS)  # for each connection that it accepts
    return listening


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
    )


@contextmanager
def _signals(uvicorn_server: _Server, stopping: asyncio.Event) -> Iterator[None]:
    def stop() -> None:
        uvicorn_server.force_exit = uvicorn_server.should_exit
        uvicorn_server.should_exit = True
        stopping.set()

    loop = asyncio.get_running_loop()
    handled = (signal.SIGINT, signal.SIGTERM)
    for number in handled:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
