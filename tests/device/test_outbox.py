"""What is sent of the journal, in which order, and from where it begins again."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.errors import JournalError
from device.journal import Journal
from device.memory import Write
from device.outbox import AT_ONCE, Outbox
from protocol.codec import decode
from protocol.errors import LinkDown
from protocol.messages import ClockTrust, Event, EventKind
from protocol.topics import Topic

TOKEN = "00000000000000aa"


def events(first: int, last: int) -> tuple[Event, ...]:
    return tuple(
        Event(journal=TOKEN, seq=seq, at_ms=seq, clock=ClockTrust.SERVER, kind=EventKind.STARTED)
        for seq in range(first, last + 1)
    )


class Wire:
    """A link that carries so many messages and then is down; and a loop that does later what it is given."""

    def __init__(self, journal: Journal) -> None:
        self.sent: list[int] = []
        self.carries = 1_000_000
        self.later: deque[Callable[[], None]] = deque()
        self.outbox = Outbox(journal, self.publish, self.later.append)

    def publish(self, topic: Topic, payload: bytes) -> None:
        if self.carries == 0:
            raise LinkDown("down")
        self.carries -= 1
        assert topic is Topic.EVENT
        self.sent.append(decode(Event, payload).seq)

    def settle(self) -> None:
        while self.later:
            self.later.popleft()()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", lambda: TOKEN)
    yield opened
    opened.close()


@pytest.fixture
def wire(journal: Journal) -> Wire:
    return Wire(journal)


def record(journal: Journal, wire: Wire, first: int, last: int) -> None:
    """Write these down, and tell the outbox, as the agent does."""
    written = events(first, last)
    journal.write(Write(records=written))
    wire.outbox.recorded(written)


def span(first: int, last: int) -> list[int]:
    return list(range(first, last + 1))


def test_nothing_is_sent_before_the_server_said_what_it_has(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3)
    assert wire.sent == []


def test_what_the_server_lacks_is_sent_in_order_and_then_what_is_new(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3)
    wire.outbox.server_has(1)
    record(journal, wire, 4, 5)
    assert wire.sent == [2, 3, 4, 5]


def test_what_the_server_has_is_let_go(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3)
    wire.outbox.server_has(2)
    assert [number for number, _topic, _body in journal.records_after(0, 10)] == [3]


def test_a_long_absence_is_made_up_for_in_parts(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3 * AT_ONCE + 7)
    wire.outbox.server_has(0)
    assert wire.sent == span(1, AT_ONCE)
    record(journal, wire, 3 * AT_ONCE + 8, 3 * AT_ONCE + 9)
    wire.settle()
    assert wire.sent == span(1, 3 * AT_ONCE + 9)


def test_a_link_that_is_lost_in_the_middle_of_a_part_leaves_no_hole(journal: Journal, wire: Wire):
    record(journal, wire, 1, 10)
    wire.carries = 4
    wire.outbox.server_has(0)
    wire.carries = 1
    record(journal, wire, 11, 11)
    wire.settle()
    assert wire.sent == span(1, 5)
    wire.carries = 100
    record(journal, wire, 12, 12)
    assert wire.sent == span(1, 12)


def test_after_a_lost_link_nothing_is_sent_until_the_server_says_again(journal: Journal, wire: Wire):
    record(journal, wire, 1, 2)
    wire.outbox.server_has(0)
    wire.outbox.stop()
    record(journal, wire, 3, 4)
    wire.outbox.again(1)
    wire.settle()
    assert wire.sent == [1, 2]
    wire.outbox.server_has(1)
    assert wire.sent == [1, 2, 2, 3, 4]


def test_a_part_that_was_put_off_is_dropped_with_the_link(journal: Journal, wire: Wire):
    record(journal, wire, 1, 2 * AT_ONCE)
    wire.outbox.server_has(0)
    wire.outbox.stop()
    wire.settle()
    assert wire.sent == span(1, AT_ONCE)


def test_a_server_that_goes_on_is_not_sent_anything_twice(journal: Journal, wire: Wire):
    record(journal, wire, 1, 5)
    for seq in (0, 2, 5):
        wire.outbox.server_has(seq)
    assert wire.sent == span(1, 5)


def test_a_server_that_does_not_get_on_is_sent_everything_again(journal: Journal, wire: Wire):
    record(journal, wire, 1, 5)
    wire.outbox.server_has(0)
    wire.outbox.server_has(2)
    wire.outbox.server_has(2)
    assert wire.sent == [*span(1, 5), 3, 4, 5]


def test_a_server_that_has_more_than_was_sent_is_believed(journal: Journal, wire: Wire):
    record(journal, wire, 1, 5)
    wire.carries = 2
    wire.outbox.server_has(0)
    wire.carries = 100
    wire.outbox.server_has(4)
    assert wire.sent == [1, 2, 5]


def test_a_record_is_sent_again_for_as_long_as_it_is_there(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3)
    wire.outbox.server_has(1)
    for seq in (3, 1, 4, 0):
        wire.outbox.again(seq)
    assert wire.sent == [2, 3, 3]


def test_a_record_that_was_not_sent_yet_is_not_sent_out_of_turn(journal: Journal, wire: Wire):
    record(journal, wire, 1, AT_ONCE + 5)
    wire.outbox.server_has(0)
    wire.outbox.again(AT_ONCE + 3)
    assert wire.sent == span(1, AT_ONCE)


class FullCard:
    """A card that takes nothing while it is `full`."""

    def __init__(self, path: Path) -> None:
        self.full = False
        self.journal = Journal(path, lambda: TOKEN, self._point)

    def _point(self, _name: str) -> None:
        if self.full:
            raise JournalError("full")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[FullCard]:
    made = FullCard(tmp_path / "full.db")
    yield made
    made.journal.close()


def test_a_card_on_which_nothing_can_be_dropped_does_not_keep_the_news_from_the_server(card: FullCard):
    wire = Wire(card.journal)
    record(card.journal, wire, 1, 3)
    card.full = True
    with pytest.raises(JournalError):
        wire.outbox.server_has(1)
    assert wire.sent == [2, 3]


def test_what_the_card_has_as_never_told_is_told_once_it_no_longer_says_so(card: FullCard):
    wire = Wire(card.journal)
    card.journal.write(Write(records=events(1, 1), untold_after=0))
    card.full = True
    with pytest.raises(JournalError):
        wire.outbox.server_has(0)
    card.full = False
    record(card.journal, wire, 2, 3)
    assert (wire.sent, card.journal.is_untold()) == ([], True)
    wire.outbox.server_has(0)
    record(card.journal, wire, 4, 4)
    assert (wire.sent, card.journal.is_untold()) == ([1, 2, 3, 4], False)


def test_a_card_that_cannot_be_asked_whether_anything_was_told_is_asked_again_before_anything_is(card: FullCard, monkeypatch):
    wire = Wire(card.journal)
    card.journal.write(Write(records=events(1, 1), untold_after=0))
    card.full = True
    with monkeypatch.context() as unreadable:
        unreadable.setattr(card.journal, "is_untold", lambda: card._point("read"))
        with pytest.raises(JournalError):
            wire.outbox.server_has(0)
    card.full = False
    record(card.journal, wire, 2, 2)
    assert wire.sent == []
    wire.outbox.server_has(0)
    assert wire.sent == [1, 2]


WORN = {
    "no JSON": "UPDATE records SET body = CAST('{' AS BLOB) WHERE seq = 2",
    "another number": "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), '\"seq\":2', '\"seq\":7') AS BLOB) WHERE seq = 2",
    "no number": "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), '\"seq\":2', '\"seq\":null') AS BLOB) WHERE seq = 2",
    "another journal": "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), '00aa', '00ab') AS BLOB) WHERE seq = 2",
    "an unknown kind": "UPDATE records SET body = CAST(replace(CAST(body AS TEXT), 'started', 'startfd') AS BLOB) WHERE seq = 2",
}


@pytest.mark.parametrize("worn", WORN)
def test_what_follows_a_record_that_a_worn_card_changed_is_not_sent_and_the_record_is_told_once_it_is_next(
    journal: Journal, wire: Wire, worn: str
):
    record(journal, wire, 1, 3)
    journal._db.execute(WORN[worn])
    assert wire.outbox.server_has(0) is None
    record(journal, wire, 4, 5)
    assert wire.sent == [1]
    assert [wire.outbox.server_has(1), wire.outbox.server_has(1)] == [None, 2]
    assert wire.sent == [1]


def test_what_is_missing_is_told_up_to_what_is_there(journal: Journal, wire: Wire):
    record(journal, wire, 1, 5)
    journal._db.execute("DELETE FROM records WHERE seq IN (2, 3)")
    assert [wire.outbox.server_has(1), wire.outbox.server_has(1)] == [None, 3]


def test_where_nothing_is_changed_there_is_nothing_to_tell(journal: Journal, wire: Wire):
    record(journal, wire, 1, 3)
    assert [wire.outbox.server_has(1) for _ in range(3)] == [None] * 3
    assert [wire.outbox.server_has(3) for _ in range(3)] == [None] * 3
