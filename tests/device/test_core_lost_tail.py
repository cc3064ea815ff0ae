"""A card that said "written" before it was, and then lost its power: the server has more than the card. Nothing is told under a number
that stands for something else, and nothing that happened since is dropped.
"""

from copy import deepcopy

from device import ledger
from device.errors import JournalError
from protocol.messages import Call, Hello, State
from tests.device.histories import DOOR, LAMP, MINUTE, VALVE, fates, online, proven, records, told, words
from tests.device.parts import JOURNAL, Card, Server, failing
from tests.device.world import World, wires


def lost_tail() -> World:
    """The lamp was switched on and off, of which the server was told and the card knows nothing; then the door moved, with no link."""
    world = online(LAMP, DOOR)
    earlier = deepcopy(world.card)
    world.switch("lamp", True)
    world.switch("lamp", False)
    world.cut_power()
    world.falls_back_to(earlier)
    world.start()
    for is_open in (True, False, True):
        world.press("door", is_open)
    return world


SINCE = ["started boot", "switched door on input", "switched door off input", "switched door on input"]


def history(world: World, journal: str) -> list[tuple[int, str]]:
    """What the server has of a journal: number, and in a few words what it is."""
    kept = world.server.records if journal == world.server.journal else world.server.earlier[journal]
    assert {record.journal for record in kept.values()} == {journal}
    return [(seq, words(record)) for seq, record in sorted(kept.items())]


def test_what_happened_since_is_told_under_another_journals_name_and_what_the_server_had_stays_as_it_was():
    world = lost_tail()
    world.link_up()
    assert [(seq, words(record)) for seq, record in sorted(world.server.earlier[JOURNAL].items())] == [
        (1, "started boot"),
        (2, "switched lamp on command #1 by lan"),
        (3, "lamp on #1 applied changed"),
        (4, "switched lamp off command #2 by lan"),
        (5, "lamp off #2 applied changed"),
    ]
    assert world.card.journal != JOURNAL
    assert history(world, world.card.journal) == list(enumerate(SINCE, start=2))
    assert records(world) == SINCE
    proven(world)


def test_all_goes_on_from_there():
    world = lost_tail()
    world.link_up()
    assert world.core.is_welcomed
    assert told(world, State)[-1].journal == world.card.journal
    world.switch("lamp", True)
    assert fates(world) == ["lamp on #3 applied changed"]
    world.advance(MINUTE)
    assert not world.card.records
    journal = world.card.journal
    world.reboot()
    world.link_up()
    assert world.card.journal == journal
    assert len(history(world, journal)) == world.card.last_seq - 1
    proven(world)


def test_the_hello_that_follows_says_what_the_other_journal_holds():
    world = lost_tail()
    world.link_up()
    hellos = told(world, Hello)[-2:]
    assert [(hello.journal, hello.first_seq, hello.last_seq) for hello in hellos] == [
        (JOURNAL, 1, 5),
        (world.card.journal, 2, 5),
    ]
    assert [hello.surely_ms for hello in hellos] == [None, world.server_ms]


def test_a_card_that_takes_no_other_name_yet_is_asked_again_and_meanwhile_nothing_is_told():
    world = lost_tail()
    with failing(world.card):
        world.link_up()
        world.press("door", False)
        world.advance(5 * MINUTE)
        assert not world.core.is_welcomed
        assert len(world.server.records) == 5
        asked = len(told(world, Hello))
    assert 15 <= asked <= 30, "each ten to twenty seconds"
    assert world.reconnects == 0, "the server does answer"
    world.advance(20_000)
    assert world.core.is_welcomed
    assert history(world, world.card.journal) == list(enumerate([*SINCE, "switched door off input"], start=2))
    proven(world)


def test_power_cuts_before_the_server_is_reached_hide_nothing():
    world = lost_tail()
    for _ in range(2):
        world.reboot()
    world.link_up()
    assert history(world, world.card.journal) == list(enumerate([*SINCE, "started boot", "started boot"], start=2))
    proven(world)


def test_a_card_that_lost_nothing_keeps_its_name_over_power_cuts_at_any_moment():
    for dies_after in range(30):
        world = online(LAMP, DOOR)
        world.reboot()
        world.press("door", True)
        world.welcomes_held = True
        world.link_up()
        world.welcomes_held = False
        world.dies_after = dies_after
        world.tick()
        world.switch("lamp", True)
        if world.alive:
            break
        world.cut_power()
        world.start()
        world.link_up()
        world.advance(MINUTE)
        assert world.card.journal == JOURNAL
        assert world.server.records == world.card.history
    assert dies_after > 5


def test_a_card_that_is_full_at_the_first_welcome_does_not_take_what_was_told_for_untold():
    world = online(LAMP, DOOR)
    world.reboot()
    with failing(world.card):
        world.link_up()
        world.advance(MINUTE)
        assert world.core.is_welcomed
    world.reboot()
    world.link_up()
    world.advance(MINUTE)
    assert world.card.journal == JOURNAL
    assert world.server.records == world.card.history
    proven(world)


