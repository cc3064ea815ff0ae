"""The whole matrix: who × every topic of both devices × how. What is delivered counts: an acknowledgement is no permission."""

import pytest

from protocol.topics import Topic
from tests.broker_config.conftest import DEVICE_A, DEVICE_B, STRANGER, World

WHO = ("server", DEVICE_A, DEVICE_B, STRANGER)
TOPICS = [(device, topic) for device in (DEVICE_A, DEVICE_B) for topic in Topic]
END = b"the end"
END_TOPIC = Topic.WELCOME.of(STRANGER)


def may_write(who: str, device: str, topic: Topic) -> bool:
    return who == "server" or (who == device and topic.path.startswith("up/"))


def may_read(who: str, device: str, topic: Topic) -> bool:
    return who == "server" or (who == device and topic.path.startswith("down/"))


def writable(who: str) -> list[str]:
    return [topic.of(device) for device, topic in TOPICS if may_write(who, device, topic)]


def readable(who: str) -> list[str]:
    return [topic.of(device) for device, topic in TOPICS if may_read(who, device, topic)]


def test_the_rule_itself_gives_each_device_seven_topics_to_write_and_four_to_read():
    assert [len(writable(who)) for who in WHO] == [22, 7, 7, 0]
    assert [len(readable(who)) for who in WHO] == [22, 4, 4, 0]


@pytest.mark.parametrize("who", WHO)
def test_only_what_a_party_may_publish_arrives(world: World, who: str):
    with world.client("observer") as observer, world.client(who) as client:
        observer.subscribe("congtac/#")
        for device, topic in TOPICS:
            client.publish(topic.of(device), who.encode())
        observer.publish(END_TOPIC, END)
        assert observer.received_before(END) == [(topic, who.encode(), False) for topic in writable(who)]


@pytest.mark.parametrize("who", WHO)
def test_only_what_a_party_may_publish_is_retained(world: World, who: str):
    with world.client(who) as client:
        for device, topic in TOPICS:
            client.publish(topic.of(device), who.encode(), retain=True)
    with world.client("observer") as observer:
        observer.subscribe("congtac/#")
        observer.publish(END_TOPIC, END)
        kept = observer.received_before(END)
    assert sorted(kept) == sorted((topic, who.encode(), True) for topic in writable(who))


@pytest.mark.parametrize("who", WHO)
def test_only_a_will_that_a_party_may_publish_is_spoken(world: World, who: str):
    with world.client("observer") as observer:
        observer.subscribe("congtac/#")
        for device, topic in TOPICS:
            with world.client(who, will=(topic.of(device), who.encode())) as client:
                if not client.refused:
                    client.drop()
        observer.until(lambda: len(observer.messages) >= len(writable(who)))
        with world.client(who):  # answered after the broker has seen all that was dropped
            observer.publish(END_TOPIC, END)
        assert observer.received_before(END) == [(topic, who.encode(), False) for topic in writable(who)]


@pytest.mark.parametrize("wide", [False, True], ids=["each topic", "wildcards"])
@pytest.mark.parametrize("who", WHO)
def test_only_what_a_party_may_read_is_delivered(world: World, who: str, wide: bool):
    filters = ["#", "congtac/1/+/+/+/+", "$SYS/#"] if wide else [topic.of(device) for device, topic in TOPICS]
    with world.client("observer") as publisher, world.client(who) as client:
        client.subscribe(*filters, f"congtac/1/0/{who}/down/end")
        for device, topic in TOPICS:
            publisher.publish(topic.of(device), b"word")
        publisher.publish(f"congtac/1/0/{who}/down/end", END)
        assert {topic for topic, _, _ in client.received_before(END)} == set(readable(who))


@pytest.mark.parametrize("who", WHO[1:])
def test_what_is_retained_for_another_is_not_delivered_to_a_latecomer(world: World, who: str):
    with world.client("observer") as publisher:
        for device, topic in TOPICS:
            publisher.publish(topic.of(device), b"word", retain=True)
        with world.client(who) as client:
            client.subscribe("#", *(topic.of(device) for device, topic in TOPICS))
            publisher.publish(f"congtac/1/0/{who}/down/end", END)
            assert {topic for topic, _, _ in client.received_before(END)} == set(readable(who))
