"""The messages, as the wire carries them: JSON objects with a version `v`, unknown fields ignored, unknown versions refused.

Times are whole milliseconds (`…_ms`); those named `at_ms` or `…_until_ms` count from 1970 in UTC. Durations that people choose are
seconds (`…_s`). Booleans are JSON booleans, nothing else.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from protocol.ids import CHANNEL_ID_PATTERN, COMMAND_ID_PATTERN, TOKEN_PATTERN
from protocol.schedules.rules import LANG_SON, LONGEST_FOR_S, MOST_RULES, Place, Rule
from protocol.secret import HASH_PATTERN
from protocol.topics import DEVICE_ID_PATTERN, Topic

LONGEST_LEASE_S: Final = LONGEST_FOR_S
LONGEST_LIFE_MS: Final = 25 * 3_600_000  # of a command: the server gives a day at most; its clock may be put right meanwhile
MOST_CHANNELS: Final = 64
NO_CONTROL_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]*$"  # they forge lines of a log, and PostgreSQL takes no NUL

DeviceId = Annotated[str, StringConstraints(pattern=DEVICE_ID_PATTERN)]
ChannelId = Annotated[str, StringConstraints(pattern=CHANNEL_ID_PATTERN)]
CommandId = Annotated[str, StringConstraints(pattern=COMMAND_ID_PATTERN)]
Token = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]
KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
PublicKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=NO_CONTROL_PATTERN)]
Actor = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=NO_CONTROL_PATTERN)]
Millis = Annotated[int, Field(ge=0, lt=2**53)]
Seq = Annotated[int, Field(ge=0, lt=2**53)]
LeaseSeconds = Annotated[int, Field(ge=1, le=LONGEST_LEASE_S)]


class ClockTrust(StrEnum):
    """How far a device's time may be trusted: learnt from the server, only the system's own, or none at all."""

    SERVER = "server"
    SYSTEM = "system"
    NONE = "none"


class ChannelKind(StrEnum):
    """What a channel is: a relay to drive, a button or a contact to read, a sensor to measure."""

    OUTPUT = "output"
    BUTTON = "button"
    CONTACT = "contact"
    SENSOR = "sensor"


class Cause(StrEnum):
    """Why a channel changed, or why something was written down."""

    COMMAND = "command"
    LEASE = "lease"
    SCHEDULE = "schedule"
    BUTTON = "button"
    INTERLOCK = "interlock"
    BOOT = "boot"
    RESTART = "restart"
    LINK_LOSS = "link_loss"
    INPUT = "input"
    FAULT = "fault"


class EventKind(StrEnum):
    """What an event tells: a channel switched, a lease was set anew, a message was refused, the agent started, the link was lost."""

    SWITCHED = "switched"
    LEASED = "leased"
    REFUSED = "refused"
    STARTED = "started"
    LINK_LOST = "link_lost"


class Fate(StrEnum):
    """What the device did with a command."""

    APPLIED = "applied"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why the device did not do what it was told, or refused to read it."""

    UNKNOWN_CHANNEL = "unknown_channel"
    NOT_AN_OUTPUT = "not_an_output"
    LOCKED = "locked"
    INTERLOCK = "interlock"
    TOO_SOON = "too_soon"
    CLOCK_UNKNOWN = "clock_unknown"
    EXPIRED = "expired"
    INTERRUPTED = "interrupted"
    PIN_FAULT = "pin_fault"
    STORAGE = "storage"
    BUSY = "busy"
    RETAINED = "retained"
    REPLAYED = "replayed"
    NOT_FOR_US = "not_for_us"
    BAD_SIGNATURE = "bad_signature"
    NOT_VALID = "not_valid"


class Message(BaseModel):
    """One payload on one topic."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    TOPIC: ClassVar[Topic]

    v: Annotated[int, Field(ge=1, le=1)] = 1


class Presence(Message):
    """Whether a device's session is alive. The will says `online: false` for the session that it was given with."""

    TOPIC = Topic.PRESENCE

    session: Token
    online: bool


