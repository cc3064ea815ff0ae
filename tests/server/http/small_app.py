"""A small application inside everything that surrounds the real one, with pages that only say which they are."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
from fastapi import Body, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from server.db import StorageError, WriterBusy
from server.errors import Problem
from server.http import install_problems, surround

LIMIT = 2048
ADDRESS = "https://congtac.example.org"


class PlainPages:
    """Pages that are their own name and context."""

    def render(self, request: Request, name: str, *, status_code: int = 200, **context: Any) -> Response:  # noqa: ARG002
        return HTMLResponse(f"<p>{name} {context}</p>", status_code)

    def render_error(self, request: Request, status: int, code: str = "", *, after_s: int | None = None) -> Response:  # noqa: ARG002
        return HTMLResponse(f"<p>error {status}{f' {after_s} s' if after_s else ''}</p>", status)


def small_app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.pages = PlainPages()
    install_problems(app)
    surround(app, address=ADDRESS, body_limit_bytes=LIMIT)
    _routes(app)
    return app


def _routes(app: FastAPI) -> None:
    errors = {
        "teapot": Problem(418, "teapot", detail="Only tea.", extra={"cups": 2}, headers={"X-Tea": "green"}),
        "busy": WriterBusy(7),
        "storage": StorageError("the disk /var/lib is full"),
        "bug": LookupError("secret inside"),
    }

    @app.get("/api/fail/{how}")
    async def fail(how: str) -> None:
        raise errors[how]

    @app.get("/fail/{how}")
    async def fail_page(how: str) -> None:
        raise errors[how]

    @app.post("/api/switch")
    async def switch(on: Annotated[bool, Body()], for_s: Annotated[int, Body(ge=1)] = 1) -> dict[str, Any]:
        return {"on": on, "for_s": for_s}

    @app.post("/api/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    @app.get("/large")
    async def large() -> Response:
        return HTMLResponse("<p>" + "word " * 1000)

    @app.get("/cached")
    async def cached() -> Response:
        return JSONResponse({}, headers={"Cache-Control": "max-age=60", "Content-Security-Policy": "default-src *"})

    @app.get("/stream")
    async def stream() -> Response:
        return StreamingResponse(_ticks(), media_type="text/event-stream")


async def _ticks() -> AsyncIterator[bytes]:
    yield b"data: " + b"one " * 1000 + b"\n\n"
    await asyncio.sleep(0)
    yield b"data: two\n\n"


def client(app: FastAPI, base: str = "http://congtac.test") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)
