"""One running system with the small world on it, for all screens."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.end_to_end.screens.world import World, small_world

pytest.register_assert_rewrite("tests.end_to_end.screens.every_screen")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Who and what there is."""
    async with small_world(tmp_path_factory.mktemp("world")) as made:
        # names are looked up in a thread that the loop keeps: it is to be there before the first test, or it is taken for that test's
        await asyncio.get_running_loop().getaddrinfo("localhost", None)
        yield made
