"""`python -m tests.faults`: the long run of kills and cuts, one round of a few minutes after the other.

Each round has a seed of its own. A round that fails keeps its folder and says how to repeat it.
"""

import argparse
import asyncio
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.run import Outcome, Plan, run
from tests.faults.seeds import FOUND

ROUND_S = 180.0


def main() -> int:
    """0: every promise was kept in every round; 1: one was not."""
    options = _parser().parse_args()
    outcomes: list[Outcome] = []
    folder = Path(options.folder or tempfile.mkdtemp(prefix="congtac-faults-"))
    seeds = list(FOUND) if options.seeds == "found" else [int(seed) for seed in (options.seeds or "").split(",") if seed]
    end = time.monotonic() + options.minutes * 60
    number = 0
    while True:
        left_s = end - time.monotonic()
        if seeds:
            if number == len(seeds):
                break
            seconds = options.minutes * 60 / len(seeds)
        else:
            if left_s < 20 and outcomes:
                break
            seconds = min(ROUND_S, max(left_s - 30, 15.0))
        seed = seeds[number] if seeds else secrets.randbelow(10**6)
        number += 1
        outcome = asyncio.run(_round(Plan(seed, seconds), folder / f"seed-{seed}"))
        outcomes.append(outcome)
    failed = [outcome for outcome in outcomes if outcome.violations]
    _sum_up(outcomes, failed)
    if not failed and not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Break everything, and see that the promises hold."
    )
    parser.add_argument(
        "--seeds", help="these, as 1,2,3, sharing the minutes; `found`: all that ever failed; without it, random ones"
    )
    parser.add_argument("--minutes", type=float, default=3.0, help="how long in all (default 3)")
    parser.add_argument("--folder", help="where to keep what happens; without it, only failed rounds are kept")
    return parser


async def _round(plan: Plan, folder: Path) -> Outcome:
    # a run that is ended in the middle gives back what it mounted and ends what it started
    mine = asyncio.current_task()
    assert mine is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, mine.cancel)
    print(f"\nseed {plan.seed}, {plan.seconds:.0f} s, {plan.devices} devices, {plan.people} people", flush=True)
    outcome = await run(plan, folder, lambda line: print("  " + line, flush=True))
    print(f"  commands {outcome.commands}: {_counts(outcome.fates)}")
    print(f"  pin changes {outcome.moves}: {_counts(outcome.causes)}; records {outcome.records}")
    print(f"  answers: {_counts(outcome.answers)}")
    print(f"  faults {len(outcome.deeds)}: {_counts(Counter(deed.name for deed in outcome.deeds))}")
    for violation in outcome.violations:
        print(f"  VIOLATION {violation}")
    if not outcome.violations:
        shutil.rmtree(folder, ignore_errors=True)
    return outcome


def _sum_up(outcomes: list[Outcome], failed: list[Outcome]) -> None:
    fates: Counter[str] = sum((outcome.fates for outcome in outcomes), Counter())
    deeds = Counter(deed.name for outcome in outcomes for deed in outcome.deeds)
    print(
        f"\n{len(outcomes)} rounds, {sum(fates.values())} commands ({_counts(fates)}), {sum(deeds.values())} faults ({_counts(deeds)})"
    )
    for outcome in failed:
        seconds = outcome.plan.seconds / 60
        print(f"FAIL: {len(outcome.violations)} violations, kept in {outcome.folder}")
        print(f"  repeat with: make faults SEEDS={outcome.plan.seed} MINUTES={seconds:g}")
    print("FAIL" if failed else f"PASS: seeds {', '.join(str(outcome.plan.seed) for outcome in outcomes)}")


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


if __name__ == "__main__":
    sys.exit(main())
