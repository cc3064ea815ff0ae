import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from broker_config import (
    BrokerNotStarted,
    BrokerStopped,
    FolderNotWritable,
    MosquittoMissing,
    PortInUse,
    PrivateBroker,
    new_secret,
)
from broker_config.probe import speaks_mqtt
from protocol.topics import Topic
from tests.broker_config.client import Login, TestClient
from tests.broker_config.conftest import DEVICE_A, World
from tests.conftest import require

pytestmark = pytest.mark.usefixtures("mosquitto")


@pytest.fixture
def mosquitto() -> None:
    require("mosquitto")


async def test_it_accepts_mqtt_when_start_returns_and_no_more_when_stop_returns(tmp_path: Path):
    broker = PrivateBroker(tmp_path)
    await broker.start()
    assert await speaks_mqtt("127.0.0.1", broker.port, 1.0)
    await broker.stop()
    assert not broker.running
    assert not await speaks_mqtt("127.0.0.1", broker.port, 1.0)


async def test_starting_and_stopping_twice_is_harmless(tmp_path: Path):
    async with PrivateBroker(tmp_path) as broker:
        before = broker.pid
        await broker.start()
        assert broker.pid == before
        await broker.stop()
        await broker.stop()


async def test_it_comes_back_on_the_same_port_after_a_kill(tmp_path: Path):
    async with PrivateBroker(tmp_path) as broker:
        port, pid = broker.port, broker.pid
        await broker.kill()
        assert await broker.wait() == -signal.SIGKILL
        await broker.start()
        assert (broker.port, broker.running) == (port, True)
        assert broker.pid != pid


async def test_what_is_retained_survives_a_stop(world: World):
    with world.client(DEVICE_A) as device:
        device.publish(Topic.STATE.of(DEVICE_A), b"on", retain=True)
    await world.broker.stop()
    await world.broker.start()
    with world.client("server") as server:
        server.subscribe("congtac/#")
        server.until(lambda: bool(server.messages))
        assert server.messages == [(Topic.STATE.of(DEVICE_A), b"on", True)]


async def test_two_brokers_do_not_meet(tmp_path: Path):
    async with PrivateBroker(tmp_path / "one") as one, PrivateBroker(tmp_path / "two") as two:
        assert one.port != two.port


async def test_a_port_in_use_gets_one_line_that_names_it(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"^port {port} on 127.0.0.1 is in use by another program: [^\n]+$") as caught:
            await PrivateBroker(tmp_path, port=port).start()
    assert (caught.value.host, caught.value.port, caught.value.reason) == ("127.0.0.1", port, "port_in_use")


async def test_a_port_lost_between_choice_and_start_is_chosen_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as spare:
        lost, good = taken.getsockname()[1], spare.getsockname()[1]
        spare.close()
        choices = [lost, good]
        checks = []
        monkeypatch.setattr("broker_config.private.free_port", lambda _host: choices.pop(0))
        monkeypatch.setattr("broker_config.private.require_free", lambda _host, port: checks.append(port))
        async with PrivateBroker(tmp_path) as broker:
            assert broker.port == good
        assert checks == [lost, good]


async def test_a_missing_mosquitto_gets_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONGTAC_MOSQUITTO", str(tmp_path / "none"))
    with pytest.raises(MosquittoMissing, match="sudo apt install mosquitto") as caught:
        await PrivateBroker(tmp_path).start()
    assert caught.value.reason == "mosquitto_missing"


async def test_mosquitto_is_found_where_a_persons_path_has_no_system_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    async with PrivateBroker(tmp_path / "broker") as broker:
        assert broker.running


async def test_a_folder_that_cannot_be_written_gets_one_line_that_names_it(tmp_path: Path):
    folder = tmp_path / "file" / "broker"
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(
        FolderNotWritable, match=r"^cannot write in the broker's folder [^\n]+ \(Not a directory\): [^\n]+$"
    ) as caught:
        await PrivateBroker(folder).start()
    assert caught.value.folder == folder


async def test_a_mosquitto_that_gives_up_is_quoted(tmp_path: Path):
    broker = PrivateBroker(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mosquitto.db").write_bytes(b"no database of mosquitto's" * 10)
    with pytest.raises(BrokerNotStarted) as caught:
        await broker.start()
    assert "persisten" in caught.value.last_words
    assert not broker.running


async def test_a_start_that_is_cancelled_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = asyncio.Event()
    before = psutil.Process().children()

    async def never_answers(*_: object) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return False

    monkeypatch.setattr("broker_config.private.speaks_mqtt", never_answers)
    broker = PrivateBroker(tmp_path)
    starting = asyncio.create_task(broker.start())
    await asked.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not broker.running
    assert psutil.Process().children() == before


@pytest.mark.parametrize("ask", [lambda broker: broker.pid, lambda broker: broker.reload(), lambda broker: broker.wait()])
async def test_asking_a_broker_that_was_never_started_is_an_error(tmp_path: Path, ask):
    with pytest.raises(BrokerStopped, match="never started"):
        await ask(PrivateBroker(tmp_path))


async def test_reloading_a_dead_broker_is_an_error(tmp_path: Path):
    async with PrivateBroker(tmp_path) as broker:
        await broker.kill()
        with pytest.raises(BrokerStopped) as caught:
            await broker.reload()
    assert caught.value.returncode == -signal.SIGKILL


async def test_a_broker_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("broker_config.private.STOP_WITHIN_S", 0.1)
    broker = PrivateBroker(tmp_path)
    await broker.start()
    os.kill(broker.pid, signal.SIGSTOP)
    await broker.stop()
    assert await broker.wait() == -signal.SIGKILL


async def test_a_users_files_are_nobody_elses(tmp_path: Path):
    async with PrivateBroker(tmp_path / "broker") as broker:
        assert broker.folder.stat().st_mode & 0o077 == 0
        assert broker.credentials.path.stat().st_mode & 0o077 == 0


async def test_accounts_made_before_the_first_start_hold(tmp_path: Path):
    broker = PrivateBroker(tmp_path)
    secret = new_secret()
    broker.credentials.add("server", secret)
    async with broker:
        with TestClient(broker.port, Login("server", secret)) as client:
            assert not client.refused


PARENT = """
import asyncio, sys
from pathlib import Path
from broker_config import PrivateBroker

async def main():
    broker = PrivateBroker(Path(sys.argv[1]))
    await broker.start()
    print(broker.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_parent_killed_by_sigkill_takes_mosquitto_along(tmp_path: Path):
    require("setpriv")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout is not None
    broker = psutil.Process(int(await asyncio.wait_for(parent.stdout.readline(), 20)))
    assert broker.name() == "mosquitto"
    parent.kill()
    await parent.wait()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [broker], 10)
    assert gone == [broker]
