"""`congtac-agent enroll` believes only a server that can prove who it is, and sends a secret in the clear only where that is meant."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from device.cli import main
from device.identity import read_identity
from tests.protocol.certificates import Authority

IDENTITY: dict[str, Any] = {
    "device_id": "d" * 16,
    "secret": "s" * 43,
    "broker_host": "127.0.0.1",
    "broker_port": 1,
    "broker_tls": False,
    "server_keys": ["11" * 32],
    "keys_version": 0,
}


class Door(BaseHTTPRequestHandler):
    """Stands where the server stands: lets every code in."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"name": "Trạm bơm", "identities": [IDENTITY]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def door(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Its address, for as long as the block lasts."""
    server = HTTPServer(("127.0.0.1", 0), Door)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def proof(authority: Authority) -> ssl.SSLContext:
    issued = authority.issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    return context


def test_with_ca_a_server_is_believed_that_its_authority_vouches_for(
    tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "identity.json"
    with door(proof(authority)) as address:
        assert main(["enroll", address, "ABCDE-FGHJK", "--identity", str(path), "--ca", str(authority.file)]) == 0
    assert capsys.readouterr().out == f"This device is Trạm bơm ({'d' * 16}); {path} is written.\n"
    assert read_identity(path).device_id == "d" * 16


@pytest.mark.parametrize("ca", [None, "theirs"])
def test_a_server_that_nobody_vouches_for_is_told_no_code(
    tmp_path: Path, authority: Authority, ca: str | None, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "identity.json"
    more = [] if ca is None else ["--ca", str(Authority(tmp_path, ca).file)]
    with door(proof(authority)) as address:
        assert main(["enroll", address, "ABCDE-FGHJK", "--identity", str(path), *more]) == 1
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "certificate" in said
    assert not path.exists()


def test_a_file_that_is_no_authority_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    wrong = tmp_path / "ca.pem"
    wrong.write_text("nothing")
    arguments = [
        "enroll",
        "https://127.0.0.1:1",
        "ABCDE-FGHJK",
        "--identity",
        str(tmp_path / "identity.json"),
        "--ca",
        str(wrong),
    ]
    assert main(arguments) == 1
    assert f"{wrong} cannot be used as an authority" in capsys.readouterr().err


def test_on_the_machine_itself_plain_http_needs_no_word(tmp_path: Path):
    path = tmp_path / "identity.json"
    with door() as address:
        assert main(["enroll", address, "ABCDE-FGHJK", "--identity", str(path)]) == 0
    assert path.exists()


@pytest.mark.parametrize(
    ("address", "more", "told"),
    [
        ("http://192.168.1.5:8000", [], "use https://, or --plain-http within your own network"),
        ("http://congtac.example.org", [], "use https://, or --plain-http within your own network"),
        ("http://congtac.example.org", ["--plain-http"], "(--plain-http is for private addresses only)"),
        ("http://8.8.8.8", ["--plain-http"], "(--plain-http is for private addresses only)"),
    ],
)
def test_a_secret_goes_in_the_clear_only_within_a_private_network_and_only_when_meant(
    tmp_path: Path, address: str, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "identity.json"
    assert main(["enroll", address, "ABCDE-FGHJK", "--identity", str(path), *more]) == 1
    assert told in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["broker..example.org", "x" * 64 + ".example.org", "127.0.0.1"])
def test_an_identity_is_kept_also_where_its_broker_cannot_be_reached_from_here(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "identity.json"
    monkeypatch.setitem(IDENTITY, "broker_host", host)
    monkeypatch.setitem(IDENTITY, "broker_tls", True)
    with door() as address:
        assert main(["enroll", address, "ABCDE-FGHJK", "--identity", str(path)]) == 0
    assert f"The broker could not be reached at {host} port 1 from here" in capsys.readouterr().err
    assert read_identity(path).broker_host == host
