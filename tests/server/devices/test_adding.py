"""A device is added whole or not at all: row, account, identity file, and a word to the broker."""

import asyncio
import datetime as dt
import json
import signal
import sys

import pytest
from sqlmodel import select

from broker_config import Authority, Credentials
from device.identity import Identity, read_identity
from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.broker.address import BrokerAddress
from server.cli import admin_main
from server.devices.adding import add_device
from server.devices.models import Device
from server.devices.slugs import slug_of
from server.first_start import first_start
from server.opening import StartError, opened_database
from server.settings import Settings
from server.sites import Sites
from tests.server.people import small_world
from tests.server.serving import serving


@pytest.fixture
async def world(tmp_path):
    async with small_world(f"sqlite+aiosqlite:///{tmp_path}/congtac.db") as people:
        yield people


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, broker_port=18_830, broker_credentials_file=tmp_path / "passwords")


async def founded(settings):
    async with opened_database(settings) as database, serving(database):
        await first_start(settings, database, Accounts(database, Limits(1, 1, 1)), Sites(database))


async def devices(world):
    async with world.database.read() as session:
        return list(await session.exec(select(Device)))


async def test_the_agent_can_read_what_was_written_and_only_its_user_can(world, settings, tmp_path):
    added = await add_device(world.database, settings, "vuon-uom", "Máy bơm", tmp_path / "identity.json")
    identity = read_identity(tmp_path / "identity.json")
    assert (identity.device_id, identity.broker_host, identity.broker_port) == (added.id, "127.0.0.1", 18_830)
    assert len(identity.server_keys[0]) == 64
    [row] = await devices(world)
    assert (row.id, row.slug, row.name, row.site_id) == (added.id, "may-bom", "Máy bơm", world.site_id)
    assert Credentials(tmp_path / "passwords").users() == {added.id}


async def test_no_two_devices_share_a_secret_or_a_short_name(world, settings, tmp_path):
    for number in (1, 2):
        await add_device(world.database, settings, "vuon-uom", "Máy bơm", tmp_path / f"{number}.json")
    one, two = (read_identity(tmp_path / f"{number}.json") for number in (1, 2))
    assert one.secret.get_secret_value() != two.secret.get_secret_value()
    assert one.server_keys == two.server_keys
    assert {row.slug for row in await devices(world)} == {"may-bom", "may-bom-2"}


async def test_the_device_may_be_told_another_way_to_the_broker(world, settings, tmp_path):
    out = tmp_path / "identity.json"
    await add_device(world.database, settings, "vuon-uom", "Máy", out, broker=BrokerAddress.parse("mqtts://broker.example.org"))
    identity = read_identity(out)
    assert (identity.broker_host, identity.broker_port, identity.broker_tls) == ("broker.example.org", 8883, True)


async def test_a_device_is_told_the_best_way_and_who_vouches_for_the_broker(world, settings, tmp_path):
    authority = Authority.create(tmp_path, dt.datetime.now(dt.UTC))
    ways = "wss://example.org, mqtts://broker.example.org:1#public"
    told = settings.model_copy(update={"device_brokers": ways, "broker_ca_file": authority.file})
    await add_device(world.database, told, "vuon-uom", "Máy", tmp_path / "identity.json")
    identity = read_identity(tmp_path / "identity.json")
    assert identity.model_dump(include={name for name in Identity.model_fields if name.startswith("broker_")}) == {
        "broker_host": "example.org",
        "broker_port": 443,
        "broker_transport": "websockets",
        "broker_path": "/mqtt",
        "broker_tls": True,
        "broker_ca": authority.file.read_text(),
        "broker_name": None,
    }


@pytest.mark.parametrize("content", [None, "nothing", "\xff"])
async def test_without_the_authoritys_file_nothing_is_added(world, settings, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    told = settings.model_copy(update={"broker_ca_file": path})
    with pytest.raises(StartError, match=r"broker_ca_file .*ca.pem cannot be used"):
        await add_device(world.database, told, "vuon-uom", "Máy", tmp_path / "identity.json")
    assert await devices(world) == []


async def test_a_running_broker_is_told(world, settings, tmp_path):
    wait = "import signal; signal.signal(signal.SIGHUP, lambda *_: exit(7)); print('ready', flush=True); signal.pause()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", wait, stdout=asyncio.subprocess.PIPE)
    try:
        assert await process.stdout.readline() == b"ready\n"
        (tmp_path / "pid").write_text(f"{process.pid}\n")
        told = settings.model_copy(update={"broker_pid_file": tmp_path / "pid"})
        added = await add_device(world.database, told, "vuon-uom", "Máy", tmp_path / "identity.json")
        assert await asyncio.wait_for(process.wait(), 10) == 7
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert added.broker_told


