"""A card that said "written" before it was: a power cut takes what the server has of it already, and the history stays whole."""

import shutil
from pathlib import Path
from typing import Any

import httpx

from tests.faults.run import die
from tests.faults.stage import Player, stage
from tests.faults.test_killed_agent import ask
from tests.faults.test_killed_server import ended, online
from tests.processes import OWNER
from tests.waiting import eventually


async def events(client: httpx.AsyncClient, player: Player) -> list[tuple[str, str]]:
    """All that the history tells of the device, the oldest first: by which journal, and in a few words what."""
    answer = await client.get(f"/api/v1/devices/{player.id}/history", params={"limit": 100})
    return [(event["journal"], words(event)) for event in reversed(answer.json()["events"])]


def words(event: dict[str, Any]) -> str:
    """One event in a few words."""
    level = {True: "on", False: "off", None: ""}[event["on"]]
    return " ".join(part for part in (event["kind"], event["channel"], level) if part)


async def switched(client: httpx.AsyncClient, player: Player, on: bool) -> str:
    """The fate of a command for the lamp."""
    return await ended(client, await ask(client, player, on) or "none")


async def test_what_happens_after_a_card_lost_its_last_writes_is_in_the_history_and_so_is_what_it_lost(tmp_path: Path):
    async with stage(tmp_path / "system", 1, die(1)) as system, system.visitor(OWNER) as lan:
        (player,) = system.players
        await online(lan, player)
        assert await switched(lan, player, True) == "applied"
        await player.kill()
        shutil.copytree(player.state, tmp_path / "card")
        await player.start()
        await online(lan, player)
        assert await switched(lan, player, False) == "applied"
        await eventually(lambda: is_in(lan, player, "switched den off", after=0))  # answered a moment before it is in the history
        before = await events(lan, player)
        assert [event for _, event in before] == ["started", "switched den on", "started", "switched den off"]

        await player.kill()
        player.cut_power()
        shutil.copytree(tmp_path / "card", player.state, dirs_exist_ok=True)
        await player.start()
        await online(lan, player)
        assert await switched(lan, player, True) == "applied"
        await eventually(lambda: is_in(lan, player, "switched den on", after=len(before)))
        told = await events(lan, player)
        since = told[len(before) :]
        assert told[: len(before)] == before
        assert {event for _, event in since} == {"lost", "started", "switched den off", "switched den on"}
        assert len(since) == 4
        assert len({journal for journal, _ in before}) == len({journal for journal, _ in since}) == 1
        assert before[0][0] != since[0][0]


async def is_in(client: httpx.AsyncClient, player: Player, event: str, *, after: int) -> bool:
    """Whether that is told of the device, past so many events."""
    return event in [told for _, told in (await events(client, player))[after:]]
