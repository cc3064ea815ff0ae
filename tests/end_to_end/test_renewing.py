"""A device's secret is renewed with real processes: the old one is worthless, and whatever is killed on the way, the device comes back."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from broker_config import new_secret
from device.identity import Identity, read_identity, write_identity
from protocol.codec import encode
from protocol.link import LinkSettings, LinkState
from protocol.messages import NewSecret
from protocol.secret import hash_of_secret
from protocol.topics import Topic
from tests.peer import Peer
from tests.processes import OWNER, SimulatedDevice, System, running_system
from tests.waiting import eventually, until


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    async with running_system(tmp_path) as made:
        yield made


@pytest.fixture
async def lan(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with system.visitor(OWNER) as client:
        yield client


@pytest.fixture
async def pump(system: System, lan: httpx.AsyncClient) -> SimulatedDevice:
    device = await system.add_device("Trạm bơm")
    await presence(lan, device, "online")
    return device


def identity_file(system: System) -> Path:
    return system.folder / "identity-0.json"


def peer_with(system: System, identity: Identity) -> Peer:
    secret = identity.secret.get_secret_value()
    return Peer(LinkSettings("127.0.0.1", system.broker.port, identity.device_id, secret, keepalive_s=60))


async def presence(lan: httpx.AsyncClient, device: SimulatedDevice, wanted: str) -> None:
    async def is_so() -> bool:
        found = (await lan.get("/api/v1/snapshot")).json()["devices"]
        return {it["id"]: it["presence"] for it in found}.get(device.id) == wanted

    await eventually(is_so, within_s=60)


async def renew(lan: httpx.AsyncClient, device: SimulatedDevice) -> httpx.Response:
    return await lan.post(f"/api/v1/devices/{device.id}/renew")


async def switched(lan: httpx.AsyncClient, device: SimulatedDevice, *, on: bool) -> str:
    path = f"/api/v1/devices/{device.id}/channels/may-bom/commands"
    fate: str = (await lan.post(path, json={"on": on}, headers={"Prefer": "wait=10"})).json()["fate"]
    return fate


async def test_the_old_secret_is_worthless_the_new_one_holds_and_no_relay_moved(
    system: System, lan: httpx.AsyncClient, pump: SimulatedDevice
):
    before = read_identity(identity_file(system))
    assert await switched(lan, pump, on=True) == "applied"
    answer = await renew(lan, pump)
    assert (answer.status_code, answer.json()) == (200, {"id": pump.id, "broker_told": True})
    await until(lambda: read_identity(identity_file(system)).secret != before.secret, within_s=60)
    await presence(lan, pump, "online")
    after = read_identity(identity_file(system))
    assert (after.next_secrets, after.model_copy(update={"secret": before.secret})) == ((), before)
    async with peer_with(system, before).running() as thief:
        await until(lambda: thief.states.count(LinkState.CONNECTING) >= 3)
    assert thief.times_up == 0
    assert pump.history("may-bom") == [True]
    assert await switched(lan, pump, on=False) == "applied"
    assert pump.history("may-bom") == [True, False]


@pytest.mark.parametrize("taken", [True, False], ids=["the broker took it", "the broker never heard of it"])
async def test_killed_in_the_middle_of_a_renewal_a_device_comes_back_with_whichever_secret_holds(
    system: System, lan: httpx.AsyncClient, pump: SimulatedDevice, taken: bool
):
    await pump.program.kill()
    secret, before = new_secret(), read_identity(identity_file(system))
    write_identity(identity_file(system), before.offering(secret))
    if taken:
        credentials = system.broker.credentials
        credentials.exchange(pump.id, credentials.hash_of(pump.id) or "", hash_of_secret(secret))
        await system.broker.reload()
    await presence(lan, pump, "offline")
    await pump.program.start()
    await presence(lan, pump, "online")
    kept = read_identity(identity_file(system))
    expected = before.offering(secret)
    assert kept == (expected.let_in_by(expected.next_secrets[0]) if taken else expected)
    assert (await renew(lan, pump)).status_code == 200
    await until(lambda: read_identity(identity_file(system)).secret not in (before.secret, *expected.next_secrets), within_s=60)
    await presence(lan, pump, "online")
    assert await switched(lan, pump, on=True) == "applied"


async def test_a_secret_that_nobody_asked_for_is_not_taken(system: System, lan: httpx.AsyncClient, pump: SimulatedDevice):
    identity = read_identity(identity_file(system))
    await pump.program.stop()
    before = system.broker.credentials.hash_of(pump.id)
    async with peer_with(system, identity).running() as thief:
        await thief.up()
        offer = NewSecret(renewal="a" * 16, secret_hash=hash_of_secret(new_secret()))
        thief.say(Topic.SECRET.of(pump.id), encode(offer))
        refused = await renew(lan, pump)
    assert (refused.status_code, refused.json()["code"]) == (409, "device_offline")
    await pump.program.start()
    await presence(lan, pump, "online")
    assert system.broker.credentials.hash_of(pump.id) == before
