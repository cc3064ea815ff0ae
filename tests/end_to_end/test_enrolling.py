"""A device's life with real processes: in by a code, once; replaced; revoked, and out for good within five seconds."""

import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from device.identity import read_identity
from protocol.link import LinkSettings, LinkState
from protocol.topics import everything_down
from tests.peer import Peer
from tests.processes import OWNER, System, running_system
from tests.program import Program
from tests.waiting import eventually, until

OUT_WITHIN_S = 5.0


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    async with running_system(tmp_path) as made:
        yield made


@pytest.fixture
async def lan(system: System) -> AsyncIterator[httpx.AsyncClient]:
    async with system.visitor(OWNER) as client:
        yield client


async def code_for(lan: httpx.AsyncClient, name: str) -> str:
    site = (await lan.get("/api/v1/snapshot")).json()["sites"][0]["id"]
    answer = await lan.post(f"/api/v1/sites/{site}/enrolments", json={"name": name})
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


async def enroll(system: System, code: str, path: Path, *more: str) -> tuple[int, str]:
    """What somebody types on the Pi; its exit code, and what it said."""
    command = [sys.executable, "-m", "device.cli", "enroll", system.url, code, "--identity", str(path), *more]
    log = path.with_suffix(".log")
    log.unlink(missing_ok=True)
    program = Program("enroll", command, log)
    await program.start()
    return await program.ended(30), program.said()


def pi(system: System, identity: Path, name: str) -> Program:
    """The agent on simulated pins, as `congtac-sim run` starts it, with a card of its own."""
    state = ["--state", str(system.folder / name), "--keepalive", "2", "--first-retry", "0.2", "--longest-retry", "0.5"]
    return Program(name, [sys.executable, "-m", "firmware_sim", "run", str(identity), *state], system.folder / f"{name}.log")


async def shown(lan: httpx.AsyncClient, device_id: str) -> dict[str, Any]:
    devices = (await lan.get("/api/v1/snapshot")).json()["devices"]
    return next((device for device in devices if device["id"] == device_id), {})


async def presence(lan: httpx.AsyncClient, device_id: str, wanted: str) -> None:
    async def is_so() -> bool:
        return (await shown(lan, device_id)).get("presence") == wanted

    await eventually(is_so, within_s=30)


async def switch(lan: httpx.AsyncClient, device_id: str, *, on: bool) -> httpx.Response:
    path = f"/api/v1/devices/{device_id}/channels/may-bom/commands"
    return await lan.post(path, json={"on": on}, headers={"Prefer": "wait=10"})


def session(system: System, identity: Path) -> Peer:
    """A session of the device's at the broker, which can be watched from inside the test."""
    who = read_identity(identity)
    secret, down = who.secret.get_secret_value(), everything_down(who.device_id)
    return Peer(LinkSettings("127.0.0.1", system.broker.port, who.device_id, secret, subscriptions=(down,), keepalive_s=60))


async def test_a_code_makes_a_device_that_appears_by_itself_and_obeys(system: System, lan: httpx.AsyncClient):
    """Checklist 1."""
    path = system.folder / "identity.json"
    code = await code_for(lan, "Trạm bơm")
    async with lan.stream("GET", "/api/v1/live") as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if line == "event: snapshot":
                break
        code_typed = code.lower().replace("-", " ")
        assert await enroll(system, code_typed, path) == (
            0,
            f"This device is Trạm bơm ({read_identity(path).device_id}); {path} is written.\n",
        )
        async for line in lines:
            if line == "event: device":
                break
        told = json.loads((await anext(lines)).removeprefix("data: "))
    identity = read_identity(path)
    assert (told["id"], told["name"], told["slug"], told["presence"]) == (identity.device_id, "Trạm bơm", "tram-bom", "offline")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(found.name for found in path.parent.glob("identity.json*")) == ["identity.json"]
    agent = pi(system, path, "pi")
    await agent.start()
    try:
        await presence(lan, identity.device_id, "online")
        assert (await switch(lan, identity.device_id, on=True)).json()["fate"] == "applied"
    finally:
        await agent.stop()


async def test_a_code_that_was_used_lets_nobody_else_in(system: System, lan: httpx.AsyncClient):
    """Checklist 1."""
    code = await code_for(lan, "Trạm bơm")
    first, second = system.folder / "first.json", system.folder / "second.json"
    assert (await enroll(system, code, first))[0] == 0
    status, said = await enroll(system, code, second)
    assert (status, said) == (
        1,
        "congtac-agent: the server refused: This code was used already. Ask the owner for a new one\n",
    )
    assert not second.exists()
    assert await enroll(system, code, first) == (
        1,
        f"congtac-agent: {first} is there: this device is enrolled already. To enroll it anew, add --again\n",
    )


