"""Days on which one guard of the core or another is needed."""

from copy import deepcopy

from device.rules import LinkLoss, OutputRule
from protocol.messages import Call
from tests.device.histories import BUTTON, COOLER, DOOR, FAN, LAMP, OPEN, PUMP, SHUT, VALVE, online
from tests.device.parts import CardFault, PinFault, failing
from tests.device.world import World, wires


def a_replay() -> World:
    world = online(LAMP)
    first = world.switch("lamp", True)
    world.switch("lamp", False)
    world.hear(first)
    return world


def a_replay_after_a_crash() -> World:
    world = online(LAMP)
    first = world.switch("lamp", True)
    world.restart()
    world.link_up()
    world.switch("lamp", False)
    world.hear(first)
    return world


def a_late_command() -> World:
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=100)
    world.advance(3_600_000)
    world.hear(late)
    return world


def a_command_that_is_late_once_written() -> World:
    world = online(LAMP)
    world.journal_takes_ms = 200
    world.switch("lamp", True, lives_ms=100)
    return world


def a_welcome_from_elsewhere() -> World:
    world = online(LAMP)
    late = world.command("lamp", True, lives_ms=100)
    world.advance(3_600_000)
    hello = world.server.hellos[-1].model_copy(update={"session": "f" * 16})
    world.deliver(world.server.welcome(hello, world.true_ms - 3_600_000))
    world.hear(late)
    return world


def a_command_before_any_welcome() -> World:
    world = World(wires(LAMP))
    world.link_down()
    world.switch("lamp", True)
    return world


def a_plain_command() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    return world


def a_full_card() -> World:
    world = online(LAMP)
    with failing(world.card):
        world.switch("lamp", True)
    return world


def a_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=10)
    world.advance(20_000)
    return world


def a_long_wish() -> World:
    world = online(PUMP)
    world.switch("pump", True, for_s=3_600)
    world.advance(1_000_000)
    return world


def asked_again_and_again() -> World:
    world = online(PUMP)
    for _ in range(4):
        world.switch("pump", True)
        world.advance(300_000)
    return world


def both_ways_at_once() -> World:
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("shut", True)
    return world


def there_and_back() -> World:
    world = online(OPEN, SHUT)
    world.advance(2_000)
    world.switch("open", True)
    world.switch("open", False)
    world.switch("shut", True)
    return world


def two_that_a_lost_link_wants_on() -> World:
    world = online(*[OutputRule(channel, interlock="x", link_loss=LinkLoss.ON) for channel in "ab"])
    world.link_down()
    world.advance(100_000)
    return world


def a_short_rest() -> World:
    world = online(COOLER)
    world.advance(180_000)
    world.switch("cooler", True)
    world.switch("cooler", False)
    world.switch("cooler", True)
    return world


def a_pin_that_does_not_go_on() -> World:
    world = online(LAMP)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", True)
    return world


def a_pin_that_sticks_past_its_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=5)
    world.pins["lamp"].fault = PinFault.STUCK
    world.advance(10_000)
    world.mend("lamp")
    world.advance(5_000)
    return world


def a_lost_link() -> World:
    world = online(VALVE, FAN)
    world.switch("valve", True)
    world.link_down()
    world.advance(100_000)
    return world


def a_lost_link_and_a_restart() -> World:
    world = online(VALVE)
    world.switch("valve", True)
    world.link_down()
    world.advance(50_000)
    world.restart()
    world.advance(20_000)
    return world


def a_crash_in_the_middle_of_a_command() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    world.dies_after = 2
    world.switch("lamp", True, for_s=5)
    world.restart()
    return world


def a_power_cut() -> World:
    world = online(PUMP)
    world.switch("pump", True)
    world.reboot()
    return world


def a_restart_past_the_lease() -> World:
    world = online(LAMP)
    world.switch("lamp", True, for_s=10)
    world.restart(after_ms=20_000)
    return world


def a_restart_with_a_stuck_pin() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    world.pins["lamp"].fault = PinFault.STUCK
    world.switch("lamp", False)
    world.restart()
    return world


def a_new_wiring_file_with_an_interlock() -> World:
    world = online(OutputRule("a"), OutputRule("b"))
    world.switch("a", True)
    world.switch("b", True)
    world.restart(wires(OutputRule("a", interlock="x"), OutputRule("b", interlock="x")))
    return world


def a_button_found_pressed() -> World:
    world = World(wires(PUMP, BUTTON))
    world.press("button", True)
    return world


def a_full_card_and_then_a_good_one() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card):
        world.switch("lamp", False)
    world.switch("lamp", True)
    return world


def a_card_that_denies_what_it_wrote() -> World:
    world = online(LAMP)
    world.switch("lamp", True)
    with failing(world.card, CardFault.UNSURE):
        world.switch("lamp", False)
    world.switch("lamp", True)
    return world


def a_deaf_link() -> World:
    world = online(LAMP)
    world.advance(61_000)
    world.deaf = True
    world.switch("lamp", True)
    return world


def a_card_that_lost_its_tail() -> World:
    world = online(LAMP, DOOR)
    earlier = deepcopy(world.card)
    world.switch("lamp", True)
    world.cut_power()
    world.falls_back_to(earlier)
    world.start()
    world.press("door", True)
    world.link_up()
    return world


def a_slow_answer() -> World:
    world = World(wires(LAMP))
    world.answers_held = True
    world.link_up()
    world.advance(1_500)
    world.answers_held = False
    world.tick()
    world.deliver(Call(within_ms=0))
    world.advance(1)
    return world


def a_slow_answer_of_a_clock_that_was_set() -> World:
    world = online(LAMP)
    world.advance(61_000)
    world.server.ahead_ms += 1_000
    world.welcomes_held = True
    world.deliver(Call(within_ms=0))
    world.advance(1_500)
    world.welcomes_held = False
    world.tick()
    world.hear(world.command("lamp", True, lives_ms=-500))
    return world


def a_command_that_came_never_and_then_before_the_time_is_known() -> World:
    world = online(LAMP)
    command = world.command("lamp", True)
    world.advance(61_000)
    world.restart()
    world.hear(command)
    return world
