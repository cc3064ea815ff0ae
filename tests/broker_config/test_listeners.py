"""Every door of the broker, with real mosquitto: who has no account gets in nowhere, and a device is its user name at each of them."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from broker_config import Authority, Listener, PrivateBroker, Tls, new_secret
from broker_config.ports import free_port
from protocol import topics
from protocol.link import LinkSettings, LinkState
from protocol.tls import client_context
from protocol.topics import Topic
from tests.conftest import require
from tests.peer import Peer
from tests.waiting import until

DEVICE, OTHER = "0123456789abcdef", "fedcba9876543210"
HOST = "127.0.0.1"
DOORS = ["mqtt", "tls", "websockets", "websockets over tls"]
each_door = pytest.mark.parametrize("door", DOORS)


@dataclass
class House:
    """A broker with one listener of each kind."""

    broker: PrivateBroker
    authority: Authority
    secrets: dict[str, str]
    ports: dict[str, int]

    def peer(self, door: str, user: str, secret: str | None = None) -> Peer:
        return Peer(
            LinkSettings(
                host=HOST,
                port=self.ports[door],
                user=user,
                secret=secret or self.secrets[user],
                subscriptions=(topics.everything_down(user),) if user != "server" else (topics.everything_up(),),
                tls=client_context(self.authority.file.read_text()) if "tls" in door else None,
                transport="websockets" if "websockets" in door else "tcp",
            )
        )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    require("mosquitto")
    authority = Authority.create(tmp_path, dt.datetime.now(dt.UTC))
    issued = authority.issue([HOST], dt.datetime.now(dt.UTC))
    tls = Tls(issued.certificate, issued.key)
    ports = {door: free_port(HOST) for door in DOORS}
    doors = tuple(
        Listener(HOST, ports[door], tls if "tls" in door else None, websockets="websockets" in door) for door in DOORS[1:]
    )
    broker = PrivateBroker(tmp_path / "broker", port=ports["mqtt"], more_listeners=doors)
    broker.folder.mkdir()
    secrets = {user: new_secret() for user in ("server", DEVICE, OTHER)}
    broker.credentials.replace_all(secrets)
    async with broker:
        yield House(broker, authority, secrets, ports)


@each_door
async def test_a_device_and_the_server_hear_each_other(house: House, door: str):
    large = b"x" * 60_000
    async with house.peer("mqtt", "server").running() as server, house.peer(door, DEVICE).running() as device:
        await server.up()
        await device.up()
        for number in range(200):
            device.say(Topic.EVENT.of(DEVICE), b"%d" % number)
        device.say(Topic.STATE.of(DEVICE), large)
        for number in range(200):
            server.say(Topic.COMMAND.of(DEVICE), b"%d" % number)
        server.say(Topic.CONFIG.of(DEVICE), large)
        await until(lambda: len(server.messages) == len(device.messages) == 201)
        await until(lambda: len(device.acks) == 201)
    assert server.payloads == device.payloads == [*(b"%d" % number for number in range(200)), large]
    assert device.states == [LinkState.CONNECTING, LinkState.UP, LinkState.CLOSED]


@each_door
async def test_without_the_right_secret_nobody_comes_in(house: House, door: str, caplog: pytest.LogCaptureFixture):
    """Checklist 5."""
    caplog.set_level("INFO", "congtac.link")
    async with house.peer(door, DEVICE, "wrong").running() as device:
        await until(lambda: "Not authorized" in caplog.text)
    assert LinkState.UP not in device.states


@each_door
async def test_a_client_cannot_take_the_id_of_another_and_put_it_out(house: House, door: str):
    """Checklist 4."""
    async with house.peer(door, DEVICE).running() as device:
        await device.up()
        thief = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=DEVICE, transport="websockets" if "websockets" in door else "tcp"
        )
        thief.username_pw_set(OTHER, house.secrets[OTHER])
        if "tls" in door:
            thief.tls_set_context(client_context(house.authority.file.read_text()))
        thief.connect(HOST, house.ports[door])
        while not thief.is_connected():
            thief.loop(0.05)
        device.say(Topic.EVENT.of(DEVICE), b"still here")
        await until(lambda: device.acks == [True])
        thief.disconnect()
        thief.loop(0.05)
        del thief
    assert device.times_up == 1


@pytest.mark.parametrize("door", [door for door in DOORS if "tls" in door])
async def test_plaintext_and_old_tls_are_not_understood_where_there_is_tls(house: House, door: str):
    """Checklist 5."""
    settings = house.peer(door, DEVICE).link.settings
    plain = Peer(LinkSettings(HOST, settings.port, DEVICE, settings.secret, transport=settings.transport))
    async with plain.running():
        await until(lambda: plain.states.count(LinkState.WAITING) >= 2)
    assert LinkState.UP not in plain.states
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(house.authority.file)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = ssl.TLSVersion.TLSv1_1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    aged = Peer(LinkSettings(HOST, settings.port, DEVICE, settings.secret, tls=old, transport=settings.transport))
    async with aged.running():
        await until(lambda: aged.states.count(LinkState.WAITING) >= 2)
    assert LinkState.UP not in aged.states


async def test_a_renewed_certificate_is_shown_after_a_reload_and_nobody_is_put_out(house: House):
    async with house.peer("tls", DEVICE).running() as device:
        await device.up()
        before = await _serial(house)
        house.authority.issue([HOST], dt.datetime.now(dt.UTC))
        await house.broker.reload()
        assert await _serial(house) != before
        device.say(Topic.EVENT.of(DEVICE), b"still here")
        await until(lambda: device.acks == [True])
    assert device.times_up == 1


async def _serial(house: House) -> str:
    context = client_context(house.authority.file.read_text())
    _reader, writer = await asyncio.open_connection(HOST, house.ports["tls"], ssl=context, server_hostname=HOST)
    found: str = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
    writer.close()
    await writer.wait_closed()
    return found
