"""Nonsense on every topic, up and down: agent and server stay up, say so, count it, and go on doing what they are for."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from protocol.messages import MESSAGES
from protocol.topics import Topic, topic_base
from tests.broker_config.client import Login, TestClient
from tests.processes import SimulatedDevice, System, running_system
from tests.waiting import eventually

ROUNDS = 250
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.just("0" * 16),
    st.just("<script>"),
    st.just(2**53 - 1),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)
ODD = st.sampled_from(
    [
        b"", b"{}", b"[]", b"null", b"NaN", b"{" * 900, b"[" * 900, b'{"v":1e999}', b'{"v":99}', b"\xff\xfe\x00", "Ｏ\u202e".encode(),
        b"x" * 60_000, b'{"session":"' + b"a" * 3000, b"-" * 400, b"a.b.c", b"..", b"eyJhbGciOiJub25lIn0.e30.",
    ]
)  # fmt: skip


def shaped(topic: Topic) -> st.SearchStrategy[bytes]:
    """A message of that topic's fields, each with any value."""
    fields = dict.fromkeys(MESSAGES[topic].model_fields, VALUES)
    return st.fixed_dictionaries({}, optional=fields).map(lambda it: json.dumps({"v": 1, **it}, default=str).encode())


def payloads(topic: Topic) -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=300), ODD, VALUES.map(lambda it: json.dumps(it).encode()), shaped(topic))


@st.composite
def words(draw: Callable[[st.SearchStrategy[Any]], Any], device_ids: tuple[str, ...]) -> tuple[str, bytes, bool]:
    """(topic, payload, retained): of a device's topics, or of some that nobody knows."""
    topic, device_id = draw(st.sampled_from(list(Topic))), draw(st.sampled_from(device_ids))
    base = topic_base(device_id)
    named = draw(
        st.sampled_from([topic.of(device_id)] * 6 + [f"{base}/up/x", f"{base}/down/x", f"congtac/1/z/{device_id}/{topic.path}"])
    )
    return named, draw(payloads(topic)), draw(st.booleans())


def babble(system: System, device_ids: tuple[str, ...]) -> int:
    said = 0
    with TestClient(system.broker.port, Login("thief", system.rivals["thief"], "thief")) as thief:

        @settings(
            max_examples=ROUNDS, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(words(device_ids))
        def say(word: tuple[str, bytes, bool]) -> None:
            nonlocal said
            thief.publish(word[0], word[1], retain=word[2])
            said += 1

        say()
        for device_id in device_ids:  # the broker must not keep it for the next start
            for topic in Topic:
                thief.publish(topic.of(device_id), b"", retain=True)
    return said


async def switched(system: System, device: SimulatedDevice, on: bool) -> str:
    async with system.visitor() as lan:
        path = f"/api/v1/devices/{device.id}/channels/may-bom/commands"
        answer = await lan.post(
            path, json={"on": on, "deliver": "when_online", "expires_in_s": 60}, headers={"Prefer": "wait=20"}
        )
        return str(answer.json().get("fate"))


async def test_nonsense_on_every_topic_stops_neither_agent_nor_server_and_is_counted(tmp_path: Path):
    """Checklist 25."""
    async with running_system(tmp_path, rivals=("thief",)) as system:
        device = await system.add_device("Máy 1")
        other = await system.add_device("Máy 2", start=False)

        async def works(on: bool) -> bool:
            return await switched(system, device, on) == "applied"

        await eventually(partial(works, True))
        before = (system.server.pid, device.program.pid)
        said = await asyncio.to_thread(babble, system, (device.id, other.id, "f" * 16))
        assert said >= ROUNDS / 2
        await eventually(partial(works, False), 60)
        system.server.check_alive()
        device.program.check_alive()
        assert (system.server.pid, device.program.pid) == before
        assert device.history("may-bom") == [True, False]
        assert "refused a message on" in system.server.said()
        assert "Traceback" not in system.server.said() + device.program.said()
        async with system.visitor() as lan:
            rows = (await lan.get("/api/v1/audit", params={"limit": 200})).json()["rows"]
        told = [row for row in rows if row["what"] == "message"]
        assert {row["actor"] for row in told} >= {f"device:{device.id}", f"device:{other.id}"}
        assert all(row["status"] == 400 and row["reason"] for row in told)
