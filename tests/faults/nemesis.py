"""Breaks everything, by a seeded die: each fault lasts a moment and is then mended. Two faults never meet on one target."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from broker_config.errors import BrokerError
from protocol.topics import Topic
from tests.faults.histories import Spell
from tests.faults.network import Message, Network, mono_ms
from tests.faults.stage import Player, Stage, stopped, wait_s
from tests.proxy import Way

HOUR_S = 3600
SUPERVISED_EVERY_S = 0.5
DISK_FULL = "congtac: the database could not write: database or disk is full"


@dataclass
class Deed:
    """One fault that was done."""

    at_s: float
    name: str
    target: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.at_s:8.2f} s  {self.name:<22} {self.target:<10} {self.text}".rstrip()


@dataclass
class Nemesis:
    """`run` does faults for a while, and returns when the last of them is mended; `done` is what it did."""

    stage: Stage
    chance: random.Random
    pace_s: float
    say: Callable[[str], None]
    done: list[Deed] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)
    _began: float = field(default_factory=mono_ms)

    @property
    def counts(self) -> Counter[str]:
        """How often each fault was done."""
        return Counter(deed.name for deed in self.done)

    async def run(self, seconds: float) -> None:
        """Begin new faults for so long."""
        end = mono_ms() + seconds * 1000
        async with asyncio.TaskGroup() as group:
            group.create_task(self._supervise(end), name="supervisor")
            while mono_ms() < end:
                await wait_s(self.chance.expovariate(1 / self.pace_s))
                name, target, fault = self._draw()
                if target not in self._busy:
                    self._busy.add(target)
                    group.create_task(self._do(name, target, fault), name=f"{name} {target}")

    async def _supervise(self, end: float) -> None:
        """What an init system does: a server that found its disk full as it started is started again. It may end for nothing else."""
        server = self.stage.server
        while mono_ms() < end:
            await wait_s(SUPERVISED_EVERY_S)
            if server.running or "server" in self._busy:
                continue
            assert DISK_FULL in server.said(), f"the server ended with {server.returncode}: {server.said()[-2000:]}"
            self._busy.add("server")
            await server.start()
            self._busy.discard("server")

    async def _do(self, name: str, target: str, fault: Callable[[], Awaitable[str]]) -> None:
        deed = Deed((mono_ms() - self._began) / 1000, name, target)
        self.done.append(deed)
        try:
            deed.text = await fault()
        finally:
            self._busy.discard(target)
            self.say(str(deed))

    # ---- what can be done

    def _draw(self) -> tuple[str, str, Callable[[], Awaitable[str]]]:
        chance = self.chance
        player = chance.choice(self.stage.players)
        network, wire = chance.choice([(player.network, f"wire {player.name[-1]}")] * 2 + [(self.stage.server_network, "wire S")])
        choices: list[tuple[int, str, str, Callable[[], Awaitable[str]]]] = [
            (6, "server killed", "server", self._kill_server),
            (4, "server stopped", "server", self._stop_server),
            (4, "broker killed", "broker", self._kill_broker),
            (3, "broker stopped", "broker", self._stop_broker),
            (8, "agent killed", player.name, lambda: self._kill_agent(player)),
            (5, "power cut", player.name, lambda: self._cut_power(player)),
            (6, "agent stopped", player.name, lambda: self._stop_agent(player)),
            (6, "link cut", wire, lambda: self._cut(network)),
            (3, "link flaps", wire, lambda: self._flap(network)),
            (4, "link stalled", wire, lambda: self._stall(network)),
            (4, "link half-open", wire, lambda: self._swallow(network)),
            (4, "link slow", wire, lambda: self._delay(network)),
            (4, "link doubles", wire, lambda: self._double(network)),
            (3, "no way in", wire, lambda: self._refuse(network)),
            (4, "clock jumps", f"clock {player.name[-1]}", lambda: self._jump(player)),
            (5, "commands replayed", f"replay {player.name[-1]}", lambda: self._replay(player)),
            (3, "command retained", f"replay {player.name[-1]}", lambda: self._retain(player)),
            (3, "command misdirected", f"replay {player.name[-1]}", lambda: self._misdirect(player)),
        ]
        if self.stage.disk.mounted:
            choices.append((3, "disk full", "disk", self._fill_disk))
        _weight, name, target, fault = chance.choices(choices, [choice[0] for choice in choices])[0]
        return name, target, fault

    # ---- server and broker

    async def _kill_server(self) -> str:
        await self.stage.server.kill()
        down_s = self.chance.choice((0.0, 0.5, 3.0))
        await wait_s(down_s)
        await self.stage.server.start()
        return f"for {down_s:g} s"

    async def _stop_server(self) -> str:
        if not self.stage.server.running:
            return "which was not there"
        spell: list[Spell] = []
        async with stopped(self.stage.server, spell):
            await wait_s(self.chance.uniform(0.3, 6))
        return _for(spell)

    async def _kill_broker(self) -> str:
        await self.stage.broker.kill()
        down_s = self.chance.choice((0.0, 0.5, 3.0))
        await wait_s(down_s)
        await start_broker(self.stage)
        return f"for {down_s:g} s"

    async def _stop_broker(self) -> str:
        process = self.stage.broker._process
        assert process is not None
        seconds = self.chance.uniform(0.3, 6)
        process.send_signal(19)
        try:
            await wait_s(seconds)
        finally:
            if process.returncode is None:
                process.send_signal(18)
        return f"for {seconds:.1f} s"

    async def _fill_disk(self) -> str:
        taken = await asyncio.to_thread(self.stage.disk.fill)
        seconds = self.chance.uniform(0.5, 4)
        try:
            await wait_s(seconds)
        finally:
            self.stage.disk.free()
        return f"{taken} bytes for {seconds:.1f} s"

    # ---- devices

    async def _kill_agent(self, player: Player) -> str:
        await player.kill()
        down_s = self.chance.choice((0.0, 0.5, 4.0))
        await wait_s(down_s)
        await player.start()
        return f"for {down_s:g} s"

    async def _cut_power(self, player: Player) -> str:
        await player.kill()
        player.cut_power()
        down_s = self.chance.choice((0.2, 2.0))
        await wait_s(down_s)
        await player.start()
        return f"for {down_s:g} s"

    async def _stop_agent(self, player: Player) -> str:
        async with stopped(player.program, player.stops):
            await wait_s(self.chance.choice((0.3, 1.0, 3.0, 8.0)))
        return _for(player.stops)

    async def _jump(self, player: Player) -> str:
        offset_s = self.chance.choice((-HOUR_S, HOUR_S))
        player.set_clock(offset_s)
        try:
            await wait_s(self.chance.uniform(1, 15))
        finally:
            player.set_clock(0)
        return f"by {offset_s} s and back"

    # ---- links

    async def _cut(self, network: Network) -> str:
        network.cut()
        return ""

    async def _flap(self, network: Network) -> str:
        times = self.chance.randint(2, 5)
        for _ in range(times):
            network.cut()
            await wait_s(self.chance.uniform(0.05, 1))
        return f"{times} times"

    async def _refuse(self, network: Network) -> str:
        network.refuse()
        network.cut()
        return await self._until_healed(network, 10)

    async def _stall(self, network: Network) -> str:
        network.stall(*self._ways())
        return await self._until_healed(network, 5)

    async def _swallow(self, network: Network) -> str:
        network.swallow(*self._ways())
        return await self._until_healed(network, 10)

    async def _delay(self, network: Network) -> str:
        network.delay(self.chance.choice((0.05, 0.3, 1.5)), *self._ways())
        return await self._until_healed(network, 6)

    async def _double(self, network: Network) -> str:
        network.double()
        return await self._until_healed(network, 6)

    def _ways(self) -> tuple[Way, ...]:
        return self.chance.choice(((Way.UP,), (Way.DOWN,), (Way.UP, Way.DOWN)))

    async def _until_healed(self, network: Network, longest_s: float) -> str:
        seconds = self.chance.uniform(0.3, longest_s)
        try:
            await wait_s(seconds)
        finally:
            network.heal()
        return f"for {seconds:.1f} s"

    # ---- forgery

    async def _replay(self, player: Player) -> str:
        chosen = self.chance.sample(player.captured, min(3, len(player.captured)))
        said = [message for message in chosen if player.network.forge(Way.DOWN, message)]
        return f"{len(said)} of them"

    async def _retain(self, player: Player) -> str:
        if not player.captured:
            return "none was heard yet"
        message = self.chance.choice(player.captured)
        said = player.network.forge(Way.DOWN, Message(message.topic, message.payload, retained=True))
        return "" if said else "nobody was there"

    async def _misdirect(self, player: Player) -> str:
        others = [other for other in self.stage.players if other is not player and other.captured]
        if not others:
            return "none was heard yet"
        stolen = self.chance.choice(self.chance.choice(others).captured)
        said = player.network.forge(Way.DOWN, Message(Topic.COMMAND.of(player.id), stolen.payload))
        return "" if said else "nobody was there"


async def start_broker(stage: Stage) -> None:
    """Start the broker on its port, which an outgoing connection of this machine may hold for a moment."""
    for _ in range(50):
        try:
            await stage.start_broker()
        except (BrokerError, OSError):
            await wait_s(0.1)
        else:
            return
    await stage.start_broker()


def _for(spells: list[Spell]) -> str:
    return f"for {(spells[-1].to_mono_ms - spells[-1].from_mono_ms) / 1000:.1f} s" if spells else ""
