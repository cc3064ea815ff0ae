"""What tests of the whole agent share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.device.house import House, with_both_on
from tests.device.site import Site, site_in


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with site_in(tmp_path) as made:
        yield made


@pytest.fixture
def house(tmp_path: Path) -> House:
    return with_both_on(tmp_path)
