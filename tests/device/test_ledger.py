"""Numbers without gap or reuse, and ids that are remembered for as long as they can do harm."""

import pytest

from device import ledger
from device.ledger import Ledger
from device.memory import Answered, Intent, LinkLost, Memory
from device.rules import Output
from protocol.messages import ClockTrust, Event, EventKind, Fate, Receipt

HOUR = 3_600_000


def fresh(**known) -> Ledger:
    return Ledger(Memory(journal="a" * 16, **known))


def event(seq):
    return Event(journal="a" * 16, seq=seq, at_ms=0, clock=ClockTrust.NONE, kind=EventKind.STARTED)


def receipt(seq, command):
    told = {"journal": "a" * 16, "seq": seq, "at_ms": 0, "clock": ClockTrust.NONE}
    return Receipt(**told, command=command, channel="a", fate=Fate.APPLIED)


def test_numbers_go_on_from_the_journals_last():
    numbers = fresh(last_seq=7, first_seq=4)
    assert (numbers.first_seq, numbers.server_has) == (4, 3)
    assert [numbers.next_seq(), numbers.next_seq()] == [8, 9]
    assert numbers.is_behind


def test_the_oldest_number_is_the_one_that_the_journal_can_still_hold(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_RECORDS", 5)
    assert fresh(last_seq=7).first_seq == 3
    assert fresh(last_seq=4).first_seq == 1


def test_what_the_server_has_only_grows():
    numbers = fresh(last_seq=7)
    for have, has in [(3, 3), (2, 3), (7, 7), (0, 7)]:
        numbers.confirmed(have)
        assert numbers.server_has == has
    assert not numbers.is_behind


def test_a_server_that_has_more_than_was_found_on_the_card_has_what_the_card_lost():
    numbers = fresh(last_seq=7)
    numbers.next_seq()
    assert [numbers.lost_after(have_seq) for have_seq in (0, 7, 8, 1_000)] == [None, None, 7, 7]


def test_a_server_that_has_more_than_was_ever_written_has_what_the_card_lost_also_when_it_said_less_before():
    numbers = fresh(last_seq=7)
    numbers.confirmed(5)
    numbers.next_seq()
    numbers.failed(numbers.write(records=(event(numbers.next_seq()),)))
    assert [numbers.lost_after(have_seq) for have_seq in (0, 8, 9, 1_000)] == [None, None, 5, 5]


def test_what_the_journal_let_go_of_itself_is_not_lost_by_the_card(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_RECORDS", 5)
    numbers = fresh(last_seq=7, untold_after=0)
    assert [numbers.lost_after(have_seq) for have_seq in (0, 2, 3)] == [None, None, 2]


def test_what_could_not_be_written_pushes_nothing_out(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_RECORDS", 5)
    numbers = fresh(last_seq=7)
    numbers.failed(numbers.write(records=(event(numbers.next_seq()),)))
    assert numbers.first_seq == 3


def test_what_could_not_be_written_goes_by_the_name_of_the_journal_that_was_begun():
    numbers = fresh(last_seq=7, first_seq=5)
    numbers.failed(numbers.write(records=(event(numbers.next_seq()),), answers={"b" * 32: 1}))
    numbers.begun("b" * 16, 7)
    assert (numbers.journal, numbers.server_has, numbers.first_seq, numbers.last_seq) == ("b" * 16, 7, 8, 8)
    held = numbers.write()
    assert held.records == (event(8).model_copy(update={"journal": "b" * 16}),)
    assert held.settled == ("b" * 32,)
    numbers.begun("c" * 16, 7)
    assert numbers.write().records == ()


def test_a_start_writes_down_from_where_on_nothing_was_told_until_a_welcome_says_otherwise():
    numbers = fresh(last_seq=7)
    assert numbers.write(records=(event(8),)).untold_after is None
    assert numbers.write(boot_id="boot").untold_after == 7
    assert fresh(last_seq=7, untold_after=3).write(boot_id="boot").untold_after == 3
    assert fresh(last_seq=7, untold_after=3).lost_after(5) == 3


def test_a_start_that_could_not_be_written_claims_nothing_of_what_was_told_meanwhile():
    numbers = fresh(last_seq=7)
    numbers.failed(numbers.write(boot_id="boot"))
    numbers.failed(numbers.write())
    assert numbers.failed(held := numbers.write()) == ()
    assert held.untold_after == 7
    numbers.confirmed(7)
    assert numbers.write().untold_after is None


def test_an_answer_is_remembered_with_the_number_of_its_receipt():
    book = fresh(commands={"old": Answered(5, 2)})
    write = book.write(records=(event(1), receipt(2, "b" * 32)), answers={"b" * 32: 99, "c" * 32: 98})
    assert write.answered == {"b" * 32: Answered(99, 2), "c" * 32: Answered(98, None)}
    assert write.settled == ("b" * 32, "c" * 32)
    assert book.answered("b" * 32) == Answered(99, 2)
    assert book.answered("old") == Answered(5, 2)
    assert book.answered("d" * 32) is None


def test_a_write_that_failed_goes_in_front_of_the_next_without_its_intent():
    book = fresh()
    first = book.write(
        records=(event(book.next_seq()),),
        outputs={"a": Output(on=True), "b": Output(on=True)},
        intent=Intent("x" * 32, 9, "a", on=True),
        answers={"y" * 32: 4},
        boot_id="boot",
        link_lost=LinkLost(3),
    )
    assert book.failed(first) == first.records
    then = Intent("z" * 32, 9, "a", on=False)
    second = book.write(records=(event(book.next_seq()),), outputs={"a": Output(on=False)}, intent=then, answers={"w" * 32: 5})
    assert [record.seq for record in second.records] == [1, 2]
    assert second.outputs == {"a": Output(on=False), "b": Output(on=True)}
    assert second.intent is then
    assert second.settled == ("y" * 32, "w" * 32)
    assert second.answered == {"y" * 32: Answered(4, None), "w" * 32: Answered(5, None)}
    assert (second.boot_id, second.link_lost) == ("boot", LinkLost(3))
    assert book.failed(second) == second.records[1:]
    third = book.write(boot_id="later", link_lost=LinkLost(None))
    assert (third.boot_id, third.link_lost, third.intent) == ("later", LinkLost(None), None)


def test_what_failed_once_is_not_news_again():
    book = fresh()
    once = book.write(records=(event(book.next_seq()),))
    assert len(book.failed(once)) == 1
    again = book.write()
    assert book.failed(again) == ()
    assert again.records == once.records


def test_when_too_much_could_not_be_written_no_number_is_given(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_UNWRITTEN", 2)
    book = fresh()
    book.failed(book.write(records=(event(book.next_seq()),)))
    book.failed(book.write(records=(event(book.next_seq()),)))
    assert book.next_seq() is None
    assert book.last_seq == 2
    book.write()
    assert book.next_seq() == 3


def filled(count: int, exp_ms: int) -> Ledger:
    return fresh(commands={f"{number:032x}": Answered(exp_ms, None) for number in range(count)})


@pytest.mark.parametrize(("count", "age_ms", "forgotten"), [
    (499, 100 * HOUR, False),
    (500, 48 * HOUR, False),
    (500, 48 * HOUR + 1, True),
    (19_500, 47 * HOUR, False),
    (19_501, 1 * HOUR, False),
    (19_501, 1 * HOUR + 1, True),
    (20_000, 1 * HOUR + 1, True),
])  # fmt: skip
def test_ids_are_forgotten_two_days_after_their_expiry_and_earlier_only_when_crowded(count, age_ms, forgotten):
    book = filled(count, 1_000)
    room = book.has_room(1_000 + age_ms)
    assert room is (count < 20_000 or forgotten)
    assert (book.answered(f"{0:032x}") is None) is forgotten
    assert (book.write().forget_before_ms is not None) is forgotten
    assert book.write().forget_before_ms is None


def test_nothing_is_forgotten_while_the_time_is_not_known():
    assert not filled(20_000, 0).has_room(None)
    assert filled(19_999, 0).has_room(None)


def test_ids_are_looked_through_now_and_then_and_not_each_time():
    book = fresh(commands={f"{number:032x}": Answered(1_000 if number < 100 else 10**12, None) for number in range(500)})
    assert book.has_room(10**9)
    assert book.write().forget_before_ms == 10**9 - 48 * HOUR
    book.write(answers={f"{number:032x}": 1_000 for number in range(1_000, 1_499)})
    assert book.has_room(10**9)
    assert book.write().forget_before_ms is None
    book.write(answers={f"{2_000:032x}": 1_000})
    assert book.has_room(10**9)
    assert book.write().forget_before_ms is not None
    assert book.answered(f"{1_000:032x}") is None


def test_what_was_to_be_forgotten_by_a_write_that_failed_is_forgotten_by_the_next():
    book = filled(500, 0)
    book.has_room(100 * HOUR)
    book.failed(book.write())
    assert book.write().forget_before_ms == 52 * HOUR
    book.failed(book.write())
    assert book.write().forget_before_ms is None


def test_of_two_times_before_which_to_forget_the_later_holds():
    book = filled(500, 0)
    book.has_room(100 * HOUR)
    book.failed(book.write(answers={f"{number:032x}": 0 for number in range(500)}))
    book.has_room(200 * HOUR)
    assert book.write().forget_before_ms == 152 * HOUR
