"""A simulated board answers for its relays as a real one does, from start to start."""

from contextlib import closing
from pathlib import Path

import pytest

from device.identity import Identity
from device.journal import Journal
from device.memory import Write
from device.relays import RelayList, relays_of
from device.rules import Output
from device.starting import RELAYS
from device.wiring import Wiring, parse_wiring
from firmware_sim.board import Board
from firmware_sim.pins import latches, read_record
from protocol.ids import new_token
from protocol.messages import Cause
from tests.device.site import DEVICE
from tests.waiting import until

BOOT = "one"
PUMP, LAMP = (
    f'[[channel]]\nid = "{name}"\nname = "x"\nkind = "output"\npin = {pin}\nactive_high = true\n'
    for name, pin in (("may-bom", 17), ("den", 27))
)


def wired(*channels: str) -> Wiring:
    return parse_wiring("\n".join(channels), Path("wiring.toml"))


@pytest.fixture
def identity() -> Identity:
    fields = {"device_id": DEVICE, "secret": "s" * 32, "broker_host": "127.0.0.1", "broker_port": 1, "server_keys": ("ab" * 32,)}
    return Identity.model_validate(fields)


async def levels_after(folder: Path, identity: Identity, wiring: Wiring, boot_id: str = BOOT) -> dict[int, bool]:
    """Start it, let it open its pins, and end: the level of each pin that was driven in that run of the machine."""
    async with Board(identity, wiring, folder, boot_id=boot_id).running() as board:
        await until(lambda: board.agent.time_ms() is None and hasattr(board.agent, "_core"))
    return latches(read_record(folder / "pins.jsonl"), boot_id)


@pytest.mark.parametrize(
    ("later", "boot_id", "levels"),
    [
        (wired(PUMP, LAMP), BOOT, {17: True, 27: True}),
        (wired(LAMP), BOOT, {17: False, 27: True}),
        (wired(LAMP), "two", {27: False}),
    ],
    ids=["all there", "one taken out", "one taken out, and a power cut"],
)
async def test_what_was_on_goes_on_where_the_wiring_still_has_it(
    tmp_path: Path, identity: Identity, later: Wiring, boot_id: str, levels: dict[int, bool]
):
    with closing(Journal(tmp_path / "journal.db", new_token)) as journal:
        on = Output(on=True, cause=Cause.COMMAND, on_since=0)
        journal.write(Write(outputs={"may-bom": on, "den": on}, boot_id=BOOT))
    RelayList(tmp_path / RELAYS, BOOT).write(relays_of(wired(PUMP, LAMP)))
    assert await levels_after(tmp_path, identity, wired(PUMP, LAMP)) == {17: True, 27: True}
    assert await levels_after(tmp_path, identity, later, boot_id) == levels
