"""The demo's device."""

from firmware_sim.house import four_relays
from protocol.codec import encode
from protocol.messages import ChannelKind
from protocol.topics import Topic


def test_the_house_has_a_pump_a_lamp_a_fan_and_a_gate():
    about = four_relays().about("1.0")
    assert [(channel.id, channel.name, channel.icon) for channel in about.channels] == [
        ("may-bom", "Máy bơm", "pump"),
        ("den", "Đèn", "lamp"),
        ("quat", "Quạt", "fan"),
        ("cong", "Cổng", "gate"),
    ]
    assert {channel.kind for channel in about.channels} == {ChannelKind.OUTPUT}
    assert len(encode(about)) <= Topic.ABOUT.limit_bytes


def test_its_board_switches_on_low_as_most_do():
    assert not any(wire.active_high for wire in four_relays().outputs)


def test_what_could_do_harm_has_an_end():
    limits = {channel.id: channel.max_on_s for channel in four_relays().about("1.0").channels}
    assert limits["may-bom"] == 1_800
    assert limits["cong"] == 30
