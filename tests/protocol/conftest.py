"""A real mosquitto for the link, with the server, an observer with the server's rights, and a device."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker_config import PrivateBroker, new_secret
from protocol import topics
from protocol.link import LinkSettings
from tests.conftest import require
from tests.peer import Peer
from tests.protocol.samples import DEVICE
from tests.proxy import Proxy


@dataclass(frozen=True)
class Place:
    """Where the tests of the link happen: a broker, and a network in front of it for the device."""

    broker: PrivateBroker
    network: Proxy
    secrets: dict[str, str]

    def device(
        self, *, port: int | None = None, secret: str | None = None, options: dict[str, Any] | None = None, **settings: Any
    ) -> Peer:
        """The device, through the network."""
        settings = {"subscriptions": (topics.everything_down(DEVICE),), "connect_timeout_s": 5.0, **settings}
        return Peer(
            LinkSettings(
                host="127.0.0.1",
                port=port or self.network.port,
                user=DEVICE,
                secret=secret or self.secrets[DEVICE],
                **settings,
            ),
            **(options or {}),
        )

    def server(self, user: str = "server", **settings: Any) -> Peer:
        """The server, straight at the broker; it hears all devices."""
        settings = {"subscriptions": (topics.everything_up(),), **settings}
        return Peer(LinkSettings(host="127.0.0.1", port=self.broker.port, user=user, secret=self.secrets[user], **settings))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    require("mosquitto")
    broker = PrivateBroker(tmp_path / "broker", server_users=("server", "observer"))
    secrets = {user: new_secret() for user in ("server", "observer", DEVICE)}
    broker.folder.mkdir()
    broker.credentials.replace_all(secrets)
    async with broker, Proxy(broker.port) as network:
        yield Place(broker, network, secrets)
