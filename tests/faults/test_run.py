"""Everything breaks, by a few fixed seeds, and no promise does. The long run is `make faults`."""

from pathlib import Path

import pytest

from tests.faults.run import run
from tests.faults.seeds import FIXED, plan


@pytest.mark.parametrize("seed", sorted(FIXED))
async def test_no_promise_breaks_whatever_else_does(seed: int, tmp_path: Path):
    outcome = await run(plan(seed), tmp_path / "system", print)
    assert [str(violation) for violation in outcome.violations] == []
    assert outcome.commands >= 30
    assert len(outcome.deeds) >= 8
    assert outcome.moves >= 10
