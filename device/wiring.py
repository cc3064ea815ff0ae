"""The wiring file: which pin is which channel, and the limits that nobody can lift from afar. TOML, checked whole before a pin moves."""

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from device.errors import WiringError
from device.rules import BootState, InputRule, LinkLoss, OutputRule
from protocol.messages import LONGEST_LEASE_S, MOST_CHANNELS, About, ChannelAbout, ChannelId, ChannelKind

MOST_GPIO = 27


def _clean(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not name or any(unicodedata.category(char) == "Cc" for char in name):
        raise ValueError("must have a visible character and no control character")
    return name


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_clean)]
Gpio = Annotated[int, Field(ge=0, le=MOST_GPIO, strict=True)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OutputWire(_Part):
    """A relay. `active_high` must be said: a board that switches on low would otherwise start ON."""

    kind: Literal["output"]
    id: ChannelId
    name: Name
    pin: Gpio
    active_high: Annotated[bool, Field(strict=True)]
    icon: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "socket"
    max_on_s: Annotated[int, Field(ge=1, le=LONGEST_LEASE_S)] | None = None
    min_off_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    interlock: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    interlock_pause_s: Seconds = 0
    boot: BootState = BootState.OFF
    link_loss: LinkLoss = LinkLoss.KEEP
    link_loss_after_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    locked: bool = False

    def rule(self) -> OutputRule:
        """What the core is told of it."""
        return OutputRule(
            id=self.id,
            max_on_ms=None if self.max_on_s is None else self.max_on_s * 1000,
            min_off_ms=self.min_off_s * 1000,
            interlock=self.interlock,
            interlock_pause_ms=round(self.interlock_pause_s * 1000),
            boot=self.boot,
            link_loss=self.link_loss,
            link_loss_after_ms=self.link_loss_after_s * 1000,
            locked=self.locked,
        )


class InputWire(_Part):
    """A button, which may toggle an output, or a contact, which is only told."""

    kind: Literal["button", "contact"]
    id: ChannelId
    name: Name
    pin: Gpio
    pull: Literal["up", "down"] = "up"
    bounce_s: Annotated[float, Field(ge=0.001, le=1, allow_inf_nan=False)] = 0.05
    icon: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "sensor"
    switches: ChannelId | None = None

    def rule(self) -> InputRule:
        """What the core is told of it."""
        return InputRule(self.id, ChannelKind(self.kind), self.switches)


Wire = Annotated[OutputWire | InputWire, Field(discriminator="kind")]


class _Device(_Part):
    model: Annotated[str, Field(min_length=1, max_length=80)] = "Raspberry Pi"


class Wiring(_Part):
    """The whole file: a `[device]` table and a `[[channel]]` table for each channel."""

    device: _Device = _Device()
    channel: Annotated[tuple[Wire, ...], Field(min_length=1, max_length=MOST_CHANNELS)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        faults = [*self._twice(), *self._dangling()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _twice(self) -> Iterator[str]:
        for pin, count in Counter(wire.pin for wire in self.channel).items():
            if count > 1:
                users = " and ".join(repr(wire.id) for wire in self.channel if wire.pin == pin)
                yield f"pin {pin} is used by {users}: each channel needs a pin of its own"
        for channel, count in Counter(wire.id for wire in self.channel).items():
            if count > 1:
                yield f"the id {channel!r} is given to {count} channels"

    def _dangling(self) -> Iterator[str]:
        outputs = {wire.id for wire in self.outputs}
        for wire in self.inputs:
            if wire.switches is not None and wire.switches not in outputs:
                yield f"channel {wire.id!r} switches {wire.switches!r}, which is no output"

    @property
    def outputs(self) -> tuple[OutputWire, ...]:
        """The relays."""
        return tuple(wire for wire in self.channel if isinstance(wire, OutputWire))

    @property
    def inputs(self) -> tuple[InputWire, ...]:
        """The buttons and contacts."""
        return tuple(wire for wire in self.channel if isinstance(wire, InputWire))

    def about(self, version: str, model: str | None = None) -> About:
        """What the device tells of itself."""
        return About(model=model or self.device.model, version=version, channels=tuple(_about(wire) for wire in self.channel))


def _about(wire: OutputWire | InputWire) -> ChannelAbout:
    told = ChannelAbout(id=wire.id, name=wire.name, kind=ChannelKind(wire.kind), icon=wire.icon)
    if isinstance(wire, InputWire):
        return told
    limits = {"max_on_s": wire.max_on_s, "min_off_s": wire.min_off_s, "interlock": wire.interlock, "locked": wire.locked}
    return told.model_copy(update=limits)


def read_wiring(path: Path) -> Wiring:
    """Read and check a wiring file. Raises WiringError, which names every fault and where it is."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WiringError(path, (f"cannot be read: {error}",)) from error
    return parse_wiring(text, path)


def parse_wiring(text: str, path: Path) -> Wiring:
    """Check a wiring file's text; `path` is for the messages. Raises WiringError."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WiringError(path, (f"is not TOML: {error}",)) from error
    try:
        return Wiring.model_validate(raw)
    except ValidationError as error:
        raise WiringError(path, tuple(_fault(fault["loc"], fault["msg"], raw) for fault in error.errors())) from error


def _fault(where: tuple[int | str, ...], message: str, raw: object) -> str:
    message = message.removeprefix("Value error, ")
    match where:
        case ("channel", int(index), *rest):
            # pydantic names the kind between the index and the field
            field = ".".join(str(part) for part in rest if part not in ("output", "button", "contact"))
            return f"channel {_channel_name(raw, index)}" + (f", {field}" if field else "") + f": {message}"
        case ():
            return message
        case _:
            return f"{'.'.join(map(str, where))}: {message}"


def _channel_name(raw: object, index: int) -> str:
    match raw:
        case {"channel": list(channels)} if index < len(channels) and isinstance(channels[index], dict):
            return repr(channels[index].get("id", f"number {index + 1}"))
        case _:
            return f"number {index + 1}"
