"""Seeds that once found something, and what. They stay here for ever: `make faults SEEDS=found` runs them all.

Real processes on a real machine never do the same twice, so a seed says which faults come in which order, and not what they hit.
"""

from typing import Final

from tests.faults.run import Plan, Tried

FOUND: Final[dict[int, str]] = {
    1: "a full disk lost the fate of a command that its page had been told, and the last report of a channel; and an agent stood"
    " still for ever, with a pump on, when its link was cut while it sent a receipt",
    2: "a command that a half-open link had swallowed was sent again after a later one for the same channel",
    909299: "the same standing still, in an agent that answered a command in the moment of a cut: found by a long run",
    839396: "a hello that came late was taken for news: a command whose receipt was still on its way counted as never received",
    303408: "a connected device stayed `offline` for ever: the broker told of it just before the server's new link counted as up,"
    " and it was not asked",
    988622: "a hello vouched for a second that was still to come, after one that had been long on its way: a command that was just"
    " being sent was called expired, and then acted",
    642833: "a device had vouched that a command never came; then a copy of it came, while it did not know the time after a restart, and"
    " it answered `rejected` to what was called expired by then",
    240734: "nothing but a mistake of the checker: a lease counted for the wrong on-time",
}

SHORT: Final = (1, 2, 909299)
"""Those that run with every `make test`."""


def plan(seed: int) -> Plan:
    """A short run: long enough for some of everything."""
    least = Tried(commands=15, faults=6, moves=10)
    return Plan(seed, seconds=10, devices=3, people=6, pages=1, person_pace_s=0.6, nemesis_pace_s=0.6, least=least)
