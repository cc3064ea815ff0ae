"""The fake application, called in memory and over a real port."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.server.web.fake_app import FakeBackend, build


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
async def client(backend: FakeBackend) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(backend))
    async with httpx.AsyncClient(transport=transport, base_url="http://congtac.test") as inside:
        yield inside
