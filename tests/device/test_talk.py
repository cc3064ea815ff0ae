"""Hello until welcomed, again when something is open, and only what answers us is believed."""

from device.clock import Moment
from device.ledger import Ledger
from device.memory import Memory
from device.talk import PATIENT, WATCHFUL, Patience, Talk
from device.words import BeginJournal, JournalBegun, Publish, Reconnect, ServerHas
from protocol.messages import Call, Welcome

JOURNAL, SESSION = "a" * 16, "5" * 16
NOON = 1_790_000_000_000


def at(mono: int) -> Moment:
    return Moment(mono, NOON)


class Room:
    """A talk with tokens 1, 2, 3 … and a dice that always falls in the middle."""

    def __init__(self, last_seq: int = 0, patience: Patience = PATIENT) -> None:
        self.tokens = 0
        self.ledger = Ledger(Memory(JOURNAL, last_seq=last_seq))
        self.thrown: list[tuple[float, float]] = []
        self.talk = Talk(self.ledger, "b" * 16, self.token, self.uniform, patience)

    def uniform(self, low: float, high: float) -> float:
        self.thrown.append((low, high))
        return (low + high) / 2

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:016x}"

    def welcome(self, hello: int, have_seq: int = 0, server_ms: int = NOON) -> Welcome:
        return Welcome(
            aud="d" * 16, server_ms=server_ms, session=SESSION, hello=f"{hello:016x}", journal=JOURNAL, have_seq=have_seq
        )


def test_a_hello_tells_what_the_journal_holds():
    room = Room(last_seq=4)
    (said,) = room.talk.up(SESSION, at(10))
    assert isinstance(said, Publish)
    assert said.message.model_dump() == {
        "v": 1, "session": SESSION, "hello": f"{1:016x}", "journal": JOURNAL,
        "first_seq": 1, "last_seq": 4, "device_ms": NOON, "config_version": 0,
        "boot": "b" * 16, "mono_ms": 10, "surely_ms": None, "trusts": (),
    }  # fmt: skip
    assert room.talk.next_wake == 5_010


def test_a_welcome_sets_clock_and_confirmation():
    room = Room(last_seq=4)
    room.talk.up(SESSION, at(10))
    assert room.talk.hear(room.welcome(1, have_seq=3), at(30)) == ([ServerHas(3)], True)
    assert room.talk.welcomed
    assert room.talk.clock.latest == NOON - 10
    assert room.talk.next_wake == 30 + 15_000


def test_a_server_that_has_everything_is_asked_again_within_an_hour():
    room = Room(last_seq=4)
    room.talk.up(SESSION, at(10))
    room.talk.hear(room.welcome(1, have_seq=4), at(2_010))
    assert room.talk.next_wake == 2_010 + 2_700_000


def test_after_a_slow_round_trip_the_time_is_asked_again_soon():
    room = Room()
    room.talk.up(SESSION, at(10))
    room.talk.hear(room.welcome(1), at(2_011))
    assert room.talk.next_wake == 2_011 + 15_000


def test_a_time_that_took_too_long_to_learn_is_asked_again_soon():
    room = Room()
    room.talk.up(SESSION, at(0))
    assert room.talk.hear(room.welcome(1), at(30_001))[1]
    assert room.talk.clock.latest is None
    assert room.talk.next_wake == 45_001


def test_the_last_four_hellos_may_be_answered():
    room = Room()
    room.talk.up(SESSION, at(0))
    for mono in (5_000, 10_000, 20_000, 40_000):
        room.talk.tick(at(mono))
    assert room.talk.hear(room.welcome(1), at(40_000)) == ([], False)
    assert room.talk.hear(room.welcome(2), at(40_000))[1]
    assert room.talk.clock.latest is None


def test_an_answer_that_took_half_a_minute_still_tells_the_time():
    room = Room()
    room.talk.up(SESSION, at(0))
    for mono in (5_000, 10_000, 20_000):
        room.talk.tick(at(mono))
    assert room.talk.hear(room.welcome(1), at(30_000))[1]
    assert room.talk.clock.latest == NOON