def test_a_device_whose_journal_has_no_other_name_yet_vouches_for_nothing(monkeypatch):
    world = lost_tail()
    with monkeypatch.context() as broken:
        broken.setattr(Card, "begin", lambda *_: _no_room())
        world.link_up()
        world.switch("lamp", True)
        world.advance(MINUTE)
        assert not world.core.is_welcomed
    assert {hello.surely_ms for hello in told(world, Hello) if hello.last_seq > 5} == {None}
    world.advance(MINUTE)
    assert told(world, Hello)[-1].surely_ms is not None
    assert history(world, world.card.journal)[-2:] == [
        (6, "switched lamp on command #3 by lan"),
        (7, "lamp on #3 applied changed"),
    ]
    proven(world)


def _no_room() -> None:
    raise JournalError("no room")


def test_a_server_that_says_less_at_first_and_then_more_than_was_written_is_told_all_once_more():
    world = lost_tail()
    late = {seq: record.model_copy(update={"seq": seq}) for seq in (6, 7) for record in (world.server.records[5],)}
    had = {**world.server.records, **late}
    world.server.records = {1: had[1]}  # the rest is not on its disk yet
    world.welcomes_held = True
    world.link_up()
    world.server.records, world.deaf, world.welcomes_held = had, True, False
    world.tick()
    assert world.card.journal == JOURNAL
    world.deaf = False
    world.advance(MINUTE)
    assert history(world, world.card.journal) == list(enumerate(SINCE, start=2))
    assert world.server.earlier[JOURNAL] == had


def test_a_server_that_never_agrees_is_asked_no_more_often_for_it(monkeypatch):
    world = lost_tail()
    monkeypatch.setattr(Server, "have_seq", property(lambda _server: 99))
    world.link_up()
    world.advance(MINUTE)
    assert world.reconnects == 0
    assert 4 <= len({hello.journal for hello in told(world, Hello)}) <= 8, "twice, and then each ten to twenty seconds"
    world.link_down()
    before = len(told(world, Hello))
    world.link_up()
    assert len(told(world, Hello)) == before + 2


def test_a_journal_that_let_go_of_its_oldest_records_before_anybody_could_be_told_keeps_its_name(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_RECORDS", 5)
    world = World(wires(LAMP, DOOR))
    for number in range(20):
        world.press("door", number % 2 == 0)
    world.reboot()
    world.link_up()
    assert world.core.is_welcomed
    assert world.card.journal == JOURNAL
    assert sorted(world.server.records) == [18, 19, 20, 21, 22]
    world.advance(MINUTE)
    assert len(told(world, Hello)) == 2
    proven(world)


def test_a_link_that_is_lost_at_that_moment_changes_nothing():
    world = lost_tail()
    world.welcomes_held = True
    world.link_up()
    world.link_down()
    assert world.card.journal == JOURNAL
    world.welcomes_held = False
    world.link_up()
    assert history(world, world.card.journal) == list(enumerate(SINCE, start=2))


def test_an_agent_that_dies_once_the_card_has_the_other_name_goes_on_with_it():
    for dies_after in range(1, 20):
        world = lost_tail()
        world.welcomes_held = True
        world.link_up()
        world.welcomes_held = False
        world.dies_after = dies_after
        world.tick()
        if world.alive:
            break
        world.start()
        world.link_up()
        world.advance(MINUTE)
        assert history(world, world.card.journal) == list(enumerate([*SINCE, "started restart"], start=2))
        assert len(world.server.earlier) == 1
    assert dies_after > 3


def test_a_server_that_has_all_of_the_card_and_no_more_changes_no_name():
    world = lost_tail()
    for seq in (2, 3, 4, 5):
        del world.server.records[seq]
    world.link_up()
    assert world.card.journal == JOURNAL
    assert history(world, JOURNAL) == list(enumerate(["started boot", *SINCE], start=1))


def test_a_card_that_lost_all_but_its_name_begins_with_one():
    world = online(LAMP)
    world.switch("lamp", True)
    world.cut_power()
    world.falls_back_to(Card())
    world.start()
    world.link_up()
    assert history(world, world.card.journal) == [(1, "started boot")]


def test_a_record_that_the_card_has_changed_is_lost_and_all_that_follows_is_told_under_another_name():
    world = online(DOOR)
    world.advance(MINUTE)
    world.link_down()
    for is_open in (True, False, True):
        world.press("door", is_open)
    world.card.records[3] = world.card.records[3].model_copy(update={"at_ms": -1})
    world.link_up()
    world.advance(MINUTE)
    assert not world.card.records
    assert history(world, JOURNAL) == [(1, "started boot"), (2, "switched door on input")]
    assert history(world, world.card.journal) == [(4, "switched door on input")]
    world.press("door", False)
    world.advance(MINUTE)
    assert history(world, world.card.journal)[1:] == [(5, "switched door off input")]


def test_what_waits_for_a_full_card_while_a_record_is_found_changed_is_told_under_the_other_name():
    world = online(VALVE, DOOR)
    world.advance(MINUTE)
    world.link_down()
    for is_open in (True, False):
        world.press("door", is_open)
    world.card.records[2] = world.card.records[2].model_copy(update={"at_ms": -1})
    world.link_up()
    with failing(world.card):
        world.press("door", True)
        world.link_down()
        world.link_up()
        world.welcomes_held = True
        world.deliver(Call(within_ms=0))
        world.advance(1)
    world.welcomes_held = False
    world.tick()
    world.advance(2 * MINUTE)
    assert not world.card.records
    assert [event for _, event in history(world, world.card.journal)] == ["switched door off input", "switched door on input"]