async def test_a_lost_answer_is_asked_for_again_by_the_same_agent_and_one_secret_holds(system: System, lan: httpx.AsyncClient):
    """Checklist 1."""
    code, key = await code_for(lan, "Trạm bơm"), "k" * 43
    async with httpx.AsyncClient(base_url=system.url) as agent:
        lost = (await agent.post("/api/v1/enrol", json={"code": code, "key": key})).json()["identities"][0]
        got = (await agent.post("/api/v1/enrol", json={"code": code, "key": key})).json()["identities"][0]
        other = await agent.post("/api/v1/enrol", json={"code": code, "key": "o" * 43})
    assert (other.status_code, other.json()["code"]) == (410, "code_used")
    assert {**lost, "secret": ""} == {**got, "secret": ""}
    for identity, comes_in in ((lost, False), (got, True)):
        path = system.folder / f"{comes_in}.json"
        path.write_text(json.dumps(identity))
        path.chmod(0o600)
        async with session(system, path).running() as peer:
            if comes_in:
                await peer.up()
            else:
                await until(lambda states=peer.states: states.count(LinkState.WAITING) >= 2)  # type: ignore[misc]
                assert peer.times_up == 0
    assert len((await lan.get("/api/v1/snapshot")).json()["devices"]) == 1


async def test_a_revoked_device_is_out_within_five_seconds_for_good_and_its_history_stays(system: System, lan: httpx.AsyncClient):
    """Checklist 2."""
    path = system.folder / "identity.json"
    assert (await enroll(system, await code_for(lan, "Trạm bơm"), path))[0] == 0
    device_id = read_identity(path).device_id
    agent = pi(system, path, "pi")
    await agent.start()
    try:
        await presence(lan, device_id, "online")
        assert (await switch(lan, device_id, on=True)).json()["fate"] == "applied"
        answer = await lan.post(f"/api/v1/devices/{device_id}/revoke")
        assert (answer.status_code, answer.json()["broker_told"]) == (200, True)
        await until(lambda: "the connection ended" in agent.said(), within_s=OUT_WITHIN_S)
        await until(lambda: agent.said().count("the broker refused: Not authorized") >= 2, within_s=30)
    finally:
        await agent.stop()
    assert (await shown(lan, device_id))["presence"] == "revoked"
    refused = await switch(lan, device_id, on=False)
    assert (refused.status_code, refused.json()["code"]) == (409, "device_revoked")
    events = (await lan.get(f"/api/v1/devices/{device_id}/history")).json()["events"]
    assert "switched" in [event["kind"] for event in events]
    again = await lan.post(f"/api/v1/devices/{device_id}/enrolments")
    assert (again.status_code, again.json()["code"]) == (409, "device_revoked")
    await system.server.stop()
    await system.start_server()
    assert (await shown(lan, device_id))["presence"] == "revoked"
    assert device_id not in system.broker.credentials.users()


async def test_a_stolen_card_is_out_within_five_seconds_of_being_revoked(system: System, lan: httpx.AsyncClient):
    """Checklist 2. The thief has the identity and nothing else of ours: not even an agent that would go quietly."""
    path = system.folder / "identity.json"
    assert (await enroll(system, await code_for(lan, "Trạm bơm"), path))[0] == 0
    device_id = read_identity(path).device_id
    async with session(system, path).running() as thief:
        await thief.up()
        await lan.post(f"/api/v1/devices/{device_id}/revoke")
        await until(lambda: thief.link.state is not LinkState.UP, within_s=OUT_WITHIN_S)
        await until(lambda: thief.states.count(LinkState.CONNECTING) >= 4)
    assert thief.times_up == 1


async def test_new_hardware_takes_over_id_name_and_history_and_the_old_is_out(system: System, lan: httpx.AsyncClient):
    old_path, new_path = system.folder / "old.json", system.folder / "new.json"
    assert (await enroll(system, await code_for(lan, "Trạm bơm"), old_path))[0] == 0
    device_id = read_identity(old_path).device_id
    old, new = pi(system, old_path, "old-pi"), pi(system, new_path, "new-pi")
    await old.start()
    try:
        await presence(lan, device_id, "online")
        assert (await switch(lan, device_id, on=True)).json()["fate"] == "applied"
        code = (await lan.post(f"/api/v1/devices/{device_id}/enrolments")).json()["code"]
        assert (await enroll(system, code, new_path))[0] == 0
        await until(lambda: "the connection ended" in old.said(), within_s=OUT_WITHIN_S)
        assert read_identity(new_path).device_id == device_id
        await new.start()
        await presence(lan, device_id, "online")
        await until(lambda: "the broker refused: Not authorized" in old.said(), within_s=30)
        for on in (True, False):
            answer = (await switch(lan, device_id, on=on)).json()
            assert (answer["fate"], answer["read_back"]) == ("applied", on)
    finally:
        await old.stop()
        await new.stop()
    device = await shown(lan, device_id)
    assert (device["name"], device["slug"]) == ("Trạm bơm", "tram-bom")
    page = (await lan.get(f"/api/v1/devices/{device_id}/history")).json()["events"]
    switched = [event["on"] for event in reversed(page) if event["kind"] == "switched" and event["channel"] == "may-bom"]
    assert switched == [True, True, False]


async def test_who_guesses_codes_is_told_to_wait(system: System):
    async with httpx.AsyncClient(base_url=system.url) as guesser:
        answers = [await guesser.post("/api/v1/enrol", json={"code": "22222-22222", "key": "k" * 43}) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {404, 429}
    assert answers[-1].json()["code"] == "too_many_tries"
    assert int(answers[-1].headers["retry-after"]) >= 1
