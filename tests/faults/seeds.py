"""Seeds that run with every `make test`, and what each of them once found. A seed that ever failed stays here for ever."""

from typing import Final

from tests.faults.run import Plan

FIXED: Final[dict[int, str]] = {
    1: "a full disk lost the fate of a command that its page had been told, and the last report of a channel",
    2: "a command that a half-open link had swallowed was sent again after a later one for the same channel",
}


def plan(seed: int) -> Plan:
    """A short run: long enough for some of everything."""
    return Plan(seed, seconds=15, devices=4, people=6, pages=1, person_pace_s=0.8, nemesis_pace_s=0.8)