class ChannelAbout(BaseModel):
    """What a channel is and which limits its device holds for it. `max_on_s` None: may stay on for ever."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    id: ChannelId
    name: Name
    kind: Annotated[ChannelKind, Field(strict=False)]
    icon: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")] = "socket"
    max_on_s: LeaseSeconds | None = None
    min_off_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    interlock: Annotated[str, StringConstraints(max_length=32, pattern=NO_CONTROL_PATTERN)] | None = None
    locked: bool = False


class About(Message):
    """What a device is: told on every connect."""

    TOPIC = Topic.ABOUT

    model: Annotated[str, StringConstraints(max_length=80, pattern=NO_CONTROL_PATTERN)]
    version: Annotated[str, StringConstraints(max_length=40, pattern=NO_CONTROL_PATTERN)]
    channels: Annotated[tuple[ChannelAbout, ...], Field(max_length=MOST_CHANNELS, strict=False)]


class ChannelState(BaseModel):
    """One channel as last read back. `on` None: not known, as when its pin cannot be read."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    on: bool | None = None
    since_ms: Millis | None = None
    lease_until_ms: Millis | None = None
    cause: Annotated[Cause | None, Field(strict=False)] = None
    actor: Actor | None = None


class State(Message):
    """All channels at a moment. `seq`: the last event that it includes."""

    TOPIC = Topic.STATE

    session: Token
    journal: Token
    seq: Seq
    at_ms: Millis
    clock: Annotated[ClockTrust, Field(strict=False)]
    channels: Annotated[dict[ChannelId, ChannelState], Field(max_length=MOST_CHANNELS)]


class Hello(Message):
    """Said on every connect, and again when there is something the server has not confirmed.

    `hello` tells this one from others; the journal holds the events `first_seq` to `last_seq`. `boot` names this run of the
    machine, and `mono_ms` is how long it has run: what it wrote down before it knew the time can be dated by that. `surely_ms` is
    the earliest server time at which it can have been said, however late it arrives: all that the device answered until then is in
    the journal up to `last_seq`. Absent where the device does not know the time, or could not write all of it down. `trusts`: the
    short names of the server's keys that it obeys.
    """

    TOPIC = Topic.HELLO

    session: Token
    hello: Token
    journal: Token
    first_seq: Seq
    last_seq: Seq
    device_ms: Millis
    boot: Token | None = None
    mono_ms: Millis | None = None
    surely_ms: Millis | None = None
    config_version: Annotated[int, Field(ge=0)] = 0
    trusts: Annotated[tuple[KeyId, ...], Field(max_length=8, strict=False)] = ()


class Event(Message):
    """Something that happened on a device. (device, journal, seq) is unique for ever.

    `at_ms` is worth what `clock` says; `mono_ms` of the run of the machine named `boot` is right in any case.
    """

    TOPIC = Topic.EVENT

    journal: Token
    seq: Annotated[int, Field(ge=1, lt=2**53)]
    at_ms: Millis
    clock: Annotated[ClockTrust, Field(strict=False)]
    boot: Token | None = None
    mono_ms: Millis | None = None
    kind: Annotated[EventKind, Field(strict=False)]
    channel: ChannelId | None = None
    on: bool | None = None
    cause: Annotated[Cause | None, Field(strict=False)] = None
    actor: Actor | None = None
    command: CommandId | None = None
    reason: Annotated[Reason | None, Field(strict=False)] = None
    lease_until_ms: Millis | None = None


class Receipt(Message):
    """A device's answer to a command; always one, also when nothing changed.

    `on` is what the pin read back as when the answer was made, None where it could not be read or there is no such pin.
    `clamped`: the lease was shortened to the device's own limit.
    """

    TOPIC = Topic.RECEIPT

    journal: Token
    seq: Annotated[int, Field(ge=1, lt=2**53)] | None = None
    at_ms: Millis
    clock: Annotated[ClockTrust, Field(strict=False)]
    command: CommandId
    channel: Annotated[str, StringConstraints(max_length=32, pattern=NO_CONTROL_PATTERN)]
    fate: Annotated[Fate, Field(strict=False)]
    reason: Annotated[Reason | None, Field(strict=False)] = None
    on: bool | None = None
    changed: bool = False
    clamped: bool = False
    lease_until_ms: Millis | None = None
    retry_after_ms: Millis | None = None


