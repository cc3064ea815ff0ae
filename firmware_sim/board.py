"""One simulated device: the real agent, its real journal, on latched pins."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from device import now
from device.agent import Agent
from device.clock import Moment
from device.identity import Identity
from device.journal import Journal
from device.pins import Pins
from device.relays import RelayList
from device.sensing import EVERY_S, Sensor, measuring
from device.starting import RELAYS, take_over
from device.wiring import Wiring
from firmware_sim.pins import LatchedFactory, PinChange, PinRecord, latches, read_record, record_start
from protocol.backoff import Backoff
from protocol.ids import new_token
from protocol.messages import ChannelAbout

MOST_CHANGES: Final = 10_000


class Board:
    """A device without hardware, in a folder of its own. `changes` is what its pins did since it was started, the last MOST_CHANGES.

    `sensor_channels` are told beside those of the wiring, and `sensors` measure. `moment` is its clock; `step` is told of each step
    of its work, for those who test what a crash does there.
    """

    def __init__(
        self,
        identity: Identity,
        wiring: Wiring,
        folder: Path,
        *,
        boot_id: str | None = None,
        keepalive_s: int = 30,
        backoff: Backoff | None = None,
        moment: Callable[[], Moment] = now.moment,
        step: Callable[[str], None] = lambda _name: None,
        keep_identity: Callable[[Identity], None] | None = None,
        sensor_channels: Sequence[ChannelAbout] = (),
        sensors: Sequence[Sensor] = (),
        sense_every_s: float = EVERY_S,
    ) -> None:
        self._step = step
        self.identity = identity
        self.changes: deque[PinChange] = deque(maxlen=MOST_CHANGES)
        boot_id = boot_id or now.boot_id()
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(folder / "journal.db", new_token, step)  # first: it is what refuses a second board on this folder
        held = latches(read_record(folder / "pins.jsonl"), boot_id)
        self._record = PinRecord(folder / "pins.jsonl")
        record_start(folder / "starts.jsonl", boot_id)
        self._pins = Pins(wiring, LatchedFactory(self._changed, boot_id, held))
        take_over(RelayList(folder / RELAYS, boot_id), wiring, self._pins, self._journal)
        about = wiring.about(version("congtac"))
        self.agent = Agent(
            identity,
            wiring,
            about.model_copy(update={"channels": (*about.channels, *sensor_channels)}),
            self._journal,
            self._pins,
            boot_id=boot_id,
            keepalive_s=keepalive_s,
            backoff=backoff,
            moment=moment,
            keep_identity=keep_identity,
        )
        self._sensors = sensors
        self._sense_every_s = sense_every_s

    def _changed(self, change: PinChange) -> None:
        self.changes.append(change)
        self._record(change)
        self._step("pin")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Board"]:
        """Run the agent for as long as the block lasts, and say goodbye at its end."""
        work = measuring(self.agent.run(), self.agent, self._sensors, self._sense_every_s)
        task = asyncio.create_task(work, name=f"board {self.identity.device_id}")
        try:
            yield self
        finally:
            self.agent.say_goodbye()
            task.cancel()
            await asyncio.wait((task,))
            self.close()
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def close(self) -> None:
        """Let go of the files. The pins stay as they are."""
        self._pins.close()
        self._journal.close()
        self._record.close()