@pytest.mark.parametrize("pid", ["", "-1", "0", "1", "abc", "4194305", None])
async def test_a_pid_file_that_names_no_broker_reaches_nobody(world, settings, tmp_path, pid):
    if pid is not None:
        (tmp_path / "pid").write_text(pid)
    heard = []
    former = signal.signal(signal.SIGHUP, lambda *_: heard.append("SIGHUP"))
    try:
        told = settings.model_copy(update={"broker_pid_file": tmp_path / "pid"})
        added = await add_device(world.database, told, "vuon-uom", "Máy", tmp_path / "identity.json")
    finally:
        signal.signal(signal.SIGHUP, former)
    assert not added.broker_told
    assert heard == []


@pytest.mark.parametrize(
    ("site", "name", "says"),
    [
        ("nowhere", "Máy", "there is no site 'nowhere'. There are: vuon-uom"),
        ("vuon-uom", "", "at least one character that can be seen"),
        ("vuon-uom", "x" * 81, "at most 80 characters"),
        ("vuon-uom", "a\x1b[2J", "cannot be seen and could mislead"),
    ],
)
async def test_what_cannot_be_added_leaves_nothing_behind(world, settings, tmp_path, site, name, says):
    with pytest.raises(StartError, match=says):
        await add_device(world.database, settings, site, name, tmp_path / "identity.json")
    assert not (tmp_path / "identity.json").exists()
    assert Credentials(tmp_path / "passwords").users() == frozenset()
    assert await devices(world) == []


async def test_another_devices_identity_is_never_written_over(world, settings, tmp_path):
    out = tmp_path / "identity.json"
    out.write_text("somebody")
    with pytest.raises(StartError, match="is there already"):
        await add_device(world.database, settings, "vuon-uom", "Máy", out)
    assert out.read_text() == "somebody"
    assert await devices(world) == []


async def test_a_password_file_that_is_not_ours_stops_it(world, settings, tmp_path):
    (tmp_path / "passwords").write_text("root:x\n")
    with pytest.raises(StartError, match="line 1 is not"):
        await add_device(world.database, settings, "vuon-uom", "Máy", tmp_path / "identity.json")
    assert not (tmp_path / "identity.json").exists()
    assert (tmp_path / "passwords").read_text() == "root:x\n"


async def test_without_a_password_file_nobody_could_get_in(world, tmp_path):
    with pytest.raises(StartError, match="CONGTAC_BROKER_CREDENTIALS_FILE"):
        await add_device(world.database, Settings(data_dir=tmp_path), "vuon-uom", "Máy", tmp_path / "identity.json")


def test_the_command_line_adds_one_and_says_what_is_next(tmp_path, monkeypatch, capsys):
    asyncio.run(founded(Settings(data_dir=tmp_path)))
    monkeypatch.setenv("CONGTAC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONGTAC_BROKER_CREDENTIALS_FILE", str(tmp_path / "passwords"))
    out = tmp_path / "identity.json"
    assert (
        admin_main(["add-device", "nha", "Máy bơm", "--out", str(out), "--broker", "mqtts://broker.example.org", "--json"]) == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "id": read_identity(out).device_id,
        "slug": "may-bom",
        "site_slug": "nha",
        "broker_told": False,
        "identity": str(out),
    }
    assert admin_main(["add-device", "nha", "Đèn", "--out", str(tmp_path / "2.json")]) == 0
    assert "nha/den was added" in (text := capsys.readouterr().out)
    assert "The broker was not told" in text


@pytest.mark.parametrize(
    "broker", ["broker", "broker:8883", "mqtts://", "mqtts://x:0x", "mqtts://x:70000", "mqtt://x", "mqtts://a@x", "http://x"]
)
def test_an_address_that_is_none_is_refused(tmp_path, monkeypatch, broker):
    monkeypatch.setenv("CONGTAC_DATA_DIR", str(tmp_path))
    with pytest.raises(StartError, match=r"no broker's address|a port is|plaintext MQTT stays"):
        admin_main(["add-device", "nha", "Máy", "--out", str(tmp_path / "i.json"), "--broker", broker])


@pytest.mark.parametrize(
    ("name", "taken", "slug"),
    [
        ("Máy bơm số 1", (), "may-bom-so-1"),
        ("ĐÈN  vườn!", (), "den-vuon"),
        ("<script>", (), "script"),
        ("水", (), "device"),
        ("a" * 100, (), "a" * 40),
        ("Máy", ("may", "may-2"), "may-3"),
        ("a" * 100, ("a" * 40,), "a" * 32 + "-2"),
    ],
)
def test_short_names_are_plain(name, taken, slug):
    assert slug_of(name, taken) == slug