def test_the_answer_to_an_earlier_hello_is_out_of_date_once_a_later_one_was_answered():
    room = Room(last_seq=9)
    room.talk.up(SESSION, at(0))
    for mono in (5_000, 10_000, 20_000):
        room.talk.tick(at(mono))
    assert room.talk.hear(room.welcome(3, have_seq=9), at(20_100))[1]
    assert room.talk.hear(room.welcome(2, have_seq=1, server_ms=NOON - 5_000), at(20_200)) == ([], False)
    assert room.talk.hear(room.welcome(3), at(20_200)) == ([], False)
    assert room.talk.hear(room.welcome(4, have_seq=1, server_ms=NOON + 5_000), at(20_300)) == ([ServerHas(9)], True)
    assert room.talk.clock.latest == NOON + 5_000 - 20_000


def test_what_was_recorded_brings_the_next_hello_forward_but_puts_none_off():
    room = Room()
    room.talk.recorded(at(0))
    assert room.talk.next_wake is None
    room.talk.up(SESSION, at(0))
    room.talk.recorded(at(1_000))
    assert room.talk.next_wake == 5_000
    room.talk.hear(room.welcome(1), at(1_000))
    room.talk.recorded(at(2_000))
    room.talk.recorded(at(9_000))
    assert room.talk.next_wake == 17_000


def test_the_roll_is_answered_at_a_moment_of_chance():
    room = Room()
    call = Call(within_ms=1_001)
    room.talk.called(call, at(0))
    assert room.talk.next_wake is None
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    room.talk.called(call, at(1_000))
    assert room.talk.next_wake == 1_500
    assert room.talk.welcomed


def test_the_moment_lies_between_now_and_what_the_roll_allows():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.called(Call(within_ms=700), at(1_000))
    assert (room.thrown, room.talk.next_wake) == ([(0, 700)], 1_350)


def test_devices_to_which_something_happens_at_once_ask_for_confirmation_one_after_the_other():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    for number in range(100):
        room.talk.recorded(at(number))
    assert room.thrown == [(1_800_000, 3_600_000), (10_000, 20_000)]
    assert room.talk.next_wake == 15_000


def test_a_hello_that_comes_just_in_time_for_what_was_recorded_stays_where_it_is():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    room.talk.recorded(at(2_680_000))
    assert (room.thrown, room.talk.next_wake) == ([(1_800_000, 3_600_000)], 2_700_000)


def test_a_call_of_the_roll_is_no_answer():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.called(Call(within_ms=0), at(10))
    assert (room.talk.welcomed, room.talk.next_wake) == (False, 10)


def test_hello_is_said_when_it_is_due_and_not_before():
    room = Room()
    room.talk.up(SESSION, at(0))
    assert room.talk.tick(at(4_999)) == []
    (said,) = room.talk.tick(at(5_000))
    assert said.message.hello == f"{2:016x}"
    assert room.talk.next_wake == 10_000


def test_five_minutes_without_an_answer_end_the_link():
    room = Room()
    room.talk.up(SESSION, at(100))
    said = []
    while room.talk.next_wake is not None:
        mono = room.talk.next_wake
        said += [(mono - 100, type(effect)) for effect in room.talk.tick(at(mono))]
    hellos = [5_000, 10_000, 20_000, 40_000, *range(80_000, 300_000, 40_000)]
    assert said == [*((mono, Publish) for mono in hellos), (300_000, Reconnect)]
    assert (room.talk.next_wake, room.talk.welcomed) == (None, False)
    assert room.talk.tick(at(10**9)) == []


def test_a_device_that_must_act_without_a_server_asks_each_minute_and_gives_up_after_another():
    room = Room(patience=WATCHFUL)
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    assert (room.thrown, room.talk.next_wake) == ([(30_000, 60_000)], 45_000)
    room.talk.tick(at(45_000))
    while (due := room.talk.next_wake) < 105_000:
        assert [type(effect) for effect in room.talk.tick(at(due))] == [Publish]
    assert (due, room.talk.tick(at(due))) == (105_000, [Reconnect()])


def test_a_roll_call_on_a_link_that_is_being_ended_breaks_nothing():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.tick(at(300_000))
    room.talk.called(Call(within_ms=0), at(300_001))
    assert room.talk.tick(at(300_001)) == [Reconnect()]


