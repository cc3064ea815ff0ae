"""Who gets in, who stays, and who is put out, with a real mosquitto."""

import dataclasses

from broker_config import new_secret
from broker_config.mosquitto import PACKET_LIMIT_BYTES
from protocol.topics import LARGEST_PAYLOAD_BYTES, Topic
from tests.broker_config.client import Login, TestClient
from tests.broker_config.conftest import DEVICE_A, DEVICE_B, World

NEWCOMER = "00000000000000d4"


def test_a_client_without_a_name_is_refused(world: World):
    with TestClient(world.broker.port, Login(None)) as client:
        assert client.refused


def test_a_wrong_secret_is_refused(world: World):
    with TestClient(world.broker.port, Login(DEVICE_A, new_secret())) as client:
        assert client.refused


def test_a_name_without_a_secret_is_refused(world: World):
    with TestClient(world.broker.port, Login(DEVICE_A, None)) as client:
        assert client.refused


def test_the_secret_of_one_device_is_refused_for_another(world: World):
    with TestClient(world.broker.port, Login(DEVICE_A, world.secrets[DEVICE_B])) as client:
        assert client.refused


def test_a_device_cannot_evict_another_by_taking_its_client_id(world: World):
    with world.client(DEVICE_A) as victim:
        thief = dataclasses.replace(world.login(DEVICE_B), client_id=DEVICE_A)
        with TestClient(world.broker.port, thief) as client:
            assert not client.refused
            victim.publish(Topic.EVENT.of(DEVICE_A), b"still here")
        assert not victim.gone


def test_a_second_connection_of_the_same_device_takes_the_place_of_the_first(world: World):
    with (
        world.client(DEVICE_A) as first,
        TestClient(world.broker.port, dataclasses.replace(world.login(DEVICE_A), client_id="other")),
    ):
        first.until(lambda: first.gone)


async def test_a_new_user_gets_in_after_a_reload_and_nobody_else_is_dropped(world: World):
    secret = new_secret()
    with world.client(DEVICE_A) as old, world.client("server") as server:
        world.broker.credentials.add(NEWCOMER, secret)
        await world.broker.reload()
        with TestClient(world.broker.port, Login(NEWCOMER, secret)) as client:
            assert not client.refused
        old.publish(Topic.EVENT.of(DEVICE_A), b"still here")
        server.publish(Topic.COMMAND.of(DEVICE_A), b"still here")
        assert not old.gone
        assert not server.gone


async def test_a_removed_user_is_put_out_by_a_reload_and_cannot_come_back(world: World):
    with world.client(DEVICE_A) as revoked, world.client(DEVICE_B) as other:
        world.broker.credentials.remove(DEVICE_A)
        await world.broker.reload()
        revoked.until(lambda: revoked.gone)
        with world.client(DEVICE_A) as again:
            assert again.refused
        other.publish(Topic.EVENT.of(DEVICE_B), b"still here")


async def test_a_new_secret_makes_the_old_one_worthless(world: World):
    world.broker.credentials.add(DEVICE_A, new_secret())
    await world.broker.reload()
    with world.client(DEVICE_A) as client:
        assert client.refused


async def test_a_reload_takes_effect_before_it_returns(world: World):
    for number in range(10):
        secret, user = new_secret(), f"{number:016x}"
        world.broker.credentials.add(user, secret)
        await world.broker.reload()
        with TestClient(world.broker.port, Login(user, secret)) as client:
            assert not client.refused


def test_the_largest_payload_of_the_protocol_arrives(world: World):
    payload = b"x" * LARGEST_PAYLOAD_BYTES
    with world.client("observer") as observer, world.client("server") as server:
        observer.subscribe("congtac/#")
        server.publish(Topic.CONFIG.of(DEVICE_A), payload)
        observer.until(lambda: bool(observer.messages))
        assert observer.messages == [(Topic.CONFIG.of(DEVICE_A), payload, False)]


def test_a_payload_over_the_limit_ends_its_sender_and_nobody_else(world: World):
    with world.client("observer") as observer, world.client(DEVICE_B) as other:
        observer.subscribe("congtac/#")
        with world.client(DEVICE_A) as sender:
            sender.publish_unheard(Topic.EVENT.of(DEVICE_A), b"x" * PACKET_LIMIT_BYTES)
            sender.until(lambda: sender.gone)
        other.publish(Topic.EVENT.of(DEVICE_B), b"still here")
        assert observer.received_before(b"still here") == []
        assert world.broker.running
