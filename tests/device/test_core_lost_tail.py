"""A card that said "written" before it was, and then lost its power: the server has more than the card. Nothing is told under a number
that stands for something else, and nothing that happened since is dropped.
"""

from copy import deepcopy

from protocol.messages import Hello, State
from tests.device.histories import DOOR, LAMP, MINUTE, fates, online, proven, records, told, words
from tests.device.parts import JOURNAL, Card, failing
from tests.device.world import World


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
