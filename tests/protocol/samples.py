"""Messages for these tests: one of each kind as it is usual, one of each kind as large as an honest party can make it."""

from typing import Final

from protocol.messages import (
    LONGEST_LEASE_S,
    MOST_CHANNELS,
    About,
    Call,
    Cause,
    ChannelAbout,
    ChannelKind,
    ChannelState,
    ClockTrust,
    Command,
    Config,
    Event,
    EventKind,
    Fate,
    Hello,
    Keys,
    Measurement,
    Message,
    NewSecret,
    Presence,
    Reading,
    Reason,
    Receipt,
    Renew,
    State,
    Welcome,
)
from protocol.schedules.rules import MOST_RULES, Loop, Missed, Place, Rule, Weekly

DAWN: Final = Rule(id="00000000000000d1", channel="may-bom", on=True, for_s=600, when=Weekly(days=(1, 3), at="05:30"))
DEVICE: Final = "0123456789abcdef"
OTHER: Final = "fedcba9876543210"
TOKEN: Final = "00000000000000aa"
COMMAND_ID: Final = "0" * 31 + "1"
AT_MS: Final = 1_790_000_000_000
_HASH: Final = f"$7$1${'s' * 16}${'h' * 86}=="


def command(**fields: object) -> Command:
    """Minh switches the pump on for ten minutes."""
    told = {"aud": DEVICE, "jti": COMMAND_ID, "iat_ms": AT_MS, "exp_ms": AT_MS + 5_000, "channel": "may-bom", "on": True}
    return Command.model_validate({**told, "for_s": 600, "actor": "Minh", **fields})


def largest_rule(number: int) -> Rule:
    """A rule that takes as much room as a rule can."""
    loop = Loop(start="06:00", end="18:00", every_s=86_400)
    return Rule(
        id=f"{number:016x}",
        channel=_id(number % MOST_CHANNELS),
        on=True,
        for_s=86_399,
        when=loop,
        missed=Missed.LATE,
        late_s=86_400,
    )


USUAL: Final[tuple[Message, ...]] = (
    Presence(session=TOKEN, online=True),
    About(model="Raspberry Pi 4", version="1.0", channels=(ChannelAbout(id="may-bom", name="Máy bơm", kind=ChannelKind.OUTPUT),)),
    State(
        session=TOKEN,
        journal=TOKEN,
        seq=7,
        at_ms=AT_MS,
        clock=ClockTrust.SERVER,
        channels={
            "may-bom": ChannelState(on=True, since_ms=AT_MS, cause=Cause.COMMAND, actor="Minh"),
            "cua": ChannelState(on=None),
        },
    ),
    Hello(session=TOKEN, hello=TOKEN, journal=TOKEN, first_seq=1, last_seq=7, device_ms=AT_MS),
    Event(
        journal=TOKEN,
        seq=7,
        at_ms=AT_MS,
        clock=ClockTrust.NONE,
        kind=EventKind.SWITCHED,
        channel="may-bom",
        on=True,
        cause=Cause.COMMAND,
        actor="Minh",
        command=COMMAND_ID,
    ),
    Receipt(
        journal=TOKEN,
        seq=8,
        at_ms=AT_MS,
        clock=ClockTrust.SYSTEM,
        command=COMMAND_ID,
        channel="may-bom",
        fate=Fate.REJECTED,
        reason=Reason.TOO_SOON,
        on=False,
        retry_after_ms=900,
    ),
    Reading(values=(Measurement(channel="nhiet-do", at_ms=AT_MS, value=26.5, unit="°C"),)),
    NewSecret(renewal=TOKEN, secret_hash=_HASH),
    Welcome(aud=DEVICE, server_ms=AT_MS, clock=TOKEN, session=TOKEN, hello=TOKEN, journal=TOKEN, have_seq=7),
    Call(within_ms=2_000),
    command(),
    Keys(aud=DEVICE, version=3, keys=("ab" * 32,)),
    Renew(aud=DEVICE, session=TOKEN, renewal=TOKEN),
    Config(aud=DEVICE, jti=COMMAND_ID, iat_ms=AT_MS, version=3, limits={"may-bom": 60}, schedules=(DAWN,)),
)

