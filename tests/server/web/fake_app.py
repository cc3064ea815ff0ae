"""A small application around the pages: a backend that tells what a test put into it, a live stream, a place for commands."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from server.web import WebBackend, prepare, render, render_error, router
from tests.server.web.world import demo

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
Answer = tuple[int, dict[str, Any] | None]


@dataclass
class Lan:
    user_id: str = "u1"
    name: str = "Lan"
    guest: object | None = None


@dataclass
class FakeBackend:
    """Tells `current` to whoever is signed in. `commands`: what was posted; `answer`: how posts are answered, None holds them; one
    without a content breaks off after its head.
    """

    current: dict[str, Any] = field(default_factory=demo)
    who: Lan | None = field(default_factory=Lan)
    streaming: bool = True
    answer: Answer | None = None
    commands: list[dict[str, Any]] = field(default_factory=list)
    streams: list[asyncio.Queue[bytes | None]] = field(default_factory=list)

    async def viewer(self, request: Request) -> Lan | None:  # noqa: ARG002
        return self.who

    def snapshot(self, viewer: object) -> dict[str, Any]:  # noqa: ARG002
        return self.current


def build(backend: FakeBackend) -> FastAPI:
    app = FastAPI()
    typed: WebBackend = backend
    app.state.web = typed
    app.include_router(router)
    prepare()
    _add_pages(app)
    _add_api(app, backend)

    @app.middleware("http")
    async def policy(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


def _add_pages(app: FastAPI) -> None:
    @app.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        return render(request, "sign_in.html")

    @app.get("/enter/{code}")
    async def enter(request: Request, code: str) -> Response:  # noqa: ARG001
        return render(request, "sign_in_link.html")

    @app.get("/fail/{status}")
    async def fail(request: Request, status: int, code: str = "", after_s: int | None = None) -> Response:
        return render_error(request, status, code, after_s=after_s)

    @app.exception_handler(404)
    async def missing(request: Request, _: Exception) -> Response:
        return render_error(request, 404)


def _add_api(app: FastAPI, backend: FakeBackend) -> None:
    @app.get("/api/v1/snapshot")
    async def whole() -> Response:
        return JSONResponse(backend.current if backend.who else {}, 200 if backend.who else 401)

    @app.post("/api/v1/devices/{device}/channels/{channel}/commands")
    async def command(request: Request, device: str, channel: str) -> Response:
        body = await request.json()
        backend.commands.append({"device": device, "channel": channel, "key": request.headers["idempotency-key"], **body})
        while backend.answer is None:  # noqa: ASYNC110 (set by the thread of the test)
            await asyncio.sleep(0.02)
        status, content = backend.answer
        return StreamingResponse(_broken_off(backend), status) if content is None else JSONResponse(content, status)

    @app.post("/devices/{device}/channels/{channel}")
    async def by_form(request: Request, device: str, channel: str) -> Response:
        form = await request.form()
        backend.commands.append({"device": device, "channel": channel, "on": form["on"] == "true"})
        return Response(status_code=303, headers={"Location": "/"})

    @app.get("/api/v1/live")
    async def live() -> Response:
        if not backend.streaming or backend.who is None:
            return Response(status_code=401 if backend.who is None else 503)
        return StreamingResponse(_events(backend), media_type="text/event-stream")


async def _broken_off(backend: FakeBackend) -> AsyncIterator[bytes]:
    yield b'{"id":'
    while backend.answer is not None and backend.answer[1] is None:  # noqa: ASYNC110 (set by the thread of the test)
        await asyncio.sleep(0.02)


async def _events(backend: FakeBackend) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    queue.put_nowait(_event("snapshot", backend.current))
    backend.streams.append(queue)
    try:
        while (item := await queue.get()) is not None:
            yield item
    finally:
        if queue in backend.streams:
            backend.streams.remove(queue)


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


class Running:
    """The application on a free port of this machine, in a thread of its own."""

    def __init__(self) -> None:
        self.backend = FakeBackend()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(build(self.backend), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)
        self._runs = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._runs.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        assert not self._thread.is_alive()

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """An event to every open stream."""
        item = _event(kind, data)
        self._put(item)

    def cut(self) -> None:
        """End every stream, and refuse new ones."""
        self.backend.streaming = False
        self._put(None)

    def _put(self, item: bytes | None) -> None:
        for queue in list(self.backend.streams):
            self._loop.call_soon_threadsafe(queue.put_nowait, item)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._runs.set()
            runner.run(self._server.serve([self._socket]))
