"""The signing key is replaced beside a running server: no device is lost, and in the end the old key moves nothing."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from broker_config import new_secret
from device.identity import read_identity
from protocol.ids import new_command_id
from protocol.link import LinkSettings
from protocol.messages import Command
from protocol.signing import SigningKey
from protocol.topics import Topic
from server.broker.key_ring import key_ring
from server.clock import now_ms
from tests.peer import Peer
from tests.processes import OWNER, SimulatedDevice, System, environ_of, running_system
from tests.program import Program
from tests.waiting import eventually, until


async def rotate(system: System, *words: str) -> tuple[int, Any]:
    """What an operator types, with the answer as JSON, or the line that refuses it."""
    log = system.folder / "rotate.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "congtac", "admin", "rotate-signing-key", *words, "--json"]
    program = Program("rotate", command, log, environ_of(system.settings))
    await program.start()
    status = await program.ended(60)
    return status, json.loads(program.said()) if status == 0 else program.said()


async def presence(lan: httpx.AsyncClient, device: SimulatedDevice, wanted: str) -> None:
    async def is_so() -> bool:
        found = (await lan.get("/api/v1/snapshot")).json()["devices"]
        return {it["id"]: it["presence"] for it in found}.get(device.id) == wanted

    await eventually(is_so, within_s=60)


async def switched(lan: httpx.AsyncClient, device: SimulatedDevice, *, on: bool) -> str:
    path = f"/api/v1/devices/{device.id}/channels/may-bom/commands"
    answer = await lan.post(path, json={"on": on}, headers={"Prefer": "wait=10"})
    fate: str = answer.json()["fate"]
    return fate


def keys_of(system: System, number: int) -> tuple[str, ...]:
    return read_identity(system.folder / f"identity-{number}.json").server_keys


async def test_the_signing_key_is_replaced_and_no_device_is_lost_on_the_way(tmp_path: Path):
    async with running_system(tmp_path) as system, system.visitor(OWNER) as lan:
        near, away = await system.add_device("Gần"), await system.add_device("Xa")
        await presence(lan, near, "online")
        await presence(lan, away, "online")
        await away.program.stop()
        old = key_ring(system.settings.data_dir)

        status, told = await rotate(system, "start")
        assert (status, len(told["keys"])) == (0, 2)
        ring = key_ring(system.settings.data_dir)
        await until(lambda: keys_of(system, 0) == tuple(ring.publics), within_s=30)
        assert keys_of(system, 1) == tuple(old.publics)
        assert await switched(lan, near, on=True) == "applied"

        async def only_one_lacks_it() -> bool:
            return (await rotate(system, "status"))[1]["lacking"] == [away.id]

        await eventually(only_one_lacks_it, within_s=30)
        status, told = await rotate(system, "finish")
        assert (status, f"Xa ({away.id})" in told) == (1, True)

        await system.server.stop()
        await system.start_server()
        await away.program.start()
        await presence(lan, away, "online")
        await until(lambda: keys_of(system, 1) == tuple(ring.publics), within_s=30)
        assert await switched(lan, away, on=True) == "applied"

        async def all_have_it() -> bool:
            return (await rotate(system, "finish"))[0] == 0

        await eventually(all_have_it, within_s=30)
        new = key_ring(system.settings.data_dir)
        assert new.publics == ring.publics[1:]
        await until(lambda: keys_of(system, 0) == keys_of(system, 1) == tuple(new.publics), within_s=30)
        await near.program.stop()
        await near.program.start()
        await presence(lan, near, "online")
        for device in (near, away):
            assert await switched(lan, device, on=False) == "applied"
        await forged(system, near, old.newest)
        assert await switched(lan, near, on=False) == "applied"
        assert near.history("may-bom") == [True, False]


async def forged(system: System, device: SimulatedDevice, key: SigningKey) -> None:
    """A thief with the retired key, and with the broker, wants the pump on."""
    at = now_ms()
    wish = {"aud": device.id, "jti": new_command_id(at), "iat_ms": at, "exp_ms": at + 60_000, "channel": "may-bom", "on": True}
    system.broker.credentials.add("server", secret := new_secret())
    await system.server.stop()
    await system.broker.reload()
    async with Peer(LinkSettings("127.0.0.1", system.broker.port, "server", secret)).running() as thief:
        await thief.up()
        thief.say(Topic.COMMAND.of(device.id), key.sign(Command.model_validate({**wish, "actor": "thief"})))
        await until(lambda: thief.acks == [True])
        await until(lambda: "a command was refused" in device.program.said(), within_s=30)
    system.broker.credentials.add("server", system._secret)
    await system.broker.reload()
    await system.start_server()
