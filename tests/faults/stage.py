"""The system that the nemesis is let loose on: broker, server and devices as real processes, a bad network before each of them."""

import asyncio
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from broker_config.ports import free_port
from device.wiring import Wiring, read_wiring
from protocol.codec import decode
from protocol.errors import ProtocolError
from protocol.messages import Event, Receipt
from protocol.topics import Topic, parse
from server.sites import Role
from tests.faults.histories import Spell
from tests.faults.network import Message, Network, mono_ms
from tests.processes import System, environ_of
from tests.program import Program, python
from tests.proxy import Way

KEEPALIVE_S: Final = 4
DISK_BYTES: Final = 48 * 2**20
OPERATOR: Final = "Minh"
MOST_CAPTURED: Final = 200

WIRING: Final = """
[device]
model = "{model}"

[[channel]]
kind = "output"
id = "den"
name = "Đèn"
pin = 17
active_high = true

[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 27
active_high = false
max_on_s = {max_on_s}

[[channel]]
kind = "output"
id = "len"
name = "Lên"
pin = 22
active_high = false
interlock = "cua"
interlock_pause_s = 0.4

[[channel]]
kind = "output"
id = "xuong"
name = "Xuống"
pin = 23
active_high = false
interlock = "cua"
interlock_pause_s = 0.4

[[channel]]
kind = "output"
id = "cong"
name = "Cổng"
pin = 24
active_high = false
link_loss = "off"
link_loss_after_s = 5

[[channel]]
kind = "output"
id = "quat"
name = "Quạt"
pin = 25
active_high = false
min_off_s = 1
boot = "restore"
"""


@dataclass
class Player:
    """One simulated device: its process, its network, and what was done to it."""

    name: str
    id: str
    program: Program
    network: Network
    wiring: Wiring
    folder: Path
    boot_id: str
    died_mono_ms: list[float] = field(default_factory=list)
    stops: list[Spell] = field(default_factory=list)
    welcomed_mono_ms: list[float] = field(default_factory=list)
    journal: str | None = None
    records: dict[int, list[Event | Receipt]] = field(default_factory=dict)
    heard_first_mono_ms: dict[int, float] = field(default_factory=dict)
    captured: list[Message] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The folder of its journal and its pins' record."""
        return self.folder / self.id

    async def start(self) -> None:
        """Start its agent."""
        await self.program.start()

    async def kill(self) -> None:
        """End its agent by force. Its relays stay as they are."""
        if self.program.running:
            self.died_mono_ms.append(mono_ms())
            await self.program.kill()

    def cut_power(self) -> None:
        """Its next start is a power-on: all relays have fallen."""
        old, self.boot_id = self.boot_id, f"boot-{secrets.token_hex(4)}"
        command = self.program._command
        command[command.index(old)] = self.boot_id

    def set_clock(self, offset_s: int) -> None:
        """Put its system clock off by so much."""
        draft = self.clock_file.with_suffix(".new")
        draft.write_text(str(offset_s), encoding="ascii")
        draft.replace(self.clock_file)

    @property
    def clock_file(self) -> Path:
        """Where its agent looks how wrong its system clock is."""
        return self.folder / f"{self.id}.clock"

    def hear(self, way: Way, message: Message) -> None:
        """What passes on its wire, both ways."""
        try:
            _device_id, topic = parse(message.topic)
            if way is Way.UP and topic in (Topic.EVENT, Topic.RECEIPT):
                self._record(decode(Event if topic is Topic.EVENT else Receipt, message.payload))
            elif topic is Topic.WELCOME:
                self.welcomed_mono_ms.append(mono_ms())
            elif topic is Topic.COMMAND and not message.retained:
                self.captured = [*self.captured[-MOST_CAPTURED:], message]
        except ProtocolError:
            return

    def _record(self, record: Event | Receipt) -> None:
        if record.seq is None:
            return
        self.journal = record.journal
        known = self.records.setdefault(record.seq, [])
        if record not in known:
            known.append(record)
        self.heard_first_mono_ms.setdefault(record.seq, mono_ms())


