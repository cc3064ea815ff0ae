"""One seeded run: start everything, let people and the nemesis loose, heal, wait until it is quiet, and let the checker judge."""

import asyncio
import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from tests.faults.checker import check
from tests.faults.histories import SETTLED, FinalChannel, History, Violation
from tests.faults.nemesis import Deed, Nemesis, start_broker
from tests.faults.network import mono_ms, wall_minus_mono_ms
from tests.faults.people import Notes, Page, Person, told
from tests.faults.reading import opened, read_commands, read_history, read_levels, read_lives, read_moves
from tests.faults.stage import OPERATOR, Player, Stage, stage
from tests.processes import OWNER
from tests.program import answering

LINKS_BACK_WITHIN_S: Final = 60.0
LONGEST: Final = 12
"""How many times as long as planned a run may go on until it has tried enough."""
TRUE_WITHIN_S: Final = 10.0
QUIET_WITHIN_S: Final = 90.0


class TriedTooLittleError(AssertionError):
    """A run went on for as long as it may, and still proves nothing."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How much of each there was: commands that were accepted, faults, changes of pins."""

    commands: int = 0
    faults: int = 0
    moves: int = 0

    def holds(self, least: "Tried") -> bool:
        """Whether it is at least so much of each."""
        return self.commands >= least.commands and self.faults >= least.faults and self.moves >= least.moves


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a run is. The paces are mean times in seconds, of one person between wishes and of the nemesis between faults.

    `least`: a busy machine does less in the same time, so a run goes on until it has tried so much.
    """

    seed: int
    seconds: float
    devices: int = 5
    people: int = 8
    pages: int = 2
    person_pace_s: float = 1.5
    nemesis_pace_s: float = 1.5
    least: Tried = Tried()


@dataclass
class Outcome:
    """What came of a run."""

    plan: Plan
    folder: Path
    deeds: list[Deed] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    moves: int = 0
    records: int = 0
    links_back_s: float = 0.0
    true_s: float = 0.0
    violations: list[Violation] = field(default_factory=list)

    @property
    def commands(self) -> int:
        """How many commands were accepted."""
        return sum(self.fates.values())


def die(seed: float) -> random.Random:
    """Chance that can be repeated."""
    return random.Random(seed)


async def run(plan: Plan, folder: Path, say: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Do one run in this folder, which must be empty or absent; it is kept for whoever wants to look."""
    shutil.rmtree(folder, ignore_errors=True)
    chance, notes, outcome = die(plan.seed), Notes(), Outcome(plan, folder)
    offset = wall_minus_mono_ms()
    async with stage(folder, plan.devices, chance) as system:
        async with pages(system, plan, notes) as shown:
            await until_online(system, shown[0])
            nemesis = Nemesis(system, die(chance.random()), plan.nemesis_pace_s, say)
            async with people(system, plan, notes, chance):
                await until_enough(system, plan, nemesis, say)
            await heal(system)
            final = await until_true(system, shown[0], outcome, say)
            await switch_all_off(system, notes, outcome)
            await until_quiet(system, say)
        outcome.deeds, outcome.answers = nemesis.done, notes.answers
        ended = mono_ms()
        history = read_history(system.settings.data_dir / "congtac.db", system.players, notes, offset)
        history.final, history.end_mono_ms = final, ended
        write_down(folder, nemesis, history)
        outcome.violations += judge(outcome, history)
    return outcome


# ---- who takes part


@asynccontextmanager
async def pages(system: Stage, plan: Plan, notes: Notes) -> AsyncIterator[list[Page]]:
    """Pages that stay open."""
    async with AsyncExitStack() as stack:
        shown = [
            Page(f"page {number}", await stack.enter_async_context(system.visitor(OWNER)), notes) for number in range(plan.pages)
        ]
        async with _living([page.live() for page in shown]):
            yield shown


@asynccontextmanager
async def people(system: Stage, plan: Plan, notes: Notes, chance: random.Random) -> AsyncIterator[None]:
    """People who ask for things for as long as the block lasts."""
    devices = [player.id for player in system.players]
    async with AsyncExitStack() as stack:
        lives = []
        for number in range(plan.people):
            name = (OWNER, OPERATOR)[number % 2]
            client = await stack.enter_async_context(system.visitor(name))
            own = die(chance.random())
            lives.append(Person(f"{name} {number}", client, devices, notes, own, plan.person_pace_s).live())
        async with _living(lives):
            yield


@asynccontextmanager
async def _living(lives: list) -> AsyncIterator[None]:  # type: ignore[type-arg]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(life) for life in lives]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def until_enough(system: Stage, plan: Plan, nemesis: Nemesis, say: Callable[[str], None]) -> None:
    """Break things for as long as planned, and on until the least was tried. Raises TriedTooLittleError where that does not come."""
    for _ in range(LONGEST):
        await nemesis.run(plan.seconds)
        tried = _tried(system, nemesis)
        if tried.holds(plan.least):
            return
        say(f"goes on, since it has only {tried}")
    raise TriedTooLittleError(f"{tried} after {LONGEST * plan.seconds:.0f} s")


def _tried(system: Stage, nemesis: Nemesis) -> Tried:
    with opened(system.settings.data_dir / "congtac.db") as connection:
        (commands,) = connection.execute("SELECT count(*) FROM command").fetchone()
    moves = [read_moves(player, read_lives(player)) for player in system.players]
    return Tried(commands, len(nemesis.done), sum(len(them) for each in moves for them in each.values()))


# ---- the end


