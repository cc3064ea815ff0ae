"""One running system with the small world on it, for all screens."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.end_to_end.screens.world import World, small_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Who and what there is."""
    async with small_world(tmp_path_factory.mktemp("world")) as made:
        yield made
