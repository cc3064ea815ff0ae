"""The identity file: readable by its owner alone, written whole, and what is wrong with it is told without its secret."""

import json
import os
from pathlib import Path

import pytest

from device.errors import IdentityError
from device.identity import Identity, read_identity, write_identity

SECRET = "not-for-the-log-0123456789"
FIELDS = {
    "device_id": "0123456789abcdef",
    "secret": SECRET,
    "broker_host": "127.0.0.1",
    "broker_port": 1883,
    "server_keys": ["ab" * 32],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "identity.json"


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def refusal(path: Path) -> str:
    with pytest.raises(IdentityError) as refused:
        read_identity(path)
    told = str(refused.value)
    assert str(path) in told
    assert SECRET not in told
    assert "\n" not in told
    return told


def test_what_is_written_is_read_and_only_its_owner_can(path: Path):
    identity = Identity.model_validate(FIELDS)
    write_identity(path, identity)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_identity(path) == identity
    assert read_identity(path).secret.get_secret_value() == SECRET


def test_writing_replaces_whole_and_leaves_nothing_behind(path: Path):
    write(path, b"old", 0o644)
    write(path.with_name("identity.json.new"), b"somebody else's draft", 0o644)
    write_identity(path, Identity.model_validate(FIELDS))
    assert read_identity(path).device_id == FIELDS["device_id"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["identity.json"]  # noqa: PTH208


def test_when_it_cannot_be_written_the_old_one_stays(path: Path, monkeypatch: pytest.MonkeyPatch):
    write_identity(path, Identity.model_validate(FIELDS))
    before = path.read_bytes()

    def full(_handle: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_identity(path, Identity.model_validate(FIELDS | {"broker_port": 8883}))
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["identity.json"]  # noqa: PTH208


def test_a_device_without_identity_is_told_to_be_enrolled(path: Path):
    assert "not enrolled yet" in refusal(path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601])
def test_an_identity_that_others_can_reach_is_refused_with_the_remedy(path: Path, mode: int):
    write(path, json.dumps(FIELDS).encode(), mode)
    assert f"chmod 600 {path}" in refusal(path)


def test_the_secret_is_not_shown(path: Path):
    write(path, json.dumps(FIELDS).encode())
    assert SECRET not in repr(read_identity(path))


WRONG = {
    "no device id": ({"device_id": "x"}, "device_id"),
    "a device id with a line break": ({"device_id": "0123456789abcdef\n"}, "device_id"),
    "a short secret": ({"secret": "short"}, "secret"),
    "no host": ({"broker_host": ""}, "broker_host"),
    "a port that is none": ({"broker_port": 70_000}, "broker_port"),
    "no keys": ({"server_keys": []}, "server_keys"),
    "a key that is none": ({"server_keys": [SECRET]}, "server_keys.0"),
    "a path that is none": ({"broker_path": "mqtt"}, "broker_path"),
    "another way of transport": ({"broker_transport": "udp"}, "broker_transport"),
    "a strange field": ({"unheard": 1}, "unheard"),
}


@pytest.mark.parametrize(("fields", "where"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named(path: Path, fields: dict[str, object], where: str):
    write(path, json.dumps(FIELDS | fields).encode())
    assert f": {where}: " in refusal(path)


@pytest.mark.parametrize("host", ["192.168.1.5", "broker.example.org", "127.0.0.1.example.org", "fd00::1"])
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_nothing_is_said_in_the_clear_to_another_machine(path: Path, host: str, transport: str):
    """Checklist 5."""
    write(path, json.dumps(FIELDS | {"broker_host": host, "broker_transport": transport}).encode())
    assert f"{host} is not this machine, and without TLS anyone between could listen" in refusal(path)
    write(path, json.dumps(FIELDS | {"broker_host": host, "broker_tls": True}).encode())
    assert read_identity(path).broker_host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_on_the_machine_itself_there_is_nobody_between(path: Path, host: str):
    write(path, json.dumps(FIELDS | {"broker_host": host}).encode())
    assert read_identity(path).tls_context() is None


@pytest.mark.parametrize("authority", ["", "nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_an_authority_that_is_no_certificate_is_refused(path: Path, authority: str):
    write(path, json.dumps(FIELDS | {"broker_tls": True, "broker_ca": authority}).encode())
    assert "no certificate in PEM" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"{" * 100_000, b"x" * 1_000_000, SECRET.encode()])
def test_a_file_that_is_no_identity_is_refused(path: Path, content: bytes):
    write(path, content)
    assert refusal(path)


def test_a_folder_is_no_identity(path: Path):
    path.mkdir(mode=0o700)
    assert "cannot be read" in refusal(path)