class Stage(System):
    """The system with a network before the server and before each device, and a disk that can be filled where that is allowed."""

    def __init__(self, folder: Path, port: int) -> None:
        settings: dict[str, object] = {"command_ttl_s": 4, "unconfirmed_grace_s": 2, "commands_per_minute": 10**9}
        super().__init__(folder, port, settings)
        self._faulty = settings
        self.players: list[Player] = []
        self.server_network: Network
        self.disk = Disk(folder / "server")
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        self.disk.mount()
        self.broker.folder.mkdir()
        self.broker.credentials.add("server", self._secret)
        await self.start_broker()
        self.server_network = await self._stack.enter_async_context(Network(self.broker.port))
        self._faulty["broker_port"] = self.server_network.port
        await self.start_fresh_server()
        await self.add_person(OPERATOR, Role.OPERATOR)

    async def start_fresh_server(self) -> None:
        """The server for the first time."""
        self.server = Program("server", python("congtac", "server"), self.folder / "server.log", environ_of(self.settings))
        await self.start_server()

    async def add_player(self, number: int, chance: random.Random, *, start: bool = True) -> Player:
        """Enrol a device, and start it."""
        wiring = self.folder / f"wiring-{number}.toml"
        wiring.write_text(WIRING.format(model=f"sim {number}", max_on_s=chance.choice((2, 3, 4))), encoding="utf-8")
        network = await self._stack.enter_async_context(Network(self.broker.port))
        enrolled = await self.add_device(f"Máy {number}", wiring=wiring, start=False, broker_port=network.port)
        boot_id = f"boot-{secrets.token_hex(4)}"
        player = Player(f"device {number}", enrolled.id, enrolled.program, network, read_wiring(wiring), enrolled.folder, boot_id)
        network._hear = player.hear
        command = [sys.executable, "-m", "firmware_sim", "run", str(self.folder / f"identity-{number}.json")]
        command += ["--wiring", str(wiring), "--state", str(enrolled.folder), "--keepalive", str(KEEPALIVE_S)]
        command += [
            "--boot-id",
            boot_id,
            "--first-retry",
            "0.2",
            "--longest-retry",
            "2",
            "--clock-offset",
            str(player.clock_file),
        ]
        player.program._command = command
        self.players.append(player)
        if start:
            await player.start()
        return player

    async def stop(self) -> None:
        """End all that runs, and give the disk back."""
        try:
            await super().stop()
            await self._stack.aclose()
        finally:
            self.disk.unmount()


class Disk:
    """The server's data folder as a file system of its own, small enough to be filled. Only root may make one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filler = folder / "filler"
        self.mounted = False

    def mount(self) -> None:
        """Mount it where that is allowed; else the folder is an ordinary one, and cannot be filled."""
        self._folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            options = f"size={DISK_BYTES},mode=0700"
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "congtac-faults", str(self._folder)], check=False)
            self.mounted = done.returncode == 0

    def unmount(self) -> None:
        """Copy what is on it out, so that it can be read afterwards, and give it back."""
        if not self.mounted:
            return
        self.free()
        kept = {path.name: path.read_bytes() for path in self._folder.iterdir() if path.is_file()}
        subprocess.run(["umount", str(self._folder)], check=True)
        self.mounted = False
        for name, content in kept.items():
            (self._folder / name).write_bytes(content)

    def fill(self) -> int:
        """Take all that is left; how many bytes that was."""
        taken = 0
        with self._filler.open("ab", buffering=0) as file:
            for size in (2**20, 4096, 1):
                try:
                    while True:
                        taken += file.write(b"\0" * size)
                except OSError:
                    continue
        return taken

    def free(self) -> None:
        """Let go of what was taken."""
        self._filler.unlink(missing_ok=True)


@asynccontextmanager
async def stage(folder: Path, devices: int, chance: random.Random, *, start: bool = True) -> AsyncIterator[Stage]:
    """The whole system in this folder, up and running, with Lan as owner and Minh as operator."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 (nothing else runs yet)
    system = Stage(folder, free_port("127.0.0.1"))
    try:
        await system.start()
        for number in range(devices):
            await system.add_player(number, chance, start=start)
        yield system
    finally:
        await system.stop()


@asynccontextmanager
async def stopped(program: Program, spells: list[Spell]) -> AsyncIterator[None]:
    """The program does not run on for as long as the block lasts."""
    began = mono_ms()
    program.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        if program.running:
            program.signal(signal.SIGCONT)
        spells.append(Spell(began, mono_ms()))


async def wait_s(seconds: float) -> None:
    """Let time pass: a fault lasts for as long as it was drawn to last."""
    await asyncio.sleep(seconds)
