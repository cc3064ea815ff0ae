"""The wiring file: which pin is which channel, and the limits that nobody can lift from afar. TOML, checked whole before a pin moves."""

import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from device.errors import WiringError
from device.rules import BootState, InputRule, LinkLoss, OutputRule
from device.wiring_faults import in_words
from protocol.messages import LONGEST_LEASE_S, MOST_CHANNELS, About, ChannelAbout, ChannelId, ChannelKind

MOST_GPIO: Final = 27
PULLED_UP: Final = (2, 3)  # the I²C lines, 1.8 kΩ to 3.3 V on every board
MOST_BYTES: Final = 262_144


def _clean(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not name or any(unicodedata.category(char) == "Cc" for char in name):
        raise ValueError("must have a visible character and no control character")
    return name


def _at_most(length: int) -> AfterValidator:
    """A limit for what is left after `_clean`: normalising can make a text longer."""

    def check(text: str) -> str:
        if len(text) > length:
            raise ValueError(f"must have at most {length} characters")
        return text

    return AfterValidator(check)


Name = Annotated[str, AfterValidator(_clean), _at_most(80)]
Group = Annotated[str, AfterValidator(_clean), _at_most(32)]
Gpio = Annotated[int, Field(ge=0, le=MOST_GPIO)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OutputWire(_Part):
    """A relay. `active_high` must be said: a board that switches on low would otherwise start ON."""

    kind: Literal["output"]
    id: ChannelId
    name: Name
    pin: Gpio
    active_high: bool
    icon: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")] = "socket"
    max_on_s: Annotated[int, Field(ge=1, le=LONGEST_LEASE_S)] | None = None
    min_off_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    interlock: Group | None = None
    interlock_pause_s: Seconds = 0
    boot: Annotated[BootState, Field(strict=False)] = BootState.OFF
    link_loss: Annotated[LinkLoss, Field(strict=False)] = LinkLoss.KEEP
    link_loss_after_s: Annotated[int, Field(ge=5, le=86_400)] = 60
    locked: bool = False

    def words(self) -> str:
        """What it is, in a line for people."""
        limits = [
            f"on when {'high' if self.active_high else 'low'}",
            f"at most {self.max_on_s} s" if self.max_on_s else "no time limit",
            f"after a power cut {self.boot}",
            f"link lost for {self.link_loss_after_s} s: {self.link_loss}",
        ]
        limits += [f"never with others of {self.interlock!r}"] if self.interlock else []
        limits += ["locked"] if self.locked else []
        return f"output, {', '.join(limits)}: {self.name}"

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

    def words(self) -> str:
        """What it is, in a line for people."""
        return f"{self.kind}, pulled {self.pull}" + (f", switches {self.switches}" if self.switches else "") + f": {self.name}"

    def rule(self) -> InputRule:
        """What the core is told of it."""
        return InputRule(self.id, ChannelKind(self.kind), self.switches)


Wire = Annotated[OutputWire | InputWire, Field(discriminator="kind")]


class _Device(_Part):
    model: Name = "Raspberry Pi"


class Wiring(_Part):
    """The whole file: a `[device]` table and a `[[channel]]` table for each channel."""

    device: _Device = _Device()
    channel: Annotated[tuple[Wire, ...], Field(min_length=1, max_length=MOST_CHANNELS, strict=False)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        faults = [*self._twice(), *self._dangling(), *self._interlocks(), *self._pulls()]
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
            if wire.switches is not None and wire.kind == "contact":
                yield f"channel {wire.id!r}, switches: a contact is only told; what switches is a button"

    def _pulls(self) -> Iterator[str]:
        for wire in self.inputs:
            if wire.pin in PULLED_UP and wire.pull == "down":
                yield f"channel {wire.id!r}, pull: GPIO {wire.pin} has a pull-up soldered to it; use 'up', or another pin"

    def _interlocks(self) -> Iterator[str]:
        groups = Counter(wire.interlock for wire in self.outputs if wire.interlock is not None)
        always_on = Counter(wire.interlock for wire in self.outputs if wire.link_loss is LinkLoss.ON)
        for group, count in groups.items():
            if count == 1:
                yield f"the interlock {group!r} is named by one channel only: name it at each that it keeps apart"
            if always_on[group] > 1:
                yield f"the interlock {group!r} has {always_on[group]} channels with link_loss = 'on': only one of them can be"
        for wire in self.outputs:
            if wire.interlock is None and wire.interlock_pause_s:
                yield f"channel {wire.id!r}, interlock_pause_s: says nothing without an interlock"

    @property
    def outputs(self) -> tuple[OutputWire, ...]:
        """The relays."""
        return tuple(wire for wire in self.channel if isinstance(wire, OutputWire))

    @property
    def inputs(self) -> tuple[InputWire, ...]:
        """The buttons and contacts."""
        return tuple(wire for wire in self.channel if isinstance(wire, InputWire))

    def lines(self) -> list[str]:
        """A table for people, one line a channel."""
        width = max(len(wire.id) for wire in self.channel)
        return [f"{wire.id:<{width}}  GPIO {wire.pin:<2}  {wire.words()}" for wire in self.channel]

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
        if not path.is_file():
            raise WiringError(path, ("is no file" if path.exists() else "does not exist",))
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise WiringError(path, (f"is over {MOST_BYTES // 1024} KiB: that is no wiring file",))
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WiringError(path, (f"cannot be read: {error}",)) from error
    return parse_wiring(text, path)


def parse_wiring(text: str, path: Path) -> Wiring:
    """Check a wiring file's text; `path` is for the messages. Raises WiringError."""
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise WiringError(path, (f"is not TOML: {error}",)) from error
    try:
        return Wiring.model_validate(raw)
    except ValidationError as error:
        raise WiringError(path, in_words(error, raw, _FIELDS)) from error


_FIELDS: Final[dict[str, frozenset[str]]] = {
    "": frozenset(Wiring.model_fields),
    "device": frozenset(_Device.model_fields),
    "output": frozenset(OutputWire.model_fields),
    "button": frozenset(InputWire.model_fields),
    "contact": frozenset(InputWire.model_fields),
}
