"""The whole matrix: who × every topic of both devices × how. What is delivered counts: an acknowledgement is no permission."""

import dataclasses

import pytest

from broker_config import new_secret
from protocol.topics import Topic
from tests.broker_config.client import Login, TestClient
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


def test_the_rule_itself_gives_each_device_eight_topics_to_write_and_six_to_read():
    assert [len(writable(who)) for who in WHO] == [28, 8, 8, 0]
    assert [len(readable(who)) for who in WHO] == [28, 6, 6, 0]


@pytest.mark.parametrize("who", WHO)
def test_only_what_a_party_may_publish_arrives(world: World, who: str):
    """Checklist 3."""
    with world.client("observer") as observer, world.client(who) as client:
        observer.subscribe("congtac/#")
        for device, topic in TOPICS:
            client.publish(topic.of(device), who.encode())
        observer.publish(END_TOPIC, END)
        assert observer.received_before(END) == [(topic, who.encode(), False) for topic in writable(who)]


@pytest.mark.parametrize("who", WHO)
def test_only_what_a_party_may_publish_is_retained(world: World, who: str):
    """Checklist 3."""
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
    """Checklist 3."""
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
    """Checklist 3."""
    filters = ["#", "congtac/1/+/+/+/+", "$SYS/#"] if wide else [topic.of(device) for device, topic in TOPICS]
    with world.client("observer") as publisher, world.client(who) as client:
        client.subscribe(*filters, f"congtac/1/0/{who}/down/end")
        for device, topic in TOPICS:
            publisher.publish(topic.of(device), b"word")
        publisher.publish(f"congtac/1/0/{who}/down/end", END)
        assert {topic for topic, _, _ in client.received_before(END)} == set(readable(who))


@pytest.mark.parametrize("who", WHO[1:])
def test_what_is_retained_for_another_is_not_delivered_to_a_latecomer(world: World, who: str):
    """Checklist 3."""
    with world.client("observer") as publisher:
        for device, topic in TOPICS:
            publisher.publish(topic.of(device), b"word", retain=True)
        with world.client(who) as client:
            client.subscribe("#", *(topic.of(device) for device, topic in TOPICS))
            publisher.publish(f"congtac/1/0/{who}/down/end", END)
            assert {topic for topic, _, _ in client.received_before(END)} == set(readable(who))


WAYS_AROUND = (
    "$share/thieves/#", f"$share/thieves/{Topic.COMMAND.of(DEVICE_B)}", "$share/thieves/congtac/1/+/+/down/command", "+/+/+/+/down/+",
    "/congtac/1/#", "congtac/1/+/00000000000000b2/#", f"congtac/1/0/{DEVICE_B}/down/command", f"congtac/1/2/{DEVICE_B}/#",
    f"congtac/1/1/{DEVICE_A}/up/#", "$SYS/broker/log/#", "$CONTROL/#", "congtac/+/+/+/down/config",
)  # fmt: skip
"""Filters that might reach another's topics: shared subscriptions, wildcards in each place, other partitions, the broker's own."""


@pytest.mark.parametrize("who", [DEVICE_A, STRANGER])
def test_no_way_around_reaches_another_device_s_topics(world: World, who: str):
    """Checklist 3."""
    with world.client("observer") as publisher, world.client(who) as client:
        client.subscribe(*WAYS_AROUND, f"congtac/1/0/{who}/down/end")
        for device, topic in TOPICS:
            publisher.publish(topic.of(device), b"word")
        publisher.publish(f"congtac/1/0/{who}/down/end", END)
        assert {topic for topic, _, _ in client.received_before(END)} <= set(readable(who))


BASE_A, BASE_B = f"congtac/1/1/{DEVICE_A}", f"congtac/1/2/{DEVICE_B}"
BESIDE = (
    f"{BASE_B}/up/event/", f"{BASE_B}/up", f"/{BASE_B}/up/event", f"congtac/2/2/{DEVICE_B}/up/event", f"{BASE_B}/down/command/x",
    f"{BASE_A}/down", f"{BASE_A}/down/command/x", "congtac", "x",
)  # fmt: skip


@pytest.mark.parametrize("topic", BESIDE)
def test_no_topic_beside_the_known_ones_carries_a_device_s_words_to_another_s(world: World, topic: str):
    """Checklist 3."""
    with world.client("observer") as observer, world.client(DEVICE_A) as client:
        observer.subscribe("#")
        client.publish(topic, b"word")
        observer.publish(END_TOPIC, END)
        assert observer.received_before(END) == []


@pytest.mark.parametrize("way", ["publish or subscribe", "will", "another client id", "no secret"])
async def test_a_revoked_device_and_who_was_never_enrolled_do_not_even_get_in(world: World, way: str):
    """Checklist 2. Checklist 3. Checklist 5."""
    revoked, never = world.login(DEVICE_B), Login("00000000000000e5", new_secret(), "00000000000000e5")
    world.broker.credentials.remove(DEVICE_B)
    await world.broker.reload()
    for login in (revoked, never, Login(None), Login("", ""), Login("server", revoked.secret), Login("#", ""), Login("+", "x")):
        tried = dataclasses.replace(login, client_id=DEVICE_A) if way == "another client id" else login
        tried = dataclasses.replace(tried, secret=None) if way == "no secret" and tried.user else tried
        will = (Topic.PRESENCE.of(DEVICE_B), b"word") if way == "will" else None
        with TestClient(world.broker.port, tried, will) as client:
            assert client.refused, login.user


async def test_a_device_that_is_revoked_while_it_speaks_is_cut_off_in_both_directions(world: World):
    """Checklist 2. Checklist 3."""
    will = (Topic.PRESENCE.of(DEVICE_A), b"will")
    with world.client("observer") as observer, world.client(DEVICE_A, will) as client:
        observer.subscribe("congtac/#")
        client.subscribe(Topic.COMMAND.of(DEVICE_A))
        world.broker.credentials.remove(DEVICE_A)
        await world.broker.reload()
        client.until(lambda: client.gone)
        client.publish_unheard(Topic.EVENT.of(DEVICE_A), b"word")
        observer.publish(Topic.COMMAND.of(DEVICE_A), b"word")
        observer.publish(END_TOPIC, END)
        assert observer.received_before(END) == [(Topic.COMMAND.of(DEVICE_A), b"word", False)]
        assert client.messages == []
