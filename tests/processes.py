"""The system as real processes in one folder: mosquitto, `congtac server` and a `congtac-sim run` for each device.

    async with running_system(folder) as system:
        pump = await system.add_device("Vườn ươm 1")
        async with system.visitor() as lan:
            await lan.post(f"/api/v1/devices/{pump.id}/channels/may-bom/commands", json={"on": True})
        await until(lambda: pump.history("may-bom") == [True])

All are ended by their own id, also when the test fails. What they said stands in the report of a failed test: `conftest.py` has
`pytest_runtest_makereport` from here.
"""

import re
from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from broker_config import PrivateBroker, new_secret
from broker_config.acl import SERVER_USER
from broker_config.ports import free_port
from device.identity import Identity, read_identity
from device.wiring import Wiring, read_wiring
from firmware_sim.house import four_relays
from firmware_sim.pins import PinChange, read_record
from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.broker.address import BrokerAddress
from server.db import Database
from server.devices.adding import add_device
from server.opening import opened_database
from server.settings import Settings
from server.sites import Role, Sites
from tests.components import require
from tests.program import LAST_WORDS, Program, answering, python
from tests.server.serving import serving
from tests.waiting import eventually

KEEPALIVE_S: Final = 2
SITE: Final = "nha"
OWNER: Final = "Lan"
_LINK: Final = re.compile(r"https?://\S+/sign-in/\S+")


class SimulatedDevice:
    """A device of the real agent on simulated pins, in a process of its own. It keeps its folder from one start to the next."""

    def __init__(self, program: Program, identity: Identity, wiring: Wiring, folder: Path) -> None:
        self.program = program
        self.identity = identity
        self.folder = folder
        self._by_pin = {wire.pin: wire for wire in wiring.outputs}

    @property
    def id(self) -> str:
        """The device's id."""
        return self.identity.device_id

    def changes(self) -> list[PinChange]:
        """Every change of a pin since the device first lived, from the pins' own record: made below all code of ours."""
        return read_record(self.folder / self.id / "pins.jsonl")

    def history(self, channel: str) -> list[bool]:
        """What that channel's relay did: True each time that it closed, False each time that it opened.

        An output that is claimed as off for the first time did nothing, although an active-low pin rises then.
        """
        made = [(self._by_pin[change.pin], change.level) for change in self.changes()]
        closed = [level is wire.active_high for wire, level in made if wire.id == channel]
        return closed[1:] if closed[:1] == [False] else closed


