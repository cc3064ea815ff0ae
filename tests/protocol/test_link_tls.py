"""The link over TLS, with mosquitto's own listener: who is not who it says is not spoken to."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broker_config import Listener, PrivateBroker, Tls, new_secret
from broker_config.ports import free_port
from protocol import topics
from protocol.link import LinkSettings, LinkState
from protocol.topics import Topic
from tests.conftest import require
from tests.peer import Peer
from tests.protocol.certificates import Authority, Certificate
from tests.protocol.samples import DEVICE
from tests.waiting import until

EVENT = Topic.EVENT.of(DEVICE)


@asynccontextmanager
async def broker_with(certificate: Certificate, folder: Path) -> AsyncIterator[tuple[PrivateBroker, int, str]]:
    """A broker with this certificate, the port that it is at, and the secret of the device."""
    require("mosquitto")
    port, secret = free_port("127.0.0.1"), new_secret()
    broker = PrivateBroker(
        folder / "broker", more_listeners=(Listener("127.0.0.1", port, Tls(certificate.certificate, certificate.key)),)
    )
    broker.folder.mkdir()
    broker.credentials.replace_all({DEVICE: secret})
    async with broker:
        yield broker, port, secret


def device(port: int, secret: str, trusted: Path) -> Peer:
    tls = ssl.create_default_context(cafile=str(trusted))
    return Peer(
        LinkSettings(
            host="127.0.0.1", port=port, user=DEVICE, secret=secret, subscriptions=(topics.everything_down(DEVICE),), tls=tls
        )
    )


async def test_the_right_authority_and_name_make_a_link(tmp_path: Path):
    authority = Authority(tmp_path, "ours")
    async with (
        broker_with(authority.issue("127.0.0.1"), tmp_path) as (_broker, port, secret),
        device(port, secret, authority.file).running() as peer,
    ):
        await peer.up()
        for _ in range(300):
            peer.say(EVENT, b"x" * 2_000)
        await until(lambda: len(peer.acks) == 300)
    assert peer.acks == [True] * 300
    assert peer.states == [LinkState.CONNECTING, LinkState.UP, LinkState.CLOSED]


async def test_it_comes_back_after_the_broker_was_killed(tmp_path: Path):
    authority = Authority(tmp_path, "ours")
    async with (
        broker_with(authority.issue("127.0.0.1"), tmp_path) as (broker, port, secret),
        device(port, secret, authority.file).running() as peer,
    ):
        await peer.up()
        await broker.kill()
        await until(lambda: peer.link.state is not LinkState.UP)
        await broker.start()
        await peer.up(times=2)


@pytest.mark.parametrize(
    ("host", "days", "trusted", "word"),
    [
        ("127.0.0.1", 1, "theirs", "unable to get local issuer certificate"),
        ("broker.example", 1, "ours", "IP address mismatch"),
        ("127.0.0.1", -1, "ours", "certificate has expired"),
    ],
    ids=["a wrong authority", "a wrong name", "an expired certificate"],
)
async def test_a_broker_that_cannot_prove_who_it_is_is_told_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, host: str, days: int, trusted: str, word: str
):
    caplog.set_level("INFO", "congtac.link")
    authorities = {name: Authority(tmp_path, name) for name in ("ours", "theirs")}
    async with broker_with(authorities["ours"].issue(host, days=days), tmp_path) as (broker, port, secret):
        async with device(port, secret, authorities[trusted].file).running() as peer:
            await until(lambda: caplog.text.count(word) >= 2)
        said = broker.log_file.read_text("utf-8")
    assert LinkState.UP not in peer.states
    assert DEVICE not in said
