"""Why a device could not be heard: told only as far as its journal shows it."""

from typing import Any

import pytest

from protocol.messages import Cause, EventKind
from server.history.models import LOST
from server.history.outages import BLINK_MS, LATE_LINK_MS, Heard, Kind, Outage, Told, outages, silent_ms

MINUTE = 60_000
BEGAN, BACK = 100 * MINUTE, 140 * MINUTE
AWAY = (Heard(0, True), Heard(BEGAN, False), Heard(BACK, True))


def told(kind: str, at_ms: int, seq: int = 9, cause: Cause | None = None, **more: Any) -> Told:
    fields = {"journal": "j", "received_ms": BACK + 100, "sure": True, **more}
    return Told(seq=seq, at_ms=at_ms, kind=kind, cause=cause, **fields)


def start(cause: Cause = Cause.BOOT, at_ms: int = BACK - 20_000, seq: int = 9, **more: Any) -> Told:
    return told(EventKind.STARTED, at_ms, seq, cause, **more)


def switched(channel: str, on: bool | None, cause: Cause, seq: int, at_ms: int = BACK - 20_000, **more: Any) -> Told:
    return told(EventKind.SWITCHED, at_ms, seq, cause, channel=channel, on=on, **more)


def silence(kind: Kind, **more: Any) -> list[Outage]:
    return [Outage(kind, **{"from_ms": BEGAN, "to_ms": BACK, **more})]


def test_a_machine_that_started_anew_had_lost_its_power_and_its_relays_are_off() -> None:
    assert outages(AWAY, [start()]) == silence(Kind.POWER)


def test_what_a_start_switched_on_again_is_told_and_what_did_not_obey_is_in_doubt() -> None:
    said = [
        start(),
        switched("den", True, Cause.BOOT, 10),
        switched("quat", False, Cause.BOOT, 11),
        switched("cong", True, Cause.FAULT, 12),
        switched("bom", None, Cause.FAULT, 13),
        switched("van", False, Cause.FAULT, 14),
    ]
    assert outages(AWAY, said) == silence(Kind.POWER, on=("den",), in_doubt=("cong", "bom"))


def test_what_happened_later_says_nothing_of_the_start() -> None:
    later = BACK + MINUTE
    said = [start(), switched("den", True, Cause.COMMAND, 10), switched("bom", True, Cause.FAULT, 11, later)]
    assert outages(AWAY, said) == silence(Kind.POWER)


def test_where_nothing_started_only_the_link_was_lost() -> None:
    assert outages(AWAY, [switched("den", True, Cause.COMMAND, 4, BEGAN - 1)]) == silence(Kind.LINK)


def test_what_a_device_switched_by_itself_without_its_link_is_told() -> None:
    said = [
        switched("cong", False, Cause.LINK_LOSS, 10, BEGAN + MINUTE),
        switched("quat", True, Cause.LINK_LOSS, 11, BEGAN + MINUTE),
        switched("den", False, Cause.LINK_LOSS, 3, BEGAN - MINUTE),
    ]
    assert outages(AWAY, said) == silence(Kind.LINK, by_itself=(("cong", False), ("quat", True)))


def test_an_agent_that_started_on_a_machine_that_ran_on_is_no_loss_of_power() -> None:
    assert outages(AWAY, [start(Cause.RESTART)]) == silence(Kind.RESTART)


def test_power_counts_where_the_agent_also_restarted_afterwards() -> None:
    said = [start(seq=9, at_ms=BACK - 90_000), start(Cause.RESTART, seq=12)]
    assert outages(AWAY, said) == silence(Kind.POWER)


def test_a_device_that_is_not_back_may_have_lost_either() -> None:
    assert outages(AWAY[:2], []) == silence(Kind.AWAY, to_ms=None)


def test_where_records_are_lost_or_not_here_yet_nobody_knows() -> None:
    lost = told(LOST, BACK, received_ms=BACK)
    assert outages(AWAY, [lost]) == silence(Kind.UNKNOWN)
    assert outages(AWAY, [], caught_up=False) == silence(Kind.UNKNOWN)


def test_records_that_are_lost_do_not_hide_a_start_that_was_told() -> None:
    assert outages(AWAY, [told(LOST, BACK, received_ms=BACK), start()]) == silence(Kind.POWER)


