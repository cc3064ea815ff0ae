"""The network's reading of MQTT."""

import pytest

from tests.faults.network import Message, Packets, read_publish

CONNACK = bytes.fromhex("20020000")


def test_a_message_is_read_from_its_packet():
    message = Message("congtac/1/d/x/down/command", b"signed", retained=True)
    assert read_publish(message.packet()) == message


def test_the_packet_number_of_qos_1_is_no_part_of_the_message():
    packet = bytes([0x32, 7, 0, 1]) + b"t" + bytes([0, 9]) + b"hi"
    assert read_publish(packet) == Message("t", b"hi")


def test_another_packet_holds_no_message():
    assert read_publish(CONNACK) is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_packets_are_told_apart_however_the_bytes_are_cut(size: int):
    sent = [Message("t", b"x" * length).packet() for length in (0, 1, 124, 125, 200, 20_000)] + [CONNACK]
    stream, packets = b"".join(sent), Packets()
    assert [packet for at in range(0, len(stream), size) for packet in packets.feed(stream[at : at + size])] == sent