def test_each_answer_begins_the_five_minutes_anew():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(100))
    assert [type(effect) for effect in room.talk.tick(at(3_600_100))] == [Publish]
    assert [type(effect) for effect in room.talk.tick(at(3_600_100 + 299_999))] == [Publish]
    assert room.talk.welcomed
    assert [type(effect) for effect in room.talk.tick(at(3_600_100 + 304_999))] == [Reconnect]
    assert not room.talk.welcomed


def test_a_lost_link_leaves_nothing_open():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    room.talk.tick(at(3_600_000))
    room.talk.down()
    assert (room.talk.session, room.talk.welcomed, room.talk.next_wake) == (None, False, None)
    assert room.talk.hear(room.welcome(2).model_copy(update={"session": None}), at(3_600_001)) == ([], False)


def test_a_new_link_begins_anew_whether_or_not_the_old_one_was_seen_to_end():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.hear(room.welcome(1), at(0))
    room.talk.tick(at(3_600_000))
    room.talk.up(SESSION, at(3_899_999))
    assert not room.talk.welcomed
    assert [type(effect) for effect in room.talk.tick(at(3_904_999))] == [Publish]
    assert room.talk.hear(room.welcome(2), at(3_904_999)) == ([], False)


def test_the_five_minutes_count_from_the_first_hello_of_a_link():
    room = Room()
    room.talk.up(SESSION, at(0))
    room.talk.down()
    room.talk.up(SESSION, at(1_000_000))
    assert not room.talk.welcomed
    assert [type(effect) for effect in room.talk.tick(at(1_299_999))] == [Publish]
    assert room.talk.hear(room.welcome(1), at(1_299_999)) == ([], False)


def adrift(room: Room) -> tuple[BeginJournal, Talk]:
    """A server that has nine of the four records on the card."""
    room.talk.up(SESSION, at(0))
    (begin,), answered = room.talk.hear(room.welcome(1, have_seq=9), at(100))
    assert (answered, room.talk.welcomed, room.talk.next_wake) == (False, False, 100 + 15_000)
    assert room.thrown == [(10_000, 20_000)]
    return begin, room.talk


def test_a_server_that_has_more_than_the_card_is_told_of_another_journal_before_it_counts_as_there():
    room = Room(last_seq=4)
    begin, talk = adrift(room)
    assert begin == BeginJournal(f"{2:016x}", 4)
    (said,) = talk.begun(JournalBegun(begin.name, begin.after_seq), at(101))
    assert (said.message.journal, said.message.first_seq, said.message.last_seq) == (begin.name, 5, 4)
    assert said.message.surely_ms == NOON + 1
    other = room.welcome(3, have_seq=4).model_copy(update={"journal": begin.name})
    assert talk.hear(other, at(200)) == ([ServerHas(4)], True)


def test_another_name_that_the_card_has_not_taken_is_asked_for_again_and_nothing_is_vouched_for_meanwhile():
    room = Room(last_seq=4)
    _begin, talk = adrift(room)
    (said,) = talk.tick(at(15_100))
    assert (said.message.journal, said.message.surely_ms) == (JOURNAL, None)
    assert talk.hear(room.welcome(3, have_seq=9), at(15_200)) == ([BeginJournal(f"{4:016x}", 4)], False)


def test_a_server_that_agrees_at_last_is_vouched_to_again():
    room = Room(last_seq=4)
    _begin, talk = adrift(room)
    talk.tick(at(15_100))
    assert talk.hear(room.welcome(3, have_seq=4), at(15_200)) == ([ServerHas(4)], True)
    (said,) = talk.up("6" * 16, at(15_300))
    assert said.message.surely_ms == NOON + 100


def test_without_a_link_another_name_is_told_with_the_next_one():
    room = Room(last_seq=4)
    begin, talk = adrift(room)
    talk.down()
    assert talk.begun(JournalBegun(begin.name, begin.after_seq), at(101)) == []
    (said,) = talk.up("6" * 16, at(200))
    assert said.message.journal == begin.name


def test_at_once_it_is_told_but_once_on_a_link():
    room = Room(last_seq=4)
    begin, talk = adrift(room)
    begun = JournalBegun(begin.name, begin.after_seq)
    assert [len(talk.begun(begun, at(101))) for _ in range(3)] == [1, 0, 0]
    talk.up("6" * 16, at(200))
    assert len(talk.begun(begun, at(201))) == 1
    talk.down()
    assert talk.begun(begun, at(202)) == []
