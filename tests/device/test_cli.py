"""`congtac-agent`, as a process of its own: it serves, it ends when it is told to, and says in one line what keeps it from starting."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker_config import PrivateBroker, new_secret
from broker_config.ports import free_port
from device.identity import Identity, write_identity
from device.journal import Journal
from device.memory import Write
from device.rules import Output
from protocol.ids import new_token
from protocol.messages import Fate
from tests.conftest import require
from tests.device.site import DEVICE, WIRING
from tests.device.small_server import SmallServer
from tests.waiting import until

AGENT = (sys.executable, "-m", "device.cli")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Machine:
    """A device's files."""

    folder: Path

    @property
    def wiring(self) -> Path:
        return self.folder / "wiring.toml"

    @property
    def identity(self) -> Path:
        return self.folder / "identity.json"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def enroll(self, port: int, secret: str, key: str) -> None:
        fields = {"device_id": DEVICE, "secret": secret, "broker_host": "127.0.0.1", "broker_port": port, "server_keys": (key,)}
        write_identity(self.identity, Identity.model_validate(fields))

    @property
    def run(self) -> tuple[str, ...]:
        return ("run", *self.files, "--state", str(self.state), "--pins", "mock", "--keepalive", "5")

    @property
    def files(self) -> tuple[str, ...]:
        return ("--wiring", str(self.wiring), "--identity", str(self.identity))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    found.wiring.write_text(WIRING, "utf-8")
    found.enroll(free_port("127.0.0.1"), new_secret(), "ab" * 32)
    return found


