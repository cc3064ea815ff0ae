"""What owners choose for channels, and the order that they put them in."""

import pytest

from protocol.messages import About, ChannelAbout, ChannelKind
from server.devices.chosen import ICONS, Chosen, in_order, moved
from server.devices.state import DeviceNow
from server.web import home


def about(*channels: str) -> About:
    told = tuple(ChannelAbout(id=it, name=it.upper(), kind=ChannelKind.OUTPUT, icon="lamp") for it in channels)
    return About(model="m", version="1", channels=told)


def at(position: int | None) -> Chosen:
    return Chosen(position=position)


def test_channels_stand_as_they_were_put_and_the_others_behind_them_as_in_the_wiring() -> None:
    assert in_order(["a", "b", "c", "d"], {"c": at(0), "b": at(1)}) == ["c", "b", "a", "d"]
    assert in_order(["b", "a"], {"gone": at(0)}) == ["b", "a"]


@pytest.mark.parametrize(("to", "order"), [(0, "bac"), (1, "abc"), (2, "acb"), (9, "acb"), (-1, "bac")])
def test_a_channel_that_is_moved_takes_its_place_and_the_others_make_room(to: int, order: str) -> None:
    assert moved("abc", "b", to) == list(order)


def test_a_channel_that_is_not_there_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="z is not among a, b"):
        moved("ab", "z", 0)


def test_what_was_chosen_is_shown_and_the_wiring_where_nothing_was() -> None:
    device = DeviceNow("d" * 16, "s", "may", "Máy")
    device.hear_about(about("a", "b"))
    device.choose({"b": Chosen(label="Đèn ao", position=0)})
    assert [(it.name, it.icon) for it in device.channels.values()] == [("Đèn ao", "lamp"), ("A", "lamp")]


def test_a_channel_that_comes_back_has_what_was_chosen_for_it() -> None:
    device = DeviceNow("d" * 16, "s", "may", "Máy")
    device.hear_about(about("a", "b"))
    device.choose({"b": Chosen(icon="pump", position=0)})
    device.hear_about(about("a"))
    device.hear_about(about("a", "b"))
    assert [(name, it.icon) for name, it in device.channels.items()] == [("b", "pump"), ("a", "lamp")]


def test_what_is_known_of_a_channel_stays_when_something_is_chosen_for_it() -> None:
    device = DeviceNow("d" * 16, "s", "may", "Máy")
    device.hear_about(about("a"))
    device.channels["a"].on = True
    device.choose({"a": Chosen(ask_first=True)})
    assert (device.channels["a"].on, device.channels["a"].chosen.ask_first) == (True, True)


def test_every_picture_that_can_be_chosen_is_drawn() -> None:
    assert ICONS == home.ICONS