class System:
    """Everything that runs. Made by `running_system`."""

    def __init__(
        self,
        folder: Path,
        port: int,
        settings: Mapping[str, Any],
        rivals: Sequence[str] = (),
        server: Sequence[str] = ("congtac", "server"),
    ) -> None:
        self.folder = folder
        self.server_command = python(*server)
        self.broker = PrivateBroker(folder / "broker", server_users=(SERVER_USER, *rivals))
        self.rivals = {rival: new_secret() for rival in rivals}
        self.devices: list[SimulatedDevice] = []
        self._secret = new_secret()
        self._port = port
        self._given = settings
        self.server: Program

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        ours = {
            "data_dir": self.folder / "server",
            "port": self._port,
            "broker_port": self.broker.port,
            "broker_user": SERVER_USER,
            "broker_secret": self._secret,
            "broker_credentials_file": self.broker.credentials.path,
            "broker_pid_file": self.folder / "broker.pid",
            "owner_name": OWNER,
            "site_name": "Vườn ươm",
        }
        return Settings.model_validate({**ours, **self._given})

    @property
    def url(self) -> str:
        """Where browsers find the server."""
        return self.settings.address

    async def start(self) -> None:
        """Broker and server, ready for devices and people."""
        self.broker.folder.mkdir()
        for user, secret in {SERVER_USER: self._secret, **self.rivals}.items():
            self.broker.credentials.add(user, secret)
        await self.start_broker()
        self.server = Program("server", self.server_command, self.folder / "server.log", environ_of(self.settings))
        await self.start_server()

    async def stop(self) -> None:
        """End all that runs, devices first."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.broker.stop)
            if hasattr(self, "server"):
                stack.push_async_callback(self.server.stop)
            for device in self.devices:
                stack.push_async_callback(device.program.stop)

    async def start_broker(self) -> None:
        """The broker, on the port that it had, if it had one."""
        await self.broker.start()
        (self.folder / "broker.pid").write_text(f"{self.broker.pid}\n", encoding="ascii")

    async def start_server(self, path: str = "/readyz") -> None:
        """The server; returns once it answers on that path."""
        await self.server.start()
        async with httpx.AsyncClient(base_url=self.url) as client:
            await answering(client, path, self.server)

    async def add_device(
        self,
        name: str,
        *,
        wiring: Path | None = None,
        garden: bool = False,
        keepalive_s: int = KEEPALIVE_S,
        start: bool = True,
        broker_port: int = 0,
    ) -> SimulatedDevice:
        """Enrol a device with the running server, and start it. `garden`: with sensors; `broker_port`: a proxy's, if any."""
        path = self.folder / f"identity-{len(self.devices)}.json"
        async with self.database() as database:
            where = BrokerAddress("127.0.0.1", broker_port) if broker_port else None
            await add_device(database, self.settings, SITE, name, path, broker=where)
        await self.broker.reload()
        state = self.folder / "devices"
        command = python("firmware_sim", "run", str(path), "--state", str(state), "--keepalive", str(keepalive_s))
        command += ["--first-retry", "0.2", *(["--wiring", str(wiring)] if wiring else []), *(["--garden"] if garden else [])]
        identity = read_identity(path)
        program = Program(f"device {name}", command, self.folder / f"device-{len(self.devices)}.log")
        device = SimulatedDevice(program, identity, read_wiring(wiring) if wiring else four_relays(), state)
        self.devices.append(device)
        if start:
            await program.start()
        return device

    async def add_person(self, name: str, role: Role | None) -> None:
        """A person with a role at the site, or with none at all."""
        async with self.database() as database:
            accounts, sites = self._accounts(database), Sites(database)
            person_id = await database.writer.run(lambda session: _added(accounts, session, name))
            if role is not None:
                site_id = self._site_id(await self.snapshot())
                await sites.set_role(site_id, person_id, role)

    async def link(self, name: str = OWNER) -> str:
        """A new sign-in link for that person, as an address."""
        async with self.database() as database:
            accounts = self._accounts(database)
            person = await accounts.find_person(name)
            assert person is not None, f"there is nobody called {name}"
            return f"{self.url}/sign-in/{await accounts.make_link(person.id)}"

    @asynccontextmanager
    async def visitor(self, name: str = OWNER) -> AsyncIterator[httpx.AsyncClient]:
        """A program that is signed in as that person."""
        async with self.anybody() as client:
            answer = await client.post(await self.link(name))
            assert answer.status_code == 303, answer.text
            yield client

    @asynccontextmanager
    async def anybody(self) -> AsyncIterator[httpx.AsyncClient]:
        """A program that is not signed in. It lets go of an idle connection before the server does: a request in that moment is lost."""
        limits = httpx.Limits(keepalive_expiry=1)
        async with httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url}, timeout=15, limits=limits) as client:
            yield client

    async def snapshot(self, name: str = OWNER) -> dict[str, Any]:
        """All that this person may see, at this moment."""
        async with self.visitor(name) as client:
            found: dict[str, Any] = (await client.get("/api/v1/snapshot")).raise_for_status().json()
            return found

    async def on_air(self, device: SimulatedDevice) -> None:
        """Return once a device is online and has told how each of its outputs is: of one that is not known, a tap asks for off."""

        async def told() -> bool:
            found = [it for it in (await self.snapshot())["devices"] if it["id"] == device.id and it["presence"] == "online"]
            outputs = [channel["on"] for it in found for channel in it["channels"] if channel["kind"] == "output"]
            return bool(outputs) and None not in outputs

        await eventually(told)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """The server's database, opened beside it."""
        async with opened_database(self.settings) as database, serving(database):
            yield database

    @property
    def first_link(self) -> str:
        """The sign-in link that the server printed at its first start."""
        found = _LINK.search(self.server.said())
        assert found is not None, "the server printed no link"
        return found[0]

    def logs(self) -> dict[str, str]:
        """The last words of each program, by name."""
        files = [self.broker.log_file, *sorted(self.folder.glob("*.log"))]
        return {path.name: path.read_text("utf-8", errors="replace")[-LAST_WORDS:] for path in files if path.exists()}

    def _accounts(self, database: Database) -> Accounts:
        given = self.settings
        return Accounts(database, Limits(given.link_valid_s, given.session_idle_s, given.session_absolute_s))

    @staticmethod
    def _site_id(snapshot: Mapping[str, Any]) -> str:
        site_id: str = snapshot["sites"][0]["id"]
        return site_id


@asynccontextmanager
async def running_system(
    folder: Path, *, rivals: Sequence[str] = (), server: Sequence[str] = ("congtac", "server"), **settings: Any
) -> AsyncIterator[System]:
    """Broker and server of a new system in that folder, with Lan as owner. More settings of the server are given by name.

    `rivals`: users who have the server's rights at the broker, and none of its keys; their secrets are in `system.rivals`.
    `server`: the module that runs the server, and its arguments.
    """
    require("mosquitto")
    system = System(folder, free_port("127.0.0.1"), settings, rivals, server)
    _LIVING.append(system)
    try:
        await system.start()
        yield system
    finally:
        _LIVING.remove(system)
        await system.stop()


def environ_of(settings: Settings) -> dict[str, str]:
    """The settings as an operator would give them: the variables that differ from the defaults."""
    given = settings.model_dump(exclude_defaults=True)
    secret = settings.broker_secret.get_secret_value() if settings.broker_secret else ""
    return {f"CONGTAC_{key.upper()}": secret if key == "broker_secret" else str(value) for key, value in given.items()}


async def _added(accounts: Accounts, session: Any, name: str) -> str:
    return accounts.add_person(session, name).id


_LIVING: list[System] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a failed test tells what the programs said."""
    report = yield
    if report.failed:
        report.sections += [(name, text) for system in _LIVING for name, text in system.logs().items() if text]
    return report