def agent(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run([*AGENT, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@asynccontextmanager
async def serving(machine: Machine) -> AsyncIterator[asyncio.subprocess.Process]:
    """The agent as a process; killed if the test did not end it."""
    with (machine.folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*AGENT, *machine.run, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def said(machine: Machine) -> str:
    return (machine.folder / "log").read_text("utf-8")


async def ended(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_stop_and_says_goodbye(machine: Machine, number: signal.Signals):
    require("mosquitto")
    broker = PrivateBroker(machine.folder / "broker")
    secrets = {"server": new_secret(), DEVICE: new_secret()}
    broker.folder.mkdir()
    broker.credentials.replace_all(secrets)
    async with broker:
        server = SmallServer(broker.port, secrets["server"], DEVICE)
        machine.enroll(broker.port, secrets[DEVICE], server.key.public)
        async with server.running() as peer, serving(machine) as process:
            await peer.up()
            await server.welcomed()
            assert (await server.tell(server.command())).fate is Fate.APPLIED
            process.send_signal(number)
            assert await ended(process) == 0
            await until(lambda: not server.presences[-1].online)
    assert "Traceback" not in said(machine)
    assert secrets[DEVICE] not in said(machine)


async def test_it_is_told_to_stop_while_there_is_no_broker(machine: Machine):
    async with serving(machine) as process:
        await until(lambda: "trying again in" in said(machine))
        process.terminate()
        assert await ended(process) == 0
    assert "Traceback" not in said(machine)


async def test_a_second_agent_on_the_same_state_is_refused(machine: Machine):
    async with serving(machine) as process:
        await until(lambda: "trying again in" in said(machine))
        second = await asyncio.to_thread(agent, *machine.run)
        assert second.returncode == 1
        assert second.stderr.splitlines()[-1].startswith("congtac-agent: another agent is running")
        assert "switching all off" not in second.stderr
        process.terminate()
        assert await ended(process) == 0


def test_after_kill_dash_nine_it_starts_again(machine: Machine):
    async def lives_twice() -> None:
        for _ in range(2):
            async with serving(machine) as process:
                (machine.folder / "log").write_text("")
                await until(lambda: "trying again in" in said(machine))
                process.kill()

    asyncio.run(lives_twice())


# ---- what keeps it from starting


def spoil_wiring(machine: Machine) -> None:
    machine.wiring.write_text(WIRING.replace("27", "17"), "utf-8")


def remove_wiring(machine: Machine) -> None:
    machine.wiring.unlink()


def open_identity(machine: Machine) -> None:
    machine.identity.chmod(0o644)


def spoil_identity(machine: Machine) -> None:
    fields = json.loads(machine.identity.read_text())
    machine.identity.write_text(json.dumps(fields | {"broker_port": 0}))


def remove_identity(machine: Machine) -> None:
    machine.identity.unlink()


TROUBLES = {
    "a pin used twice": (spoil_wiring, "pin 17 is used by 'may-bom' and 'den': each channel needs a pin of its own"),
    "no wiring": (remove_wiring, "wiring.toml: does not exist"),
    "an identity that others can read": (open_identity, r"can be read by others \(mode 0644\): chmod 600 "),
    "a wrong identity": (spoil_identity, "broker_port: Input should be greater than or equal to 1"),
    "no identity": (remove_identity, "does not exist: this device was not enrolled yet"),
}


@pytest.mark.parametrize(("spoil", "words"), TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_what_keeps_it_from_starting_is_told_in_one_line(machine: Machine, spoil, words: str, verb: str):
    spoil(machine)
    done = agent(*(machine.run if verb == "run" else ("check", *machine.files)))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("congtac-agent: ")
    assert re.search(words, line)


def test_debug_shows_where_it_came_from(machine: Machine):
    spoil_wiring(machine)
    done = agent("--debug", *machine.run)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "WiringError" in done.stderr


def test_without_a_journal_every_relay_is_switched_off_and_then_it_says_why(machine: Machine):
    machine.state.write_text("a file where the folder should be")
    done = agent(*machine.run)
    assert done.returncode == 1
    assert "switching all off" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("congtac-agent: ")
    assert str(machine.state) in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("spoil", [open_identity, spoil_identity, remove_identity])
def test_without_an_identity_every_relay_is_switched_off_and_then_it_says_why(machine: Machine, spoil):
    machine.state.mkdir()
    with closing(Journal(machine.state / "journal.db", new_token)) as journal:
        journal.write(Write(outputs={"may-bom": Output(on=True)}))  # it has run, and has left something on
    spoil(machine)
    done = agent(*machine.run)
    assert done.returncode == 1
    assert "without an identity no relay may be on: switching all off" in done.stderr
    assert str(machine.identity) in done.stderr.splitlines()[-1]
    assert remembered(machine) == {"may-bom": Output()}, "the next start does not switch it on again"


async def test_without_a_wiring_file_every_relay_that_it_had_is_switched_off_and_then_it_says_why(machine: Machine):
    async with serving(machine) as process:
        await until(lambda: "trying again in" in said(machine))
        process.kill()
        await process.wait()
    with closing(Journal(machine.state / "journal.db", new_token)) as journal:
        journal.write(Write(outputs={"may-bom": Output(on=True)}))
    spoil_wiring(machine)
    done = await asyncio.to_thread(agent, *machine.run)
    assert done.returncode == 1
    assert "without a wiring file no relay may be on: switching all off" in done.stderr
    assert "not known" not in done.stderr
    assert str(machine.wiring) in done.stderr.splitlines()[-1]
    assert remembered(machine)["may-bom"] == Output(), "the next start does not switch it on again"


async def test_a_relay_that_is_taken_out_of_the_wiring_file_is_switched_off_and_told(machine: Machine):
    for text in (WIRING, WIRING.replace("pin = 17", "pin = 22")):
        machine.wiring.write_text(text, "utf-8")
        async with serving(machine) as process:
            await until(lambda: "trying again in" in said(machine))
            process.terminate()
            assert await ended(process) == 0
        (machine.folder / "log").rename(machine.folder / "log.before") if text is WIRING else None
    assert "GPIO 17, once 'may-bom', is not in the wiring file any more: it is switched off" in said(machine)
    assert "'may-bom' has another pin or board than before, so it starts off" in said(machine)


def remembered(machine: Machine) -> Mapping[str, Output]:
    """What the next start will know of the outputs."""
    with closing(Journal(machine.state / "journal.db", new_token)) as journal:
        return journal.load().outputs


def test_a_device_that_never_ran_leaves_nothing_behind_where_it_has_no_identity(machine: Machine):
    remove_identity(machine)
    assert agent(*machine.run).returncode == 1
    assert not machine.state.exists()


async def test_without_an_identity_the_relays_of_an_agent_that_runs_are_left_alone(machine: Machine):
    async with serving(machine) as process:
        await until(lambda: "trying again in" in said(machine))
        open_identity(machine)
        second = await asyncio.to_thread(agent, *machine.run)
        assert second.stderr.splitlines()[-1].startswith("congtac-agent: another agent is running")
        assert "switching all off" not in second.stderr
        process.terminate()
        assert await ended(process) == 0


def test_a_broken_journal_does_not_keep_it_from_serving(machine: Machine):
    machine.state.mkdir()
    (machine.state / "journal.db").write_text("worn out")

    async def serves() -> None:
        async with serving(machine) as process:
            await until(lambda: "trying again in" in said(machine))
            process.terminate()
            assert await ended(process) == 0

    asyncio.run(serves())
    assert "CRITICAL" in said(machine)
    assert (machine.state / "journal.db.broken-1").read_text() == "worn out"


@pytest.mark.parametrize("seconds", ["0", "-1", "1", "121", "x", "nan"])
def test_a_keepalive_that_makes_no_sense_is_a_wrong_use(machine: Machine, seconds: str):
    done = agent(*machine.run, "--keepalive", seconds)
    assert done.returncode == 2
    assert "--keepalive" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_prints_the_channels_and_where_it_belongs(machine: Machine):
    done = agent("check", *machine.files)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "may-bom  GPIO 17  output, on when high, at most 600 s, after a power cut off, link lost for 60 s: keep: Máy bơm",
        "den      GPIO 27  output, on when high, no time limit, after a power cut off, link lost for 60 s: keep: Đèn",
        f"device {DEVICE} at 127.0.0.1 port {json.loads(machine.identity.read_text())['broker_port']}",
    ]
    assert json.loads(machine.identity.read_text())["secret"] not in done.stdout


def test_check_tells_every_fault_on_a_line_of_its_own(machine: Machine):
    machine.wiring.write_text(WIRING.replace("27", "99").replace("may-bom", "Máy"), "utf-8")
    remove_identity(machine)
    done = agent("check", *machine.files)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 3


def test_the_console_script_is_installed():
    script = shutil.which("congtac-agent", path=str(Path(sys.executable).parent))
    assert script
    done = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("congtac ")
