"""Everything breaks, by a few fixed seeds, and no promise does. The long run is `make faults`."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.faults.run import Tried, run
from tests.faults.seeds import SHORT, plan


@pytest.mark.parametrize("seed", SHORT)
async def test_no_promise_breaks_whatever_else_does(seed: int, tmp_path: Path):
    outcome = await run(plan(seed), tmp_path / "system", print)
    if outcome.violations:
        kept = shutil.copytree(outcome.folder, tempfile.mkdtemp(prefix=f"congtac-faults-{seed}-"), dirs_exist_ok=True)
        pytest.fail("\n".join([*map(str, outcome.violations), f"all that happened is kept in {kept}"]), pytrace=False)
    assert Tried(outcome.commands, len(outcome.deeds), outcome.moves).holds(plan(seed).least)


def test_a_run_has_tried_enough_when_it_has_the_least_of_everything():
    least = Tried(commands=2, faults=3, moves=4)
    assert [Tried(*many).holds(least) for many in ((2, 3, 4), (1, 9, 9), (9, 2, 9), (9, 9, 3))] == [True, False, False, False]
