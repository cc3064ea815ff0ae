"""A real mosquitto with the small world's accounts: the server, two devices and one enrolled stranger."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker_config import PrivateBroker, new_secret
from tests.broker_config.client import Login, TestClient
from tests.conftest import require

DEVICE_A = "00000000000000a1"
DEVICE_B = "00000000000000b2"
STRANGER = "00000000000000c3"


@dataclass(frozen=True)
class World:
    broker: PrivateBroker
    secrets: dict[str, str]

    def login(self, user: str) -> Login:
        return Login(user, self.secrets[user], client_id=user)

    def client(self, user: str, will: tuple[str, bytes] | None = None) -> TestClient:
        return TestClient(self.broker.port, self.login(user), will)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    require("mosquitto")
    (tmp_path / "broker").mkdir()
    # The observer has the server's rights under a name of its own: two connections of one name evict each other.
    broker = PrivateBroker(tmp_path / "broker", server_users=("server", "observer"))
    secrets = {user: new_secret() for user in ("server", "observer", DEVICE_A, DEVICE_B, STRANGER)}
    broker.credentials.replace_all(secrets)
    async with broker:
        yield World(broker, secrets)
