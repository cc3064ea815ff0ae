"""A broker, a server as small as can be, and one device with a network of its own between them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker_config import Listener, PrivateBroker, new_secret
from device.identity import Identity
from device.wiring import Wiring, parse_wiring
from firmware_sim.board import Board
from protocol.backoff import Backoff
from tests.conftest import require
from tests.device.small_server import SmallServer
from tests.peer import soon
from tests.proxy import Proxy

DEVICE = "0123456789abcdef"
PUMP, LAMP = 17, 27
WIRING = """
[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
pin = 17
active_high = true
max_on_s = 600

[[channel]]
kind = "output"
id = "den"
name = "Đèn"
pin = 27
active_high = true
"""


@dataclass
class Site:
    """A broker, a server at it, and a device with a network of its own."""

    broker: PrivateBroker
    network: Proxy
    server: SmallServer
    secret: str
    folder: Path

    def board(self, door: Mapping[str, Any] | None = None, **options: Any) -> Board:
        """The device, started on its folder. `door`: another way to the broker, as its identity has it."""
        identity = Identity.model_validate(
            {
                "device_id": DEVICE,
                "secret": self.secret,
                "broker_host": "127.0.0.1",
                "broker_port": self.network.port,
                "server_keys": (self.server.key.public,),
                **(door or {}),
            }
        )
        return Board(identity, self.wiring, self.folder, **{"keepalive_s": 5, "backoff": Backoff(soon), **options})

    @property
    def wiring(self) -> Wiring:
        return parse_wiring(WIRING, Path("wiring.toml"))


@asynccontextmanager
async def site_in(folder: Path, more_listeners: tuple[Listener, ...] = ()) -> AsyncIterator[Site]:
    """The site, until the block ends."""
    require("mosquitto")
    broker = PrivateBroker(folder / "broker", more_listeners=more_listeners)
    secrets = {"server": new_secret(), DEVICE: new_secret()}
    broker.folder.mkdir()
    broker.credentials.replace_all(secrets)
    async with broker, Proxy(broker.port) as network:
        server = SmallServer(broker.port, secrets["server"], DEVICE)
        async with server.running():
            await server.peer.up()
            yield Site(broker, network, server, secrets[DEVICE], folder / "device")


def moves(board: Board, pin: int = PUMP) -> list[bool]:
    """What a pin did since its first level was set."""
    levels = [change.level for change in board.changes if change.pin == pin]
    return levels[1:] if levels[:1] == [False] else levels
