"""A machine whose relays hold from start to start of the agent, for tests of what a start does with them."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gpiozero import GPIOZeroError

from device.boot import plan
from device.clock import Moment
from device.core import Core
from device.errors import DeviceError
from device.identity import Identity, write_identity
from device.memory import Write
from device.relays import Relay
from device.rules import Output
from device.starting import JOURNAL, RELAYS, starting
from device.words import Journal as WriteJournal
from device.words import Opened
from firmware_sim.pins import LatchedFactory, LatchedPin, PinChange
from protocol.ids import new_token
from protocol.messages import Cause
from tests.device.site import DEVICE

PUMP = Relay(id="may-bom", pin=17, active_high=True)
LAMP = Relay(id="den", pin=27, active_high=False)
BOTH = (PUMP, LAMP)
SPARE = Relay(id="khac", pin=22, active_high=True)
FAN = Relay(id="quat", pin=5, active_high=True)


class Killed(BaseException):
    """The program ends here."""


def text(*relays: Relay) -> str:
    return "\n".join(
        f'[[channel]]\nid = "{relay.id}"\nname = "x"\nkind = "output"\npin = {relay.pin}\nactive_high = {json.dumps(relay.active_high)}\n'
        for relay in relays
    )


@dataclass
class House:
    """A machine whose pins hold their levels from start to start, until a power cut."""

    folder: Path
    boot: str = "one"
    levels: dict[int, bool] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        fields = {
            "device_id": DEVICE,
            "secret": "s" * 32,
            "broker_host": "127.0.0.1",
            "broker_port": 1,
            "server_keys": ("ab" * 32,),
        }
        write_identity(self.folder / "identity.json", Identity.model_validate(fields))

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def factory(self) -> Any:
        house = self

        class Pin(LatchedPin):
            def output_with_state(self, state: bool) -> None:
                if self._number in house.busy:
                    raise GPIOZeroError("busy")
                super().output_with_state(state)

        def changed(change: PinChange) -> None:
            self.levels[change.pin] = change.level

        factory = LatchedFactory(changed, latches=dict(self.levels))
        factory.pin_class = Pin
        return factory

    def wire(self, *relays: Relay) -> None:
        (self.folder / "wiring.toml").write_text(text(*relays), "utf-8")

    def start(self, *on: str, new_factory: Callable[[], Any] | None = None) -> set[str]:
        """Start as the agent does, switch these on as well, and end. Which outputs went on by the start itself."""
        where = self.folder / "wiring.toml", self.folder / "identity.json", self.state
        with starting(*where, new_factory or self.factory, self.boot) as parts:
            rules = {wire.id: wire.rule() for wire in parts.wiring.outputs}
            memory = parts.journal.load()
            boot = plan(rules, memory, self.boot, 0)
            core = Core(parts.wiring.about("1"), rules, {}, memory, boot, self.boot, new_token, random.uniform)
            levels = parts.pins.open({channel: output.on for channel, output in boot.outputs.items()})
            for effect in core.handle(Opened(levels), Moment(0, 0)):
                if isinstance(effect, WriteJournal):
                    parts.journal.write(effect.write)
            for channel in on:
                parts.pins.drive(channel, True)
                parts.journal.write(Write(outputs={channel: Output(on=True, on_since=0, cause=Cause.COMMAND)}))
        return {channel for channel, output in boot.outputs.items() if output.on}

    def fails(self) -> DeviceError:
        with pytest.raises(DeviceError) as failed:
            self.start()
        return failed.value

    def power_cut(self) -> None:
        self.boot, self.levels = self.boot + "'", {}

    @property
    def on(self) -> set[int]:
        """The pins of all relays that are on."""
        return {
            relay.pin for relay in (*BOTH, FAN, SPARE) if self.levels.get(relay.pin, not relay.active_high) is relay.active_high
        }

    @property
    def listed(self) -> list[int]:
        return [relay["pin"] for relay in json.loads((self.state / RELAYS).read_text())["relays"]]


def with_both_on(folder: Path) -> House:
    """Both relays are on, and the agent was killed."""
    house = House(folder)
    house.wire(*BOTH)
    house.start("may-bom", "den")
    assert house.on == {17, 27}
    return house


def spoil_wiring(house: House) -> None:
    (house.folder / "wiring.toml").write_text("half a li", "utf-8")


def remove_identity(house: House) -> None:
    (house.folder / "identity.json").unlink()


def spoil_journal(house: House) -> None:
    """So that it can neither be opened nor be set aside."""
    (house.state / f"{JOURNAL}.lock").unlink()
    (house.state / f"{JOURNAL}.lock").mkdir()