def test_an_older_silence_is_known_also_while_the_latest_is_not() -> None:
    heard = [*AWAY, Heard(BACK + 60 * MINUTE, False), Heard(BACK + 90 * MINUTE, True)]
    assert [it.kind for it in outages(heard, [], caught_up=False)] == [Kind.UNKNOWN, Kind.LINK]


def test_a_new_memory_tells_nothing_of_the_time_before() -> None:
    assert outages(AWAY, [start(seq=1, journal="new")]) == silence(Kind.NEW_MEMORY)


def test_power_that_came_back_long_before_the_link_is_told_apart() -> None:
    at_ms = BACK - LATE_LINK_MS - 1
    assert outages(AWAY, [start(at_ms=at_ms)]) == silence(Kind.POWER, started_ms=at_ms)


def test_a_silence_of_the_server_s_own_is_not_the_device_s() -> None:
    heard = [Heard(0, True), Heard(BEGAN, None), Heard(BACK, True)]
    assert outages(heard, []) == silence(Kind.SERVER)
    assert outages(heard[:2], []) == silence(Kind.SERVER, to_ms=None)


def test_a_device_that_was_given_up_while_the_server_was_deaf_was_away_since_then() -> None:
    heard = [Heard(0, True), Heard(BEGAN, None), Heard(BEGAN + MINUTE, False), Heard(BACK, True)]
    assert outages(heard, []) == silence(Kind.LINK)
    assert outages(heard, [start()]) == silence(Kind.POWER)


@pytest.mark.parametrize(
    ("sure", "at_ms", "received_ms", "kind"),
    [
        (False, 0, BACK + 100, Kind.POWER),
        (False, 0, BACK + 60 * MINUTE, Kind.LINK),
        (True, BEGAN - MINUTE, BACK + 100, Kind.POWER),
    ],
    ids=["no clock, told on return", "no clock, told much later", "before the broker missed it"],
)
def test_a_start_belongs_to_the_silence_that_its_time_or_its_arrival_names(
    sure: bool, at_ms: int, received_ms: int, kind: Kind
) -> None:
    assert [it.kind for it in outages(AWAY, [start(at_ms=at_ms, sure=sure, received_ms=received_ms)])] == [kind]


def test_a_start_that_nobody_noticed_stands_by_itself() -> None:
    at_ms = BACK + 60 * MINUTE
    said = [start(at_ms=at_ms), switched("den", True, Cause.BOOT, 10, at_ms), start(Cause.RESTART, at_ms + MINUTE, 11)]
    assert outages([Heard(0, True)], said) == [
        Outage(Kind.RESTART, at_ms + MINUTE, at_ms + MINUTE),
        Outage(Kind.POWER, at_ms, at_ms, on=("den",)),
    ]


def test_the_first_start_of_all_is_no_return() -> None:
    assert outages([Heard(BACK, True)], [start(seq=1, at_ms=BACK - MINUTE)]) == []


def test_a_connection_that_takes_the_place_of_another_is_no_silence() -> None:
    blink = [Heard(0, True), Heard(BEGAN, False), Heard(BEGAN + BLINK_MS - 1, True)]
    assert outages(blink, []) == []
    restarted = start(Cause.RESTART, at_ms=BEGAN + 500)
    assert [it.kind for it in outages(blink, [restarted])] == [Kind.RESTART]


def test_a_device_that_never_came_has_no_silences() -> None:
    assert outages([], []) == []


def test_the_silence_in_all_counts_what_is_inside_the_time_and_not_the_server_s_own() -> None:
    found = [
        Outage(Kind.AWAY, 90 * MINUTE, None),
        Outage(Kind.SERVER, 60 * MINUTE, 70 * MINUTE),
        Outage(Kind.LINK, 30 * MINUTE, 40 * MINUTE),
        Outage(Kind.POWER, 0, 20 * MINUTE),
    ]
    assert silent_ms(found, 10 * MINUTE, 100 * MINUTE) == (10 + 10 + 10) * MINUTE


def test_a_start_after_which_it_was_heard_is_not_of_the_silence_that_follows_soon() -> None:
    heard = (Heard(BACK, True), Heard(BACK + MINUTE, False), Heard(BACK + 2 * MINUTE, True))
    said = [start(at_ms=BACK - 1_000, seq=1), start(Cause.RESTART, BACK + 2 * MINUTE - 1_000, seq=2)]
    assert outages(heard, said) == [Outage(Kind.RESTART, BACK + MINUTE, BACK + 2 * MINUTE)]
