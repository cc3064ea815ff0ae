"""kill -9 of the server between accepting a command and publishing it: it is never silently lost, and its client can ask."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.faults.reading import opened, read_commands, read_levels
from tests.faults.run import die
from tests.faults.stage import Player, Stage, stage
from tests.processes import OWNER
from tests.proxy import Way
from tests.waiting import until


@asynccontextmanager
async def one_device(folder: Path) -> AsyncIterator[tuple[Stage, Player, httpx.AsyncClient]]:
    """A system with one device that is online, and Lan's client."""
    async with stage(folder, 1, die(1)) as system, system.visitor(OWNER) as lan:
        player = system.players[0]
        await online(lan, player)
        yield system, player, lan


async def online(client: httpx.AsyncClient, player: Player) -> None:
    for _ in range(600):
        shown = (await client.get("/api/v1/snapshot")).json()
        if {device["id"]: device["presence"] for device in shown["devices"]}.get(player.id) == "online":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{player.name} is not online")


def rows(system: Stage) -> list[str]:
    """The fates of all commands, as they are on disk."""
    with opened(system.settings.data_dir / "congtac.db") as connection:
        return [command.fate for command in read_commands(connection)]


async def ask(client: httpx.AsyncClient, player: Player, key: str, **more: object) -> httpx.Response | None:
    """Switch the lamp on; None when the server died before it answered."""
    path = f"/api/v1/devices/{player.id}/channels/den/commands"
    try:
        return await client.post(path, json={"on": True} | more, headers={"Idempotency-Key": key, "Prefer": "wait=5"})
    except httpx.TransportError:
        return None


async def ended(client: httpx.AsyncClient, command_id: str) -> str:
    """Its fate, once it is settled."""
    for _ in range(400):
        fate: str = (await client.get(f"/api/v1/commands/{command_id}")).json()["fate"]
        if fate not in ("accepted", "waiting", "published", "unconfirmed"):
            return fate
        await asyncio.sleep(0.05)
    raise AssertionError(f"{command_id} is still {fate}")


async def accepted_and_not_sent(system: Stage, player: Player, lan: httpx.AsyncClient, key: str, **more: object) -> None:
    """Kill the server in the moment that the command is on its disk, while its words do not get through."""
    system.server_network.stall(Way.UP)
    before = len(rows(system))
    asking = asyncio.create_task(ask(lan, player, key, **more))
    await until(lambda: len(rows(system)) > before)
    await system.server.kill()
    assert await asking is None
    system.server_network.cut()
    system.server_network.heal()


async def test_a_command_that_was_accepted_and_not_sent_is_sent_within_its_time_or_expired(tmp_path: Path):
    async with one_device(tmp_path / "system") as (system, player, lan):
        late, in_time = secrets.token_hex(8), secrets.token_hex(8)
        await accepted_and_not_sent(system, player, lan, late, expires_in_s=1)
        await asyncio.sleep(1)  # what is waited for is that time passes
        await system.start_server("/healthz")
        answer = await ask(lan, player, late)
        assert answer is not None
        assert await ended(lan, answer.json()["id"]) == "expired"
        assert read_levels(player)["den"] is False

        await online(lan, player)
        await accepted_and_not_sent(system, player, lan, in_time, expires_in_s=30)
        assert read_levels(player)["den"] is False
        await system.start_server("/healthz")
        answer = await ask(lan, player, in_time)
        assert answer is not None
        assert await ended(lan, answer.json()["id"]) == "applied"
        assert read_levels(player)["den"] is True
        assert len(rows(system)) == 2


async def test_killed_at_any_moment_of_a_command_the_next_run_tells_what_became_of_it(tmp_path: Path):
    async with one_device(tmp_path / "system") as (system, player, lan):
        for moment in range(1, 3):
            key, on = secrets.token_hex(8), moment % 2 == 0
            asking = asyncio.create_task(ask(lan, player, key, on=on, expires_in_s=2))
            await asyncio.sleep(0.004 * moment)
            await system.server.kill()
            told = await asking
            await system.start_server()
            await online(lan, player)
            before = read_levels(player)["den"]
            answer = await ask(lan, player, key, on=on, expires_in_s=2)
            assert answer is not None
            fate = await ended(lan, answer.json()["id"])
            assert fate in ("applied", "expired")
            assert read_levels(player)["den"] is (on if fate == "applied" else before)
            if told is not None:
                assert (told.json()["id"], told.json()["fate"]) == (answer.json()["id"], fate)
