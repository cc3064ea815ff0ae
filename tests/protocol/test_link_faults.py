"""The link on a bad network, with a broker that dies, and with peers that do not keep to the protocol."""

import asyncio
import contextlib
import random
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from protocol.backoff import Backoff
from protocol.errors import LinkDown
from protocol.link import Link, LinkSettings, LinkState, Received, Will
from protocol.topics import Topic
from tests.peer import Peer
from tests.protocol.conftest import Place
from tests.protocol.samples import DEVICE
from tests.protocol.scripted_broker import CONNACK_NOT_AUTHORISED, REFUSED, ScriptedBroker
from tests.proxy import Way
from tests.waiting import until

EVENT = Topic.EVENT.of(DEVICE)
COMMAND = Topic.COMMAND.of(DEVICE)
PRESENCE = Topic.PRESENCE.of(DEVICE)
SLACK_S = 4.0  # two cores, shared: late is allowed, never is not


async def test_what_is_unacknowledged_at_a_cut_is_told_and_never_sent_again(place: Place):
    async with place.server().running() as server, place.device().running() as device:
        await server.up()
        await device.up()
        place.network.stall(Way.UP)
        device.say(EVENT, b"lost")
        device.say(EVENT, b"lost too")
        place.network.cut()
        await until(lambda: device.acks == [False, False])
        place.network.heal()
        await device.up(times=2)
        device.say(EVENT, b"new")
        await until(lambda: server.messages and len(device.acks) == 3)
    assert server.payloads == [b"new"]
    assert device.acks == [False, False, True]


async def test_what_arrived_without_its_acknowledgement_is_told_as_unconfirmed_and_arrives_once(place: Place):
    async with place.server().running() as server, place.device().running() as device:
        await server.up()
        await device.up()
        place.network.swallow(Way.DOWN)
        device.say(EVENT, b"once")
        await until(lambda: server.messages)
        place.network.heal()
        await device.up(times=2)
        device.say(EVENT, b"new")
        await until(lambda: len(server.messages) == len(device.acks) == 2)
    assert server.payloads == [b"once", b"new"]
    assert device.acks == [False, True]


@contextlib.contextmanager
def noticed_when_it_hangs() -> Iterator[None]:
    """A program that waits for its own lock can only be woken by a signal."""

    def hangs(_number: int, _frame: object) -> None:
        raise AssertionError("the program stands still")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(20)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


async def test_an_answer_to_a_message_that_was_the_last_before_a_cut_does_not_hang(place: Place):
    async with place.server().running() as server, place.device().running() as device:
        await server.up()
        await device.up()

        def answer(received: Received) -> None:
            device.messages.append(received)
            connection = device.link._connection
            assert connection is not None
            assert connection._socket is not None
            connection._socket.shutdown(socket.SHUT_RDWR)  # what a cut at this very moment does
            device.say(EVENT, b"done")

        device.hear = answer
        with noticed_when_it_hangs():
            server.say(COMMAND, b"on")
            await until(lambda: device.messages)
            await device.up(times=2)
    assert device.acks == [False]


async def test_it_comes_back_after_the_broker_was_killed_and_started_again(place: Place):
    async with place.server().running() as server, place.device().running() as device:
        await server.up()
        await device.up()
        await place.broker.kill()
        await until(lambda: LinkState.UP not in {server.link.state, device.link.state})
        with pytest.raises(LinkDown):
            device.say(EVENT, b"nobody there")
        await place.broker.start()
        await server.up(times=2)
        await device.up(times=2)
        device.say(EVENT, b"back")
        server.say(COMMAND, b"back")
        await until(lambda: server.messages and device.messages)
    assert server.payloads == device.payloads == [b"back"]


async def test_a_cut_speaks_the_will_that_belongs_to_its_connection(place: Place):
    sessions = iter(range(100))
    options = {"will": lambda: Will(PRESENCE, b"gone %d" % next(sessions), retained=True)}
    async with place.server().running() as server, place.device(options=options).running() as device:
        await server.up()
        for times in (1, 2):
            await device.up(times=times)
            place.network.cut()
            await until(lambda times=times: len(server.messages) == times)
        await device.up(times=3)
    assert server.payloads == [b"gone 0", b"gone 1"]


