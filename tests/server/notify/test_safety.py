"""Which safety limits are told of: by what a device said, with what was known before."""

from typing import Any

import pytest

from protocol.messages import Cause, ClockTrust, Event, EventKind, Fate, Reason, Receipt
from server.notify.kinds import Message, What
from server.notify.safety import GATHER_MS, Before, Safety, judged

DEVICE, NOW = "d" * 16, 1_800_000_000_000
QUIET_MS, LATE_MS = 600_000, 86_400_000
ON_FOR_HALF_AN_HOUR = Before(on=True, since_ms=NOW - 1_800_000, max_on_s=1_800, wished_s=None)


def event(cause: Cause | None, *, seq: int = 1, **more: Any) -> Event:
    given = {"kind": EventKind.SWITCHED, "channel": "may-bom", "on": False, "at_ms": NOW, **more}
    return Event(journal="b" * 16, seq=seq, clock=ClockTrust.SERVER, cause=cause, **given)


def receipt(reason: Reason, *, fate: Fate = Fate.REJECTED, command: str = "1" * 32) -> Receipt:
    return Receipt(
        journal="b" * 16, at_ms=NOW, clock=ClockTrust.SERVER, command=command, channel="may-bom", fate=fate, reason=reason
    )


@pytest.mark.parametrize(
    ("told", "before", "what"),
    [
        (event(Cause.LEASE), ON_FOR_HALF_AN_HOUR, What.LIMIT),
        (event(Cause.LEASE), Before(True, NOW - 1_798_600, 1_800, None), What.LIMIT),
        (event(Cause.LEASE), Before(True, NOW - 1_700_000, 1_800, None), None),
        (event(Cause.LEASE), Before(True, NOW - 1_800_000, 1_800, 1_800), None),
        (event(Cause.LEASE), Before(True, NOW - 1_800_000, 1_800, 600), None),
        (event(Cause.LEASE), Before(True, NOW - 1_800_000, None, None), None),
        (event(Cause.LEASE), Before(None, None, 1_800, None), None),
        (event(Cause.LEASE), None, None),
        (event(Cause.LINK_LOSS), ON_FOR_HALF_AN_HOUR, What.LINK_LOSS),
        (event(Cause.LINK_LOSS, on=True), ON_FOR_HALF_AN_HOUR, None),
        (event(Cause.INTERLOCK), ON_FOR_HALF_AN_HOUR, What.INTERLOCK),
        (event(Cause.BOOT), ON_FOR_HALF_AN_HOUR, What.POWER_CUT),
        (event(Cause.BOOT), Before(False, NOW, None, None), None),
        (event(Cause.BOOT), Before(None, None, None, None), None),
        (event(Cause.RESTART), ON_FOR_HALF_AN_HOUR, None),
        (event(Cause.COMMAND), ON_FOR_HALF_AN_HOUR, None),
        (event(Cause.SCHEDULE), ON_FOR_HALF_AN_HOUR, None),
        (event(None, kind=EventKind.REFUSED, on=None, reason=Reason.INTERLOCK), ON_FOR_HALF_AN_HOUR, What.INTERLOCK),
        (event(None, kind=EventKind.REFUSED, on=None, reason=Reason.REPLAYED), ON_FOR_HALF_AN_HOUR, None),
        (event(Cause.LEASE, kind=EventKind.LEASED, on=True), ON_FOR_HALF_AN_HOUR, None),
    ],
)
def test_a_limit_acted_or_none_did(told: Event, before: Before | None, what: What | None) -> None:
    assert judged(told, before) == what


def test_the_message_names_the_channel_and_the_time_at_which_the_device_acted() -> None:
    safety = Safety(QUIET_MS, LATE_MS)
    told = safety.event(DEVICE, event(Cause.LEASE), ON_FOR_HALF_AN_HOUR, NOW + 5)
    assert told == [Message(f"event/{DEVICE}/{'b' * 16}/1", What.LIMIT, DEVICE, NOW, {"channels": ["may-bom"]})]


def test_an_interlock_that_refused_a_wish_is_told_to_all_but_who_wished() -> None:
    safety = Safety(QUIET_MS, LATE_MS)
    told = safety.receipt(DEVICE, receipt(Reason.INTERLOCK), "lan", NOW)
    assert told == [Message(f"command/{'1' * 32}", What.INTERLOCK, DEVICE, NOW, {"channels": ["may-bom"]}, but="lan")]
    assert safety.receipt(DEVICE, receipt(Reason.TOO_SOON), "lan", NOW) == []
    assert safety.receipt(DEVICE, receipt(Reason.INTERLOCK, fate=Fate.EXPIRED), "lan", NOW) == []


def test_the_same_limit_on_the_same_channel_is_told_once_in_a_while() -> None:
    safety = Safety(QUIET_MS, LATE_MS)
    at = [NOW, NOW + 1_000, NOW + QUIET_MS - 1, NOW + QUIET_MS]
    told = [
        safety.event(DEVICE, event(Cause.LINK_LOSS, seq=seq, at_ms=now), ON_FOR_HALF_AN_HOUR, now)
        for seq, now in enumerate(at, 1)
    ]
    assert [len(messages) for messages in told] == [1, 0, 0, 1]
    other = safety.event(DEVICE, event(Cause.LINK_LOSS, seq=9, channel="den"), ON_FOR_HALF_AN_HOUR, NOW + 1_000)
    assert [message.facts for message in other] == [{"channels": ["den"]}]


def test_what_a_device_tells_a_day_late_is_history_and_no_news() -> None:
    safety = Safety(QUIET_MS, LATE_MS)
    assert len(safety.event(DEVICE, event(Cause.LINK_LOSS), ON_FOR_HALF_AN_HOUR, NOW + LATE_MS)) == 1
    assert safety.event("e" * 16, event(Cause.LINK_LOSS), ON_FOR_HALF_AN_HOUR, NOW + LATE_MS + 1) == []


def test_all_that_a_power_cut_switched_off_is_one_message() -> None:
    safety = Safety(QUIET_MS, LATE_MS)
    for seq, channel in enumerate(("may-bom", "den", "den"), 2):
        assert safety.event(DEVICE, event(Cause.BOOT, seq=seq, channel=channel), ON_FOR_HALF_AN_HOUR, NOW + seq) == []
    assert safety.advance(NOW + 4 + GATHER_MS - 1) == []
    facts = {"channels": ["may-bom", "den"]}
    assert safety.advance(NOW + 4 + GATHER_MS) == [Message(f"start/{DEVICE}/{'b' * 16}/2", What.POWER_CUT, DEVICE, NOW, facts)]
    assert safety.advance(NOW + 10 * GATHER_MS) == []
