"""What the server knows of each device at this moment, in memory: what it said last, and how far that can be relied on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.messages import About, Cause, ChannelAbout, ClockTrust, Event, EventKind, Hello, State
from server.commands.record import CommandRecord, Fate
from server.devices.chosen import NOTHING, Chosen, in_order
from server.devices.dating import Run
from server.names import tidy_name


class DevicePresence(StrEnum):
    """Whether a device can be heard. UNKNOWN: the server has just come back and waits for word. REVOKED: never again."""

    ONLINE = "online"
    OFFLINE = "offline"
    UNKNOWN = "unknown"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a sensor told: a value, in which unit, when."""

    at_ms: int
    value: float
    unit: str


@dataclass(slots=True)
class ChannelNow:
    """A channel as last reported. `seq` numbers the report in the device's journal: an older one changes nothing."""

    about: ChannelAbout
    chosen: Chosen = NOTHING
    on: bool | None = None
    since_ms: int | None = None
    lease_until_ms: int | None = None
    cause: Cause | None = None
    actor: str | None = None
    told_ms: int | None = None
    seq: int = 0
    command: CommandRecord | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.chosen.label or self.about.name

    @property
    def icon(self) -> str:
        """Its picture's name; the wiring may name one that there is not."""
        return self.chosen.icon or self.about.icon

    @property
    def reported(self) -> tuple[bool | None, int | None, int | None, Cause | None, str | None]:
        """What the device says of it, without when it said so."""
        return self.on, self.since_ms, self.lease_until_ms, self.cause, self.actor

    @property
    def in_doubt(self) -> bool:
        """Whether nothing was heard of it since its last command was given up: it may have been obeyed."""
        command = self.command
        if command is None or command.fate is not Fate.UNCONFIRMED:
            return False
        return (self.told_ms or 0) <= (command.settled_ms or command.expires_ms)

    def hear_event(self, event: Event) -> bool:
        """Take over what an event tells; False: it is older than what is known."""
        if event.seq <= self.seq or event.kind not in (EventKind.SWITCHED, EventKind.LEASED):
            return False
        self.seq = event.seq
        if event.kind is EventKind.SWITCHED:
            self.since_ms = event.at_ms
        self.on, self.lease_until_ms = event.on, event.lease_until_ms
        self.cause, self.actor, self.told_ms = event.cause, event.actor, event.at_ms
        return True

    def hear_state(self, state: State) -> bool:
        """Take over what a state tells of this channel; False: it tells nothing of it, or is older than what is known.

        A device goes on telling who switched it. Whose name was taken out here does not come back by that.
        """
        told = state.channels.get(self.about.id)
        if told is None or state.seq < self.seq:
            return False
        nameless = self.actor is None and (told.on, told.since_ms, told.cause) == (self.on, self.since_ms, self.cause)
        self.seq = state.seq
        self.on, self.since_ms, self.lease_until_ms = told.on, told.since_ms, told.lease_until_ms
        self.cause, self.actor, self.told_ms = told.cause, None if nameless else told.actor, state.at_ms
        return True


@dataclass(slots=True)
class DeviceNow:
    """A device as it stands.

    `have_seq` is how far its journal was received without a gap, `kept_seq` how far it is on the server's disk. `heard_ms` is when
    it last said anything. `caught_up_at` is the last record it had when it said hello, not before `hello_ms`: once that is kept, nothing
    from before is missing. `run` is the run of its machine. `marks` is how far each journal that it ever had is kept.
    `trusts`: the server's keys that it obeys, None: never told. `clock`: how far it said last that its clock can be trusted.
    `measured`: the latest value of each sensor, and of the device's own health.
    `channels` stand in the order that people see; `chosen` also keeps what was chosen for channels that are not there just now.

    After a write that failed, `mark_is_sure` and `reports_are_sure` are False until what is on disk is known to be as here, and
    `must_be_asked` says that the device should tell again. It also says so where a roll call could not be sent. `asked_ms` is when it was
    asked last. `connected`: the broker's last word is that its session is alive, which is less than being online.
    `unwritten` is how many of its records are on their way to the disk, `held` a hello that waits for them.
    """

    id: str
    site_id: str
    slug: str
    name: str
    about: About | None = None
    presence: DevicePresence = DevicePresence.UNKNOWN
    presence_ms: int | None = None
    session: str | None = None
    journal: str | None = None
    have_seq: int = 0
    kept_seq: int = 0
    unwritten: int = 0
    held: Hello | None = None
    caught_up_at: int | None = None
    hello_ms: int = 0
    heard_ms: int = 0
    run: Run | None = None
    mark_is_sure: bool = False
    reports_are_sure: bool = True
    must_be_asked: bool = False
    asked_ms: int = 0
    connected: bool = False
    marks: dict[str, int] = field(default_factory=dict)
    channels: dict[str, ChannelNow] = field(default_factory=dict)
    chosen: dict[str, Chosen] = field(default_factory=dict)
    trusts: frozenset[str] | None = None
    clock: ClockTrust | None = None
    measured: dict[str, Measured] = field(default_factory=dict)

    def hear_about(self, about: About) -> None:
        """Take over which channels there are; what is known of those that stay is kept."""
        self.about = about
        told = {channel.id: channel for channel in about.channels}
        self.channels = {name: self._channel(_tidied(told[name])) for name in in_order(told, self.chosen)}

    def choose(self, channels: Mapping[str, Chosen]) -> None:
        """This is chosen for these channels from now on."""
        self.chosen.update(channels)
        if self.about is not None:
            self.hear_about(self.about)

    def _channel(self, told: ChannelAbout) -> ChannelNow:
        known = self.channels.get(told.id) or ChannelNow(told)
        known.about, known.chosen = told, self.chosen.get(told.id, NOTHING)
        return known

    def begin_journal(self, journal: str, have_seq: int) -> None:
        """The device has this journal; numbers of another one say nothing about its order."""
        if self.journal != journal:
            self.journal = journal
            for channel in self.channels.values():
                channel.seq = 0
        self.have_seq = self.kept_seq = have_seq


def _tidied(told: ChannelAbout) -> ChannelAbout:
    """A name is shown beside others' words: what could mislead there is left out."""
    name = tidy_name(told.name, told.id)
    return told if name == told.name else told.model_copy(update={"name": name})


class Registry:
    """All enrolled devices, by id."""

    def __init__(self) -> None:
        self._devices: dict[str, DeviceNow] = {}

    def __iter__(self) -> Iterator[DeviceNow]:
        return iter(self._devices.values())

    def __len__(self) -> int:
        return len(self._devices)

    def add(self, device: DeviceNow) -> None:
        """A device was enrolled, or read from the database."""
        self._devices[device.id] = device

    def get(self, device_id: str) -> DeviceNow | None:
        """The device, or None for one that is not enrolled here."""
        return self._devices.get(device_id)
