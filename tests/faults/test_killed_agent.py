"""A power cut of the agent at every step of its work: it starts, its relays are in their boot state, and history tells.

The steps are those of its journal, and the moment after a pin moved. At the same steps other agents are killed without a power cut:
their relays keep their levels, and the next start goes on with what is still valid.
"""

import asyncio
import time
from pathlib import Path

import httpx

from protocol.messages import EventKind
from tests.faults.checker import check
from tests.faults.network import mono_ms, wall_minus_mono_ms
from tests.faults.people import Notes
from tests.faults.reading import read_history, read_levels
from tests.faults.run import die, until_quiet
from tests.faults.stage import Player, Stage, stage
from tests.faults.test_killed_server import ended, online
from tests.processes import OWNER
from tests.waiting import eventually, until

# A life's writes: the start, what the server has (only `begin` and the commit), the link's return, the intent, the answer.
STEPS = [f"{step}:{number}" for step in ("begin", "commit", "committed") for number in range(1, 6)]
STEPS += [f"{step}:{number}" for step in ("records", "outputs") for number in range(1, 5)]
STEPS += ["pin:7"]  # six outputs are claimed at a power-on; the seventh change is the command's
DEVICES = 12
DIES_WITHIN_S = 60


async def ask(client: httpx.AsyncClient, player: Player, on: bool) -> str | None:
    """Switch the lamp, whether the device is there or not; the command's id, None for a refusal."""
    path = f"/api/v1/devices/{player.id}/channels/den/commands"
    answer = await client.post(path, json={"on": on, "deliver": "when_online", "expires_in_s": 8}, headers={"Prefer": "wait=8"})
    return answer.json()["id"] if answer.is_success else None


async def die_at(player: Player, step: str, client: httpx.AsyncClient, *, cut: bool) -> bool:
    """Start it so that it dies at this step, and give it things to do until it does. Whether it died by itself."""
    await player.kill()
    if cut:
        player.cut_power()
    player.program._command += ["--die-at", step]
    await player.start()
    del player.program._command[-2:]
    asking = asyncio.create_task(keep_busy(client, player))
    try:
        await asyncio.wait_for(player.program._exit(), DIES_WITHIN_S)
    except TimeoutError:
        return False
    finally:
        player.died_mono_ms.append(mono_ms())
        asking.cancel()
        await asyncio.wait((asking,))
    return True


async def keep_busy(client: httpx.AsyncClient, player: Player) -> None:
    """First on, since a power-on begins with off: whatever dies is in the midst of a change."""
    while True:
        for on in (True, False):
            if await ask(client, player, on) is None:
                await asyncio.sleep(0.2)  # it has not told yet which channels it has


async def a_hard_life(system: Stage, number: int, client: httpx.AsyncClient) -> list[str]:
    """Each of this device's steps, one after the other; at its end it lives. The steps at which it did not die."""
    player, cut = system.players[number], number % 2 == 0
    survived = [step for step in STEPS[number::DEVICES] if not await die_at(player, step, client, cut=cut)]
    await player.kill()
    await eventually(lambda: nothing_is_due(client, player), within_s=30)  # else a wish of before may come true after the cut
    if cut:
        player.cut_power()
    await player.start()
    return survived


async def nothing_is_due(client: httpx.AsyncClient, player: Player) -> bool:
    """Whether every command for this device is settled, or its time is over."""
    answer = await client.get("/api/v1/commands", params={"device": player.id, "limit": 20})
    now_ms = time.time() * 1000
    under_way = ("waiting", "accepted", "published")
    return all(one["fate"] not in under_way or one["expires_ms"] <= now_ms for one in answer.json()["commands"])


async def test_dying_at_any_step_leaves_the_relays_safe_and_the_history_whole(tmp_path: Path):
    notes = Notes()
    async with stage(tmp_path / "system", DEVICES, die(1), start=False) as system, system.visitor(OWNER) as lan:
        lan.timeout = httpx.Timeout(30)
        offset = wall_minus_mono_ms()
        survived = await asyncio.gather(*(a_hard_life(system, number, lan) for number in range(DEVICES)))
        assert [step for steps in survived for step in steps] == []
        await asyncio.gather(*(online(lan, player) for player in system.players))
        for player in system.players[::2]:
            assert read_levels(player)["den"] is False, f"{player.name} after a power cut"
        last = [await ask(lan, player, False) for player in system.players]
        assert [await ended(lan, command or "none") for command in last] == ["applied"] * DEVICES
        await until_quiet(system, print)
        history = read_history(system.settings.data_dir / "congtac.db", system.players, notes, offset)
        history.end_mono_ms = mono_ms()
    assert [str(violation) for violation in check(history)] == []
    for device in history.devices.values():
        assert [event.kind for event in device.events()].count(EventKind.STARTED) >= 2


async def test_a_command_cut_short_between_pin_and_journal_is_told_as_interrupted(tmp_path: Path):
    notes = Notes()
    async with stage(tmp_path / "system", 1, die(1)) as system, system.visitor(OWNER) as lan:
        player, offset = system.players[0], wall_minus_mono_ms()
        await online(lan, player)
        asking = asyncio.create_task(die_at(player, "pin:1", lan, cut=False))
        await until(lambda: player.died_mono_ms and not player.program.running, 30)
        assert await asking
        assert read_levels(player)["den"] is True
        await player.start()
        await online(lan, player)
        await until(lambda: read_levels(player)["den"] is False)
        await until_quiet(system, print)
        history = read_history(system.settings.data_dir / "congtac.db", system.players, notes, offset)
        history.end_mono_ms = mono_ms()
    assert [str(violation) for violation in check(history)] == []
    assert "interrupted" in {command.reason for command in history.commands.values()}