async def heal(system: Stage) -> None:
    """Everything runs again, on good links, with a right clock and room on the disk."""
    system.disk.free()
    for network in (system.server_network, *(player.network for player in system.players)):
        network.heal()
    if not system.broker.running:
        await start_broker(system)
    if not system.server.running:
        await system.server.start()
    for player in system.players:
        player.set_clock(0)
        player.program.check_alive()


async def until_online(system: Stage, page: Page) -> None:
    """The server is ready, and the page shows every device as there."""
    deadline = mono_ms() + LINKS_BACK_WITHIN_S * 1000
    async with httpx.AsyncClient(base_url=system.url) as client:
        await answering(client, "/readyz", system.server, LINKS_BACK_WITHIN_S)
    while not _all_there(system, page) and mono_ms() < deadline:  # noqa: ASYNC110 (what is waited for is in other processes)
        await asyncio.sleep(0.05)


def _all_there(system: Stage, page: Page) -> bool:
    return page.connected and all(page.presence.get(player.id) == "online" for player in system.players)


async def until_true(system: Stage, page: Page, outcome: Outcome, say: Callable[[str], None]) -> list[FinalChannel]:
    """Wait for the links, and then for the truth: page = database = pin. What is shown when that is so, or when time is up."""
    began = mono_ms()
    await until_online(system, page)
    outcome.links_back_s = (mono_ms() - began) / 1000
    began = mono_ms()
    while True:
        final = _final(system, page)
        outcome.true_s = (mono_ms() - began) / 1000
        if all(shown.page is shown.database is shown.pin and shown.presence == "online" for shown in final):
            break
        if outcome.true_s > TRUE_WITHIN_S:
            break
        await asyncio.sleep(0.1)
    say(f"healed: links back after {outcome.links_back_s:.1f} s, page = database = pin after {outcome.true_s:.1f} s more")
    return final


def _final(system: Stage, page: Page) -> list[FinalChannel]:
    with opened(system.settings.data_dir / "congtac.db") as connection:
        rows = connection.execute('SELECT device_id, channel, "on" FROM channel_report').fetchall()
    kept = {(row["device_id"], row["channel"]): None if row["on"] is None else bool(row["on"]) for row in rows}
    return [
        FinalChannel(
            player.id,
            channel,
            page.channels.get((player.id, channel)),
            kept.get((player.id, channel)),
            level,
            page.presence.get(player.id, "absent"),
        )
        for player in system.players
        for channel, level in read_levels(player).items()
    ]


async def switch_all_off(system: Stage, notes: Notes, outcome: Outcome) -> None:
    """Everything works again: each output of each device obeys. And then nothing is left that moves by itself."""
    async with system.visitor(OWNER) as client:
        for player in system.players:
            for wire in player.wiring.outputs:
                path = f"/api/v1/devices/{player.id}/channels/{wire.id}/commands"
                answer = await client.post(path, json={"on": False}, headers={"Prefer": "wait=5"})
                if answer.status_code == httpx.codes.OK:
                    notes.told.append(told(answer.json(), "closing"))
                if answer.status_code != httpx.codes.OK or answer.json()["fate"] != "applied":
                    text = f"{player.name} {wire.id}: {answer.status_code} {answer.text}"
                    outcome.violations.append(Violation("everything works when it is healed", text))


async def until_quiet(system: Stage, say: Callable[[str], None]) -> None:
    """No command is open, and every journal is confirmed to its end; or the time is up, and the checker will tell."""
    began = mono_ms()
    while (why := _unquiet(system)) and mono_ms() - began < QUIET_WITHIN_S * 1000:  # noqa: ASYNC110 (as above)
        await asyncio.sleep(0.2)
    say(f"quiet after {(mono_ms() - began) / 1000:.1f} s" + (f", but for {why}" if why else ""))


def _unquiet(system: Stage) -> str:
    with opened(system.settings.data_dir / "congtac.db") as connection:
        still = [command for command in read_commands(connection) if command.fate not in SETTLED]
        marks = {row["device_id"]: row["have_seq"] for row in connection.execute("SELECT * FROM journal_mark")}
    behind = [player.name for player in system.players if marks.get(player.id, 0) < _last_seq(player)]
    return ", ".join([*(f"{command.id} {command.fate}" for command in still), *(f"{name} behind" for name in behind)])


def _last_seq(player: Player) -> int:
    try:
        with opened(player.state / "journal.db") as connection:
            return int(connection.execute("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def judge(outcome: Outcome, history: History) -> list[Violation]:
    """Count what happened, and let the checker say what must not have."""
    outcome.fates = Counter(command.fate for command in history.commands.values())
    outcome.moves = sum(len(moves) for device in history.devices.values() for moves in device.moves.values())
    outcome.records = sum(device.last_seq for device in history.devices.values())
    outcome.causes = Counter(
        str(event.cause) for device in history.devices.values() for event in device.events() if event.kind == "switched"
    )
    return check(history)


def write_down(folder: Path, nemesis: Nemesis, history: History) -> None:
    """What the folder does not hold already: the faults, what people were told, and what was heard on the wires."""
    (folder / "faults.txt").write_text("".join(f"{deed}\n" for deed in nemesis.done), encoding="utf-8")
    lines = [repr(entry) for entry in (*history.told, *history.asked, *history.final)]
    (folder / "told.txt").write_text("\n".join(lines), encoding="utf-8")
    for device in history.devices.values():
        records = [
            json.dumps({"heard": history.heard_first_mono_ms.get((device.device_id, seq)), **record.model_dump(mode="json")})
            for seq in sorted(device.records)
            for record in device.records[seq]
        ]
        (folder / f"wire-{device.device_id}.jsonl").write_text("\n".join(records), encoding="utf-8")
