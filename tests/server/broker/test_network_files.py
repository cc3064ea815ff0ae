"""A broker that the network can reach, from the files that one command writes: real mosquitto, a real device's link."""

import asyncio
import datetime as dt
import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broker_config import Authority
from broker_config.ports import free_port
from broker_config.probe import speaks_mqtt
from broker_config.program import command_line
from device.identity import read_identity
from protocol.link import LinkSettings
from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.admin import run_with_writer
from server.app import create_app
from server.cli import admin_main
from server.first_start import first_start
from server.opening import StartError
from server.settings_source import load
from server.sites import Sites
from tests.components import require
from tests.peer import Peer
from tests.waiting import until

HOST = "127.0.0.1"


@asynccontextmanager
async def mosquitto(configuration: Path, port: int):
    require("mosquitto")
    with (configuration.parent / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command_line(), "-c", str(configuration), stdout=log, stderr=log)
        try:
            while not await speaks_mqtt(HOST, port, 0.5):
                assert process.returncode is None, (configuration.parent / "log").read_text()
            yield process
        finally:
            process.terminate()
            await process.wait()


def admin(capsys, *words: str) -> dict:
    assert admin_main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def founded(config: Path) -> None:
    settings = load({}, config)

    async def found(database):
        await first_start(settings, database, Accounts(database, Limits(1, 1, 1, 1)), Sites(database))

    run_with_writer(settings, found, "found", {})


def peer_of(path: Path) -> Peer:
    who = read_identity(path)
    return Peer(
        LinkSettings(
            who.broker_host,
            who.broker_port,
            who.device_id,
            who.secret.get_secret_value(),
            tls=who.tls_context(),
            transport=who.broker_transport,
            path=who.broker_path,
        )
    )


@pytest.mark.parametrize("own", [False, True], ids=["a small CA", "the operator's certificate"])
def test_a_device_from_one_command_reaches_a_broker_from_another(tmp_path, capsys, own):
    folder, ports = tmp_path / "broker", [free_port(HOST) for _ in range(4)]
    plain, tls, proxied, web = map(str, ports)
    words = ["--name", HOST, "--port", plain, "--tls-port", tls, "--websockets", proxied, "--websockets-tls", web]
    if own:
        (tmp_path / "own").mkdir()
        theirs = Authority.create(tmp_path / "own", dt.datetime.now(dt.UTC))
        made = theirs.issue([HOST], dt.datetime.now(dt.UTC))
        words += ["--certificate", str(made.certificate), "--key", str(made.key), "--ca", str(theirs.file)]
    files = admin(capsys, "broker-files", str(folder), *words)
    config = Path(files["settings"])
    founded(config)
    admin(capsys, "add-device", "nha", "Máy bơm", "--out", str(tmp_path / "one.json"), "--config", str(config))
    ways = load({}, config).device_brokers.split(", ")
    assert ways == [f"mqtts://{HOST}:{tls}", f"wss://{HOST}:{web}/mqtt"]
    admin(capsys, "add-device", "nha", "Đèn", "--out", str(tmp_path / "two.json"), "--broker", ways[1], "--config", str(config))
    near = f"ws://{HOST}:{proxied}"
    admin(capsys, "add-device", "nha", "Quạt", "--out", str(tmp_path / "three.json"), "--broker", near, "--config", str(config))

    async def all_reach_it() -> None:
        async with mosquitto(Path(files["configuration"]), ports[0]):
            for name in ("one", "two", "three"):
                async with peer_of(tmp_path / f"{name}.json").running() as peer:
                    await peer.up()

    asyncio.run(all_reach_it())


def test_the_servers_own_link_can_use_tls(tmp_path, capsys):
    plain, tls = free_port(HOST), free_port(HOST)
    files = admin(capsys, "broker-files", str(tmp_path / "b"), "--name", HOST, "--port", str(plain), "--tls-port", str(tls))
    environ = {"CONGTAC_BROKER_TLS": "true", "CONGTAC_BROKER_PORT": str(tls)}

    async def reached() -> None:
        app = create_app(load(environ, Path(files["settings"])))
        async with mosquitto(Path(files["configuration"]), plain), app.router.lifespan_context(app):
            await until(lambda: app.state.switchboard.hub.link_up)

    asyncio.run(reached())


def test_renewing_is_one_command_that_tells_the_broker(tmp_path, capsys):
    plain, tls = free_port(HOST), free_port(HOST)
    folder = tmp_path / "b"
    files = admin(capsys, "broker-files", str(folder), "--name", HOST, "--port", str(plain), "--tls-port", str(tls))
    before = (folder / "ca.pem").read_bytes(), (folder / "broker.pem").read_bytes()

    async def renewed() -> dict:
        async with mosquitto(Path(files["configuration"]), plain):
            return await asyncio.to_thread(admin, capsys, "ca", str(folder), "--config", files["settings"])

    said = asyncio.run(renewed())
    assert (said["names"], said["broker_told"]) == ([HOST], True)
    assert (folder / "ca.pem").read_bytes() == before[0]
    assert (folder / "broker.pem").read_bytes() != before[1]


def test_a_ca_without_a_broker_says_what_to_do_with_it(tmp_path, capsys):
    assert admin_main(["ca", str(tmp_path / "ca"), "--name", "broker.example.org", "--name", "192.168.1.5"]) == 0
    said = capsys.readouterr().out
    assert f"{tmp_path}/ca/broker.pem is for broker.example.org, 192.168.1.5, until " in said
    assert "kill -HUP" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ca", "FOLDER"], "--name"),
        (["ca", "FOLDER", "--name", "a b"], "neither a host's name"),
        (["ca", "FOLDER", "--name", "a", "--days", "0"], "a day at least"),
        (["ca", "FILE/in", "--name", "a"], "cannot be used"),
        (["broker-files", "FOLDER", "--certificate", "FILE"], "belong together"),
        (["broker-files", "FOLDER", "--certificate", "FILE", "--key", "none"], "none is no file"),
        (["broker-files", "FOLDER", "--certificate", "FILE", "--key", "FILE"], "--name"),
        (["broker-files", "FOLDER", "--websockets-tls", "9443"], "--name"),
        (["broker-files", "FOLDER", "--name", "a b"], "neither a host's name"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path, words, says):
    (tmp_path / "file").touch()
    places = {"FOLDER": str(tmp_path / "folder"), "FILE": str(tmp_path / "file"), "FILE/in": str(tmp_path / "file" / "in")}
    with pytest.raises(StartError, match=says) as refused:
        admin_main([places.get(word, word) for word in words])
    assert "\n" not in str(refused.value)
