"""What a device wrote down before it knew the time gets the right one, and only that."""

from dataclasses import replace

from protocol.messages import ClockTrust, Event, EventKind, Hello
from server.devices.dating import Run, dated, run_of
from server.history.search import find_events
from tests.server.board import stage

RUN = Run("b" * 16, 1_000_000)
LOST = Event(
    journal="a" * 16,
    seq=1,
    at_ms=77,
    clock=ClockTrust.SYSTEM,
    boot="b" * 16,
    mono_ms=5_000,
    kind=EventKind.SWITCHED,
    channel="den",
    on=True,
    lease_until_ms=177,
)


def test_an_event_of_this_run_is_dated_by_how_long_the_machine_had_run():
    told = dated(LOST, RUN)
    assert (told.at_ms, told.clock, told.lease_until_ms) == (1_005_000, ClockTrust.SERVER, 1_005_100)


def test_an_event_of_another_run_keeps_the_time_it_claims_and_the_doubt():
    assert dated(LOST, replace(RUN, boot="c" * 16)) == LOST


def test_an_event_that_knows_the_time_is_left_alone():
    told = LOST.model_copy(update={"clock": ClockTrust.SERVER})
    assert dated(told, RUN) == told


def test_an_event_of_a_device_that_tells_nothing_of_its_run_is_left_alone():
    assert dated(LOST, None) == LOST
    assert dated(LOST.model_copy(update={"mono_ms": None}), RUN).at_ms == 77


def test_a_hello_tells_when_the_run_began():
    hello = Hello(
        session="a" * 16, hello="c" * 16, journal="a" * 16, first_seq=1, last_seq=1, device_ms=7, boot="b" * 16, mono_ms=4_000
    )
    assert run_of(hello, 1_004_000) == RUN
    assert run_of(hello.model_copy(update={"boot": None}), 1_004_000) is None


async def test_history_has_the_right_time_of_what_came_from_a_machine_that_did_not_know_it(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.say(
            Hello(
                session=puppet.session,
                hello="f" * 16,
                journal=puppet.journal,
                first_seq=1,
                last_seq=1,
                device_ms=7,
                boot="b" * 16,
                mono_ms=60_000,
            )
        )
        puppet.say(LOST.model_copy(update={"journal": puppet.journal, "lease_until_ms": None}))
        await there.settle()
        async with there.database.read() as session:
            (event,) = await find_events(session, puppet.id, 10)
        assert (event.at_ms, event.clock) == (there.clock() - 55_000, "server")