_LONGEST_ID: Final = "a" * 30
_WIDE: Final = "𝔽"  # four bytes in UTF-8: the widest that a character can be
_MOST: Final = 2**53 - 1
_TRUSTS: Final = (TOKEN,) * 8


def _id(number: int) -> str:
    return f"{_LONGEST_ID}{number:02d}"


LARGEST: Final[tuple[Message, ...]] = (
    Presence(session=TOKEN, online=False),
    About(
        model=_WIDE * 80,
        version=_WIDE * 40,
        channels=tuple(
            ChannelAbout(
                id=_id(number),
                name=_WIDE * 80,
                kind=ChannelKind.CONTACT,
                icon="z" * 20,
                max_on_s=LONGEST_LEASE_S,
                min_off_s=86_400,
                interlock=_WIDE * 32,
            )
            for number in range(MOST_CHANNELS)
        ),
    ),
    State(
        session=TOKEN,
        journal=TOKEN,
        seq=_MOST,
        at_ms=_MOST,
        clock=ClockTrust.SYSTEM,
        channels={
            _id(number): ChannelState(on=False, since_ms=_MOST, lease_until_ms=_MOST, cause=Cause.LINK_LOSS, actor=_WIDE * 120)
            for number in range(MOST_CHANNELS)
        },
    ),
    Hello(
        session=TOKEN,
        hello=TOKEN,
        journal=TOKEN,
        first_seq=_MOST,
        last_seq=_MOST,
        device_ms=_MOST,
        config_version=2**63 - 1,
        trusts=(TOKEN,) * 8,
    ),
    Event(
        journal=TOKEN,
        seq=_MOST,
        at_ms=_MOST,
        clock=ClockTrust.SYSTEM,
        kind=EventKind.LINK_LOST,
        channel=_id(0),
        on=False,
        cause=Cause.LINK_LOSS,
        actor=_WIDE * 120,
        command=COMMAND_ID,
        reason=Reason.UNKNOWN_CHANNEL,
        lease_until_ms=_MOST,
    ),
    Receipt(
        journal=TOKEN,
        seq=_MOST,
        at_ms=_MOST,
        clock=ClockTrust.SYSTEM,
        command=COMMAND_ID,
        channel=_WIDE * 32,
        fate=Fate.REJECTED,
        reason=Reason.UNKNOWN_CHANNEL,
        on=False,
        lease_until_ms=_MOST,
        retry_after_ms=_MOST,
    ),
    Reading(values=(Measurement(channel=_id(0), at_ms=_MOST, value=-1.7976931348623157e308, unit=_WIDE * 12),) * 100),
    NewSecret(renewal=TOKEN, secret_hash=_HASH.replace("$1$", "$999$")),
    Welcome(aud=DEVICE, server_ms=_MOST, clock=TOKEN, session=TOKEN, hello=TOKEN, journal=TOKEN, have_seq=_MOST),
    Call(within_ms=600_000),
    command(iat_ms=_MOST, exp_ms=_MOST, channel=_WIDE * 32, for_s=LONGEST_LEASE_S, actor=_WIDE * 120),
    Keys(aud=DEVICE, version=_MOST, keys=("ab" * 32,) * 8),
    Renew(aud=DEVICE, session=TOKEN, renewal=TOKEN),
    Config(
        aud=DEVICE,
        jti=COMMAND_ID,
        iat_ms=_MOST,
        version=2**63 - 1,
        timezone=_WIDE * 64,
        place=Place(latitude=-12.345678901234567, longitude=-123.45678901234568),
        limits={_id(number): 604_800 for number in range(MOST_CHANNELS)},
        schedules=tuple(largest_rule(number) for number in range(MOST_RULES)),
    ),
)
