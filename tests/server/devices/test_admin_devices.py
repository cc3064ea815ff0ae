"""`congtac admin enroll-code` and `revoke-device`, as an operator types them."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from broker_config import Credentials
from server.cli import admin_main
from server.opening import StartError
from tests.server.board import SITE

DEVICE, GONE = "d" * 16, "e" * 16


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A place with a pump, which has its account at the broker, and with a device that was revoked."""
    monkeypatch.setenv("CONGTAC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONGTAC_BROKER_CREDENTIALS_FILE", str(tmp_path / "passwords"))
    monkeypatch.setenv("CONGTAC_PUBLIC_URL", "https://congtac.example.org")
    admin_main(["migrate"])
    with closing(sqlite3.connect(tmp_path / "congtac.db")) as database, database:
        database.execute("INSERT INTO site (id, slug, name, timezone, created_ms) VALUES (?, 'nha', 'Nhà', 'UTC', 1)", (SITE,))
        for device_id, revoked_ms in ((DEVICE, None), (GONE, 5)):
            row = (device_id, SITE, f"may-{device_id[0]}", "Máy bơm", revoked_ms)
            database.execute(
                "INSERT INTO device (id, site_id, slug, name, created_ms, revoked_ms) VALUES (?, ?, ?, ?, 1, ?)", row
            )
    Credentials(tmp_path / "passwords").add(DEVICE, "s" * 32)
    capsys.readouterr()
    return tmp_path


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "congtac.db")) as database:
        return database.execute(query).fetchall()


def test_a_code_for_a_new_device_is_told_with_all_that_is_to_be_typed(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert admin_main(["enroll-code", "--site", "nha", "--name", " Trạm bơm "]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(
        r"Trạm bơm: type this on the device, within 15 minutes:\n  congtac-agent enroll https://congtac.example.org \w{5}-\w{5}\n",
        said,
    )
    [(name, site, made_by, code_hash)] = rows(folder, "SELECT name, site_id, made_by, code_hash FROM enrolment")
    assert (name, site, made_by) == ("Trạm bơm", SITE, "admin:cli")
    assert said.split()[-1] not in str(code_hash)


def test_a_code_for_new_hardware_is_for_the_device_that_is_there(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert admin_main(["enroll-code", "--device", DEVICE, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["device_id"]) == ("Máy bơm", DEVICE)
    assert rows(folder, "SELECT device_id, name FROM enrolment") == [(DEVICE, "Máy bơm")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say --site and --name for a new device, or --device"),
        (["--site", "nha"], "say --site and --name"),
        (["--site", "nha", "--name", "x", "--device", DEVICE], "say --site and --name"),
        (["--site", "khong", "--name", "x"], "there is no site 'khong'"),
        (["--site", "nha", "--name", "\u202e"], "the name holds a character that cannot be seen"),
        (["--device", "f" * 16], "there is no device with the id"),
        (["--device", GONE], "was revoked and cannot come back"),
    ],
)
def test_what_cannot_get_a_code_is_told_why(folder: Path, arguments: list[str], told: str):
    with pytest.raises(StartError, match=re.escape(told)):
        admin_main(["enroll-code", *arguments])
    assert rows(folder, "SELECT * FROM enrolment") == []


def test_a_revoked_device_loses_its_account_and_its_codes_and_the_operator_is_told_what_is_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    admin_main(["enroll-code", "--device", DEVICE])
    capsys.readouterr()
    assert admin_main(["revoke-device", DEVICE]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"Máy bơm ({DEVICE}) is revoked: it cannot come back, its history stays."
    assert "kill -HUP" in said[1], "nothing tells where the broker's process is"
    assert Credentials(folder / "passwords").users() == set()
    assert rows(folder, "SELECT * FROM enrolment") == []
    [(since_ms,)] = rows(folder, f"SELECT revoked_ms FROM device WHERE id = '{DEVICE}'")  # noqa: S608
    assert isinstance(since_ms, int)
    assert admin_main(["revoke-device", DEVICE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": DEVICE, "revoked_ms": since_ms, "broker_told": False}


@pytest.mark.usefixtures("folder")
def test_a_device_that_is_not_there_cannot_be_revoked():
    with pytest.raises(StartError, match="there is no device with the id"):
        admin_main(["revoke-device", "f" * 16])