async def test_with_a_wrong_secret_it_goes_on_trying_ever_more_slowly(place: Place):
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)
        await asyncio.sleep(0)

    device = place.device(secret="x" * 43, options={"backoff": Backoff(lambda _low, high: high), "sleep": sleep})
    async with device.running():
        await until(lambda: len(delays) >= 8)
    assert delays[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert place.network.accepted <= len(delays) + 1
    assert LinkState.UP not in device.states


async def test_a_subscription_that_is_refused_is_no_link(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "congtac.link")
    async with ScriptedBroker(granted=REFUSED) as broker, stranger(broker.port).running() as device:
        broker.answering.set()
        await until(lambda: broker.subscribes >= 3)
    assert LinkState.UP not in device.states
    assert "the broker refused a subscription" in caplog.text


async def test_it_is_up_only_when_its_subscription_is_granted():
    async with ScriptedBroker() as broker, stranger(broker.port).running() as device:
        await until(lambda: broker.subscribes == 1)
        assert device.states == [LinkState.CONNECTING]
        with pytest.raises(LinkDown, match="connecting"):
            device.say(EVENT, b"too early")
        broker.answering.set()
        await device.up()
    assert broker.connects == 1


async def test_a_broker_that_refuses_is_tried_again():
    async with ScriptedBroker(connack=CONNACK_NOT_AUTHORISED) as broker, stranger(broker.port).running() as device:
        await until(lambda: broker.connects >= 3)
    assert LinkState.UP not in device.states


async def test_a_peer_that_never_answers_is_given_up_and_tried_again():
    async with ScriptedBroker(connack=b"") as broker, stranger(broker.port, connect_timeout_s=0.1).running() as device:
        await until(lambda: broker.connects >= 3)
    assert LinkState.UP not in device.states


@pytest.mark.parametrize("host", ["mqtt..example", "m" * 64 + ".example"], ids=["an empty label", "a label that is too long"])
async def test_a_host_that_is_no_name_is_told_and_tried_again(caplog: pytest.LogCaptureFixture, host: str):
    device = Peer(LinkSettings(host=host, port=1883, user=DEVICE, secret="x"))
    async with device.running():
        await until(lambda: device.states.count(LinkState.CONNECTING) >= 3)
    assert LinkState.UP not in device.states
    assert f"{DEVICE}: no link to {host}:1883: UnicodeError: " in caplog.text


async def _upgrade_without_a_space(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept:abc\r\n\r\n")
        await reader.read()
    writer.close()


async def test_a_proxy_whose_answer_cannot_be_read_is_told_and_tried_again(caplog: pytest.LogCaptureFixture):
    async with await asyncio.start_server(_upgrade_without_a_space, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        device = stranger(port, transport="websockets")
        async with device.running():
            await until(lambda: device.states.count(LinkState.CONNECTING) >= 3)
    assert LinkState.UP not in device.states
    assert f"{DEVICE}: no link to 127.0.0.1:{port}: IndexError: " in caplog.text


async def test_a_fault_of_our_own_after_the_link_is_up_ends_it():
    def faulty(state: LinkState) -> None:
        if state is LinkState.UP:
            raise ZeroDivisionError("a mistake")

    async with ScriptedBroker() as broker:
        broker.answering.set()
        settings = LinkSettings(host="127.0.0.1", port=broker.port, user=DEVICE, secret="x", subscriptions=("a/#",))
        with pytest.raises(ZeroDivisionError):
            await Link(settings, on_message=lambda _message: None, on_state=faulty).run()


NONSENSE = {
    "random bytes": b"\xff\xff\xff\xff\xff\xff\xff\xff",
    "a length without end": b"\x30\xff\xff\xff\xff\xff\x01",
    "an empty PUBLISH": b"\x32\x00",
    "a PUBLISH with too long a topic": b"\x32\x04\xff\xffab",
    "QoS 3": b"\x36\x07\x00\x01a\x00\x01xx",
    "a second CONNACK that refuses": CONNACK_NOT_AUTHORISED,
    "an empty SUBACK": b"\x90\x00",
    "a SUBACK with an unheard code": b"\x90\x03\x00\x01\x55",
    "an empty PUBACK": b"\x40\x00",
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
async def test_a_broker_that_talks_nonsense_is_left_and_tried_again(nonsense: bytes):
    async with ScriptedBroker(afterwards=nonsense) as broker, stranger(broker.port).running() as device:
        broker.answering.set()
        await until(lambda: broker.connects >= 3)
    assert len(device.messages) == 0


async def test_an_acknowledgement_of_nothing_and_a_topic_that_is_not_utf8_do_no_harm():
    odd = b"\x40\x02\x12\x34" + b"\x32\x07\x00\x02\xff\xfe\x00\x01x" + b"\x30\x04\x00\x01ax"
    async with ScriptedBroker(afterwards=odd) as broker, stranger(broker.port).running() as device:
        broker.answering.set()
        await until(lambda: device.messages)
        assert device.payloads == [b"x"]
        assert device.link.state is LinkState.UP
        assert broker.connects == 1


async def test_what_came_is_acknowledged_though_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("protocol.connection.TEND_EVERY_S", 3600)
    two = b"\x32\x06\x00\x01a\x00\x07x" + b"\x32\x06\x00\x01a\x00\x08y"
    async with ScriptedBroker(afterwards=two) as broker, stranger(broker.port, keepalive_s=36_000).running() as device:
        broker.answering.set()
        await until(lambda: broker.acknowledged == [7, 8])
        assert device.payloads == [b"x", b"y"]


@pytest.mark.parametrize("way", [(Way.UP,), (Way.DOWN,), (Way.UP, Way.DOWN)], ids=["up", "down", "both"])
async def test_a_half_open_link_is_noticed_within_two_keepalives(place: Place, way: tuple[Way, ...]):
    async with place.device(keepalive_s=2).running() as device:
        await device.up()
        place.network.swallow(*way)
        began = time.monotonic()
        await until(lambda: device.link.state is not LinkState.UP)
        assert time.monotonic() - began <= 2 * 2 + SLACK_S
        place.network.heal()
        await device.up(times=2)


async def test_a_half_open_link_is_noticed_also_while_much_is_said_on_it(place: Place):
    async with place.device(keepalive_s=1).running() as device:
        await device.up()
        place.network.swallow(Way.DOWN)
        began = time.monotonic()
        while device.link.state is LinkState.UP:
            with contextlib.suppress(LinkDown):
                device.say(EVENT, b"anybody there?")
            await asyncio.sleep(0.05)
            assert time.monotonic() - began <= 2 * 1 + SLACK_S
        await until(lambda: False in device.acks)
    assert True not in device.acks


async def test_a_quiet_link_stays_up(place: Place):
    async with place.device(keepalive_s=2).running() as device:
        await device.up()
        began = time.monotonic()
        await until(lambda: time.monotonic() - began > 4.5)
        assert device.states == [LinkState.CONNECTING, LinkState.UP]


async def test_a_slow_network_delays_and_loses_nothing(place: Place):
    async with place.server().running() as server, place.device().running() as device:
        await server.up()
        place.network.delay(0.1)
        await device.up()
        for number in range(50):
            device.say(EVENT, b"%d" % number)
        place.network.stall()
        server.say(COMMAND, b"down")
        await until(lambda: server.acks)
        place.network.heal()
        await until(lambda: len(device.acks) == len(server.messages) == 50 and device.messages)
    assert server.payloads == [b"%d" % number for number in range(50)]
    assert device.times_up == 1


@pytest.mark.parametrize("stage", ["connecting", "handshake", "connack", "suback"])
async def test_cancelled_while_connecting_it_leaves_nothing_behind(stage: str):
    async with ScriptedBroker(connack=b"" if stage == "connack" else b"\x20\x02\x00\x00") as broker:
        port, settings = broker.port, {}
        if stage == "handshake":
            import ssl

            broker.connack, settings = b"", {"tls": ssl.create_default_context()}
        with full_backlog() if stage == "connecting" else contextlib.nullcontext(port) as port:
            device = stranger(port, connect_timeout_s=1.0, **settings)
            task = asyncio.create_task(device.link.run(), name="the link")
            await until(lambda: device.states)
            if stage in {"connack", "suback"}:
                await until(lambda: broker.connects if stage == "connack" else broker.subscribes)
            task.cancel()
            await asyncio.wait((task,))
    assert task.cancelled()
    assert device.states == [LinkState.CONNECTING, LinkState.CLOSED]


@contextlib.contextmanager
def full_backlog():
    """The port of a listener that answers no SYN any more, as a host behind a firewall."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_through_any_weather_it_comes_back_and_what_is_acknowledged_has_arrived(place: Place):
    """A seeded storm: at its end the link is up, and nothing that was acknowledged is missing, nothing twice."""
    dice = random.Random(7)
    network = place.network
    acked: list[bytes] = []
    async with place.server().running() as server, place.device(keepalive_s=1).running() as device:
        await server.up()
        await device.up()
        for number in range(120):
            payload = b"%d" % number
            with contextlib.suppress(LinkDown):
                device.link.publish(
                    EVENT, payload, on_ack=lambda taken, payload=payload: acked.append(payload) if taken else None
                )
            if number % 6 == 0:
                dice.choice([network.cut, network.stall, network.swallow, network.heal, network.heal, network.refuse])()
            await asyncio.sleep(0.01)
        network.heal()
        ups = device.times_up
        await until(lambda: device.times_up > ups or device.link.state is LinkState.UP)
        await until(lambda: set(acked) <= set(server.payloads))
    assert len(server.payloads) == len(set(server.payloads))
    assert acked


def stranger(port: int, **settings: object) -> Peer:
    """A device at a broker that is none."""
    told = {"subscriptions": ("a/#",), "connect_timeout_s": 2.0, **settings}
    return Peer(LinkSettings(host="127.0.0.1", port=port, user=DEVICE, secret="x", **told))  # type: ignore[arg-type]
