"""Breaks the device's pure core on purpose, one place at a time, and sees that a test notices: `python -m tests.mutation --help`.

Each mutant runs the quick tests in a copy of the repository's Python in a temporary folder. What survives is printed with its place and
its difference; `tests/device/SURVIVORS.md` lists those that are known and why they may live. Exits with 1 when there are others.
"""

import argparse
import random
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.device.core_modules import PURE, ROOT, source_of
from tests.mutation.field import Field, field
from tests.mutation.mutants import Mutant, mutants

SURVIVORS: Final = ROOT / "tests" / "device" / "SURVIVORS.md"
EVERY: Final = 100


def known() -> set[str]:
    """The names of the survivors that may live."""
    if not SURVIVORS.exists():
        return set()
    return set(re.findall(r"^- `(.*)`", SURVIVORS.read_text(encoding="utf-8"), re.MULTILINE))


def run(chosen: list[Mutant], fields: list[Field]) -> list[Mutant]:
    """Those that no test noticed; each is printed as it is found."""
    free: SimpleQueue[Field] = SimpleQueue()
    for each in fields:
        free.put(each)
    allowed = known()

    def judge(mutant: Mutant) -> bool:
        mine = free.get()
        try:
            lives = mine.survives(mutant)
        finally:
            free.put(mine)
        if lives:
            note = "known" if mutant.name in allowed else "SURVIVES"
            print(f"{note} {mutant.file}:{mutant.line}\n- `{mutant.name}`", flush=True)
        return lives

    survivors = []
    with ThreadPoolExecutor(len(fields)) as pool:
        for number, (mutant, lives) in enumerate(zip(chosen, pool.map(judge, chosen), strict=True), start=1):
            if lives and mutant.name not in allowed:
                survivors.append(mutant)
            if number % EVERY == 0:
                print(f"{number} tried", file=sys.stderr, flush=True)
    return survivors


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation", description="Break the device's core on purpose; a test must notice."
    )
    parser.add_argument("--most", type=int, default=0, help="so many mutants, chosen by the seed (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only mutants whose file and change contain this")
    options = parser.parse_args()
    everything = [mutant for name in PURE for mutant in mutants(source_of(name)) if options.only in mutant.name]
    chosen = everything
    if options.most:
        chosen = random.Random(options.seed).sample(everything, min(options.most, len(everything)))
    print(f"{len(chosen)} of {len(everything)} mutants, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="congtac-mutate-") as folder, ExitStack() as stack:
        fields = [stack.enter_context(field(Path(folder) / str(number))) for number in range(options.jobs)]
        if not all(each.passes() for each in fields):
            print("the tests fail without any mutant", file=sys.stderr)
            return 2
        survivors = run(chosen, fields)
    print(f"{len(chosen) - len(survivors)} noticed or known, {len(survivors)} not")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
