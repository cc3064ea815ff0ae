"""A private PostgreSQL cluster for the tests: its own folder, its own port on the loopback, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.components import require

_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "listen_addresses=127.0.0.1")


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster and give its address, as `postgresql+asyncpg://congtac@127.0.0.1:port`. It dies with the tests."""
    folder = Path(require("initdb")).parent
    require("setpriv")
    home = Path(tempfile.mkdtemp(prefix="congtac-pg-"))
    prefix = _not_as_root(home)
    port = _free_port()
    initdb = ["initdb", "-D", str(home / "data"), "-U", "congtac", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    postgres = ["postgres", "-D", str(home / "data"), "-p", str(port), "-k", "", *(f"-c{setting}" for setting in _SETTINGS)]
    try:
        subprocess.run([*prefix, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, env=_path(folder))
        with (home / "log").open("wb") as log:
            server = subprocess.Popen([*prefix, *postgres], cwd="/", env=_path(folder), stdout=log, stderr=log)
        try:
            _wait_until_ready(folder, port, home / "log")
            yield f"postgresql+asyncpg://congtac@127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _not_as_root(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root, so it runs as the user that its package made. Either way it ends with its parent."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=INT"]
    shutil.chown(home, "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT"]


def _path(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}


def _wait_until_ready(folder: Path, port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    asking = [str(folder / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "5"]
    while subprocess.run(asking, check=False, timeout=10).returncode != 0:
        if time.monotonic() > deadline:
            pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
