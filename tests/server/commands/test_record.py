"""Each piece of news makes one thing of a command, and a fate once final never changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.messages import ClockTrust, Receipt
from protocol.messages import Fate as Told
from server.commands import record
from server.commands.record import OPEN, CommandRecord, Fate

COMMAND = CommandRecord(
    id="a" * 32,
    device_id="d" * 16,
    channel="may-bom",
    on=True,
    for_s=None,
    actor_id="lan",
    actor="Lan",
    created_ms=1_000,
    expires_ms=11_000,
    fate=Fate.ACCEPTED,
    journal="j" * 16,
)
GRACE_MS = 5_000


def receipt(fate: Told = Told.APPLIED) -> Receipt:
    return Receipt(
        journal="0" * 16, seq=1, at_ms=1_500, clock=ClockTrust.SERVER, command="a" * 32, channel="may-bom", fate=fate, on=True
    )


def test_a_command_is_published_when_the_broker_says_so():
    after = record.published(record.handed_over(COMMAND), 1_100)
    assert (after.fate, after.published_ms) == (Fate.PUBLISHED, 1_100)


def test_the_first_acknowledgement_is_the_one_that_counts():
    once = record.published(COMMAND, 1_100)
    assert record.published(once, 1_200) is once


@pytest.mark.parametrize(
    ("told", "fate"),
    [(Told.APPLIED, Fate.APPLIED), (Told.REJECTED, Fate.REJECTED), (Told.EXPIRED, Fate.EXPIRED)],
)
def test_the_device_s_word_settles_a_command(told, fate):
    after = record.answered(COMMAND, receipt(told), 2_000)
    assert (after.fate, after.settled_ms, after.answered_ms, after.read_back) == (fate, 2_000, 1_500, True)


def test_the_device_s_word_also_settles_one_that_was_unconfirmed():
    unconfirmed = COMMAND._replace(fate=Fate.UNCONFIRMED, handed_over=True)
    assert record.answered(unconfirmed, receipt(), 60_000).fate is Fate.APPLIED


def test_what_never_left_the_server_expires_at_its_time_and_not_before():
    assert record.overdue(COMMAND, 10_999, GRACE_MS) is COMMAND
    assert record.overdue(COMMAND, 11_000, GRACE_MS).fate is Fate.EXPIRED


def test_what_left_the_server_is_unconfirmed_after_its_grace_and_never_expired_by_time_alone():
    sent = record.handed_over(COMMAND)
    assert record.overdue(sent, 15_999, GRACE_MS) is sent
    assert record.overdue(sent, 16_000, GRACE_MS).fate is Fate.UNCONFIRMED


def test_a_whole_journal_without_an_answer_means_that_it_never_arrived():
    sent = record.handed_over(COMMAND)
    assert record.never_received(sent, "j" * 16, 11_000).fate is Fate.EXPIRED


@pytest.mark.parametrize(
    ("journal", "hello_ms"), [("j" * 16, 10_999), ("k" * 16, 20_000), (None, 20_000)], ids=["early", "another", "none"]
)
def test_another_journal_or_an_early_hello_proves_nothing(journal, hello_ms):
    sent = record.handed_over(COMMAND)
    assert record.never_received(sent, journal, hello_ms) is sent


def test_only_what_has_not_left_the_server_can_be_taken_back():
    waiting = COMMAND._replace(fate=Fate.WAITING)
    sent = record.handed_over(COMMAND)
    assert record.cancelled(waiting, 2_000).fate is Fate.CANCELLED
    assert record.cancelled(sent, 2_000) is sent


NEWS = st.one_of(
    st.builds(lambda at: lambda command: record.published(command, at), st.integers(0, 30_000)),
    st.builds(
        lambda told, at: lambda command: record.answered(command, receipt(told), at), st.sampled_from(Told), st.integers(0)
    ),
    st.builds(lambda at: lambda command: record.overdue(command, at, GRACE_MS), st.integers(0, 30_000)),
    st.builds(lambda at: lambda command: record.never_received(command, "j" * 16, at), st.integers(0, 30_000)),
    st.builds(lambda at: lambda command: record.cancelled(command, at), st.integers(0, 30_000)),
    st.just(record.handed_over),
)


@given(st.lists(NEWS, max_size=12), st.sampled_from([Fate.ACCEPTED, Fate.WAITING]))
def test_whatever_news_comes_a_final_fate_is_final(news, first):
    command, final = COMMAND._replace(fate=first), None
    for change in news:
        command = change(command)
        if final is not None:
            assert command is final
        if command.fate not in OPEN:
            assert command.settled_ms is not None
            final = command
