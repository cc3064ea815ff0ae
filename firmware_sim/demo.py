"""`congtac demo`: broker, server and a simulated device in one process, for whoever wants to see it work."""

import argparse
import asyncio
import contextlib
import logging
import random
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import segno
import uvloop
from fastapi import FastAPI

from broker_config import PrivateBroker, new_secret
from firmware_sim.board import Board
from firmware_sim.demo_folder import DemoError, demo_folder, demo_identity
from firmware_sim.house import four_relays
from firmware_sim.sensors import GARDEN, garden
from protocol.backoff import Backoff
from server.accounts import Accounts
from server.cli import link_address
from server.clock import now_ms
from server.devices.enrol import enrol
from server.devices.models import Device
from server.serving import serve
from server.settings import Settings
from server.switchboard import Switchboard

SERVER_USER: Final = "server"
DEFAULT_FOLDER: Final = Path(".demo")
DEFAULT_PORT: Final = 8000
SENSE_EVERY_S: Final = 10.0  # a garden is slower; somebody who looks is not

log = logging.getLogger("congtac.demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C. Raises DemoError, StartError or BrokerError, whose text says what to do."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
    )
    with demo_folder(options.data) as folder:
        uvloop.run(Demo(folder, options.port, lan=options.lan).run())
    print("Stopped. What you did is kept: start again to go on.", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="congtac demo", description="Everything on this machine, with a simulated device.")
    parser.add_argument("--lan", action="store_true", help="let phones on the same network in")
    parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"the page's port (default {DEFAULT_PORT})")
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER", help="where to keep what happens")
    parser.add_argument("--debug", action="store_true", help="say everything, and show tracebacks")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


class Demo:
    """The parts of the demo, started in order and stopped in the other. `on_open` is told the sign-in address of each new link."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        lan: bool = False,
        on_open: Callable[[str], None] | None = None,
        board_wait_s: float = 10,
    ) -> None:
        self._folder = folder
        self._lan = lan
        self._on_open = on_open or self._print_link
        self._board_wait_s = board_wait_s
        host = "0.0.0.0" if lan else "127.0.0.1"  # noqa: S104 (what --lan asks for)
        self._settings = Settings(
            data_dir=folder / "server",
            host=host,
            port=port,
            public_url=f"http://{lan_address()}:{port}" if lan else f"http://localhost:{port}",
            site_name="Vườn ươm",
        )
        self.board: Board | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Everything, until a signal."""
        (self._folder / "broker").mkdir(exist_ok=True)
        broker = PrivateBroker(self._folder / "broker")
        secret = new_secret()
        broker.credentials.add(SERVER_USER, secret)
        async with AsyncExitStack() as stack:
            await broker.start()
            stack.push_async_callback(broker.stop)
            self._settings = Settings.model_validate(
                {
                    **self._settings.model_dump(),
                    "broker_port": broker.port,
                    "broker_user": SERVER_USER,
                    "broker_secret": secret,
                    "broker_credentials_file": broker.credentials.path,
                    "broker_pid_file": broker.pid_file,
                }
            )
            opened: asyncio.Future[FastAPI] = asyncio.get_running_loop().create_future()
            serving = asyncio.create_task(serve(self._settings, on_ready=opened.set_result), name="server")
            await asyncio.wait((serving, opened), return_when=asyncio.FIRST_COMPLETED)
            if opened.done():
                await self._with_board(opened.result(), broker, serving)
            await serving

    async def _with_board(self, app: FastAPI, broker: PrivateBroker, serving: asyncio.Task[None]) -> None:
        switchboard: Switchboard = app.state.switchboard
        identity = demo_identity(self._folder, broker.port, switchboard.downlink.public_key)
        broker.credentials.add(identity.device_id, identity.secret.get_secret_value())
        await broker.reload()
        await self._enrol(app, identity.device_id)
        backoff = Backoff(random.uniform, first_s=0.2, cap_s=5)
        self.board = Board(
            identity,
            four_relays(),
            self._folder / "device",
            backoff=backoff,
            sensor_channels=GARDEN,
            sensors=garden(seed=1),
            sense_every_s=SENSE_EVERY_S,
        )
        async with self.board.running():
            await self._greet(app)
            await asyncio.wait((serving,))

    async def _enrol(self, app: FastAPI, device_id: str) -> None:
        switchboard: Switchboard = app.state.switchboard
        if switchboard.registry.get(device_id) is None:
            site_id = next(iter(switchboard.sites))
            row = Device(id=device_id, site_id=site_id, slug="demo", name="Thiết bị mô phỏng", created_ms=now_ms())
            await enrol(app.state.database.writer, switchboard.registry, row)

    # ---- the doors

    async def _greet(self, app: FastAPI) -> None:
        accounts: Accounts = app.state.accounts
        owner = await accounts.find_person(None)
        if owner is None:
            raise DemoError("the demo's database has no owner: delete the folder and start again")

        def another(_person_id: str) -> None:
            task = asyncio.get_running_loop().create_task(self._open_door(accounts, owner.id), name="next sign-in link")
            self._links.add(task)
            task.add_done_callback(self._links.discard)

        accounts.on_link_used.append(another)
        first = app.state.first_link
        self._on_open(link_address(self._settings, first or await accounts.make_link(owner.id)))

    async def _open_door(self, accounts: Accounts, owner_id: str) -> None:
        self._on_open(link_address(self._settings, await accounts.make_link(owner_id)))

    def _print_link(self, address: str) -> None:
        print()
        if sys.stdout.isatty():
            segno.make(address, error="m").terminal(compact=True)
        print("  Open this address to sign in. It works once; when it is used, the next one appears here.", flush=True)
        print(f"  {address}", flush=True)
        if not self._lan:
            print("  For phones on the same network: make demo LAN=1", flush=True)
        print("  Ctrl-C stops everything.\n", flush=True)


def lan_address() -> str:
    """This machine's address on its network. Raises DemoError when it has none. Nothing is sent."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737): only the route to it is looked up
            address: str = probe.getsockname()[0]
        except OSError as error:
            raise DemoError("this machine is in no network that a phone could reach: join a Wi-Fi, or leave --lan out") from error
    return address