class Measurement(BaseModel):
    """One value of one sensor channel."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    channel: ChannelId
    at_ms: Millis
    value: float
    unit: Annotated[str, StringConstraints(min_length=1, max_length=12, pattern=NO_CONTROL_PATTERN)]


class Reading(Message):
    """Sensor values, batched."""

    TOPIC = Topic.READING

    values: Annotated[tuple[Measurement, ...], Field(min_length=1, max_length=100, strict=False)]


class NewSecret(Message):
    """The device's answer to a Renew: mosquitto's hash of the secret that it has made. The secret itself never leaves the device."""

    TOPIC = Topic.SECRET

    renewal: Token
    secret_hash: Annotated[str, StringConstraints(pattern=HASH_PATTERN)]


class Signed(Message):
    """What is signed for one device: `aud` its id. Which key signed is told by the JWS header."""

    aud: DeviceId


class Welcome(Signed):
    """The server's answer to a hello: its time, and the last event it has with no gap before it.

    Signed, and bound to one hello by the random token that this carried: who holds the broker can neither make one nor use an old
    one, and so cannot set a device's clock. `clock` is the name of the server's clock until it is set or slewed: what was told under the
    same name before still holds.
    """

    TOPIC = Topic.WELCOME

    server_ms: Millis
    clock: Token | None = None
    session: Token
    hello: Token
    journal: Token
    have_seq: Seq


class Call(Message):
    """A call of the roll: say hello at a random moment within that time. It makes a device believe nothing, so it is not signed."""

    TOPIC = Topic.CALL

    within_ms: Annotated[int, Field(ge=0, le=600_000)]


class Command(Signed):
    """A wish: switch a channel on or off, before `exp_ms`. `for_s`: how long it may stay on, None: as long as the device allows.

    It lives for LONGEST_LIFE_MS at most: whoever could hold one back may not choose the day on which it acts.
    """

    TOPIC = Topic.COMMAND

    jti: CommandId
    iat_ms: Millis
    exp_ms: Millis
    channel: Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=NO_CONTROL_PATTERN)]
    on: bool
    for_s: LeaseSeconds | None = None
    actor: Actor

    @model_validator(mode="after")
    def _short_lived(self) -> Self:
        if self.exp_ms - self.iat_ms > LONGEST_LIFE_MS:
            raise ValueError(f"lives for more than {LONGEST_LIFE_MS} ms")
        return self


class Keys(Signed):
    """The public keys whose words the device obeys from now on, in place of those before. Later versions replace earlier.

    Signed with one that the device trusts already, and that stays among them: so a key can be replaced, and none lost by mistake.
    """

    TOPIC = Topic.KEYS

    version: Annotated[int, Field(ge=1, lt=2**53)]
    keys: Annotated[tuple[PublicKey, ...], Field(min_length=1, max_length=8, strict=False)]


class Renew(Signed):
    """The device is to make a new secret for the broker, once for each `renewal`, and only in the session that this names."""

    TOPIC = Topic.RENEW

    session: Token
    renewal: Token


class Config(Signed):
    """What the server may decide for a device: schedules, tighter limits, zone and place. Later versions replace earlier.

    A device that does not understand one of the rules refuses the whole: it must not act by some of them.
    """

    TOPIC = Topic.CONFIG

    jti: CommandId
    iat_ms: Millis
    version: Annotated[int, Field(ge=1)]
    timezone: Annotated[str, StringConstraints(max_length=64, pattern=NO_CONTROL_PATTERN)] = "Asia/Ho_Chi_Minh"
    limits: dict[ChannelId, LeaseSeconds] = {}
    place: Place = LANG_SON
    schedules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES, strict=False)] = ()


MESSAGES: Final[dict[Topic, type[Message]]] = {
    message.TOPIC: message
    for message in (
        *(Presence, About, State, Hello, Event, Receipt, Reading, NewSecret),
        *(Welcome, Call, Command, Keys, Renew, Config),
    )
}
