"""Everything that is measured, put together: a broker, a server in its own process, a fleet in another, and an echo."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from bench import echo
from bench.child import child
from bench.live import Live
from bench.options import Options
from bench.raw import FROM_ECHO, Ping, link_settings
from broker_config import PrivateBroker, new_secret
from broker_config.ports import free_port
from device.identity import Identity, write_identity
from protocol.ids import new_device_id
from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.broker.signing_key import signing_key
from server.clock import now_ms
from server.db import Database
from server.devices.models import Device
from server.first_start import first_start
from server.opening import opened_database
from server.settings import Settings
from server.sites import Sites

HOST: Final = "127.0.0.1"
SERVER, PING, ECHO = "server", "bench-ping", "bench-echo"
CHANNELS: Final = ["c1", "c2", "c3", "c4"]
ONLINE_WITHIN_S: Final = 120.0
KEEPALIVE_S: Final = 60
DEVICES_A_PROCESS: Final = 25
"""In life each device has a process of its own. What one of the fleet does, as a full collection, must not hold up two hundred."""
WIRING: Final = '[device]\nmodel = "bench"\n' + "".join(
    f'\n[[channel]]\nkind = "output"\nid = "{channel}"\nname = "{channel}"\npin = {17 + number}\nactive_high = true\n'
    for number, channel in enumerate(CHANNELS)
)


@dataclass(frozen=True, slots=True)
class World:
    """What a measurement needs to know of it. `pids`: the processes that take part, by name."""

    device_ids: list[str]
    port: int
    cookie: str
    live: Live
    ping: Ping
    pids: dict[str, list[int]]


@asynccontextmanager
async def world(options: Options) -> AsyncIterator[World]:
    """Everything, from the first file to the last device online, and then to nothing left."""
    async with AsyncExitStack() as stack:
        data = stack.enter_context(_folder(options.data))
        journals = stack.enter_context(_folder(options.journals))
        secrets = {user: new_secret() for user in (SERVER, PING, ECHO)}
        device_ids = [new_device_id() for _ in range(options.devices)]
        secrets |= {device_id: new_secret() for device_id in device_ids}
        broker = PrivateBroker(data / "broker", server_users=(SERVER, PING, ECHO))
        (data / "broker").mkdir()
        broker.credentials.replace_all(secrets)
        await broker.start()
        stack.push_async_callback(broker.stop)
        settings = Settings.model_validate(
            {"data_dir": data / "server", "port": free_port(HOST), "broker_port": broker.port, "broker_secret": secrets[SERVER]}
        )
        cookie = await _enrolled(settings, device_ids)
        server_pid = await stack.enter_async_context(_server(settings, secrets[SERVER], data))
        identities = _identities(settings, device_ids, secrets, data)
        live = await stack.enter_async_context(Live().watching(HOST, settings.port, cookie))
        fleet = [await stack.enter_async_context(part) for part in _fleet(identities, data, journals)]
        ping = await stack.enter_async_context(_raw(broker.port, secrets, data))
        await live.all_online(len(device_ids), ONLINE_WITHIN_S)
        pids = {"broker": [broker.pid], "server": [server_pid], "fleet": fleet}
        yield World(device_ids, settings.port, cookie, live, ping, pids)


@contextmanager
def _folder(place: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=".bench-", dir=place)).absolute()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def _enrolled(settings: Settings, device_ids: list[str]) -> str:
    """Make the database as a first start and as many enrolments would; the cookie of the owner's session."""
    async with opened_database(settings) as database:
        serving = asyncio.create_task(database.writer.serve(), name="database writer")
        try:
            return await _fill(settings, database, device_ids)
        finally:
            database.writer.stop()
            await serving


async def _fill(settings: Settings, database: Database, device_ids: list[str]) -> str:
    sites = Sites(database)
    accounts = Accounts(database, Limits(settings.link_valid_s, settings.session_idle_s, settings.session_absolute_s))
    link = await first_start(settings, database, accounts, sites)
    if link is None:
        raise RuntimeError("a new database has somebody in it")
    token = await accounts.sign_in(link)
    owner = await accounts.find_person(None)
    principal = await accounts.principal(token)
    if owner is None or principal is None:
        raise RuntimeError("the owner who was just made is not there")
    site_id = next(iter(principal.roles))

    async def keep(session: AsyncSession) -> None:
        for number, device_id in enumerate(device_ids):
            name = f"bench-{number}"
            session.add(Device(id=device_id, site_id=site_id, slug=name, name=name, created_ms=now_ms()))

    await database.writer.run(keep)
    return f"congtac={token}"


@asynccontextmanager
async def _server(settings: Settings, secret: str, data: Path) -> AsyncIterator[int]:
    environment = {
        "CONGTAC_DATA_DIR": str(settings.data_dir),
        "CONGTAC_PORT": str(settings.port),
        "CONGTAC_BROKER_PORT": str(settings.broker_port),
        "CONGTAC_BROKER_SECRET": secret,
        "CONGTAC_COMMANDS_PER_MINUTE": str(10**9),
        "CONGTAC_LIVE_STREAMS": str(10**9),
    }
    command = [sys.executable, "-m", "congtac", "server"]
    async with child(command, data / "server.log", ready=b"Congtac listens", environment=environment) as pid:
        yield pid


def _fleet(identities: list[Path], data: Path, journals: Path) -> Iterator[AbstractAsyncContextManager[int]]:
    wiring = data / "wiring.toml"
    wiring.write_text(WIRING, "utf-8")
    for first in range(0, len(identities), DEVICES_A_PROCESS):
        command = [sys.executable, "-m", "firmware_sim", "run", *map(str, identities[first : first + DEVICES_A_PROCESS])]
        command += ["--wiring", str(wiring), "--state", str(journals), "--keepalive", str(KEEPALIVE_S)]
        yield child(command, data / f"fleet-{first}.log")


@asynccontextmanager
async def _raw(port: int, secrets: dict[str, str], data: Path) -> AsyncIterator[Ping]:
    command = [sys.executable, "-m", "bench.echo", str(port), ECHO]
    ready, environment = echo.READY.encode(), {echo.SECRET: secrets[ECHO]}
    async with (
        child(command, data / "echo.log", ready=ready, environment=environment),
        Ping(link_settings(port, PING, secrets[PING], FROM_ECHO)).running() as ping,
    ):
        yield ping


def _identities(settings: Settings, device_ids: list[str], secrets: dict[str, str], data: Path) -> list[Path]:
    folder = data / "identities"
    folder.mkdir()
    key = signing_key(settings.data_dir).public
    paths = []
    for device_id in device_ids:
        identity = Identity.model_validate(
            {
                "device_id": device_id,
                "secret": secrets[device_id],
                "broker_host": HOST,
                "broker_port": settings.broker_port,
                "server_keys": (key,),
            }
        )
        paths.append(folder / device_id)
        write_identity(paths[-1], identity)
    return paths
